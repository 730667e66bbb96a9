package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
)

// thinCheckView is what "rok thin check -o json" prints.
type thinCheckView struct {
	File           string          `json:"file"`
	Sound          bool            `json:"sound"`
	Quick          bool            `json:"quick"`
	Snap           bool            `json:"metadata_snap"`
	NeedsCheck     bool            `json:"needs_check"`
	TransactionID  uint64          `json:"transaction_id"`
	Devices        uint64          `json:"devices"`
	Mappings       *uint64         `json:"mappings"`
	DataBlocks     *uint64         `json:"data_blocks"`
	MetadataBlocks *uint64         `json:"metadata_blocks"`
	DataLeaks      thinLeaksView   `json:"data_leaks"`
	MetadataLeaks  thinLeaksView   `json:"metadata_leaks"`
	FaultCount     uint64          `json:"fault_count"`
	Faults         []thinFaultView `json:"faults"`
	WarningCount   uint64          `json:"warning_count"`
	Warnings       []thinFaultView `json:"warnings"`
}

// thinLeaksView are blocks that are lost to use. The count is null where it is
// not known.
type thinLeaksView struct {
	Count  *uint64         `json:"count"`
	Ranges []thinRangeView `json:"ranges"`
}

// thinRangeView is a run of numbers; last is null where it has no upper end.
type thinRangeView struct {
	First uint64  `json:"first"`
	Last  *uint64 `json:"last"`
}

// thinFaultView is one thing that is wrong in the metadata.
type thinFaultView struct {
	Block    uint64         `json:"metadata_block"`
	Record   string         `json:"record"`
	What     string         `json:"what"`
	Expected string         `json:"expected"`
	Found    string         `json:"found"`
	Devices  *thinRangeView `json:"devices"`
	Blocks   *thinRangeView `json:"blocks"`
	Message  string         `json:"message"`
}

func thinCheck(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Say all that is wrong with a pool's metadata",
		Long: `Say all that is wrong with the metadata in FILE: each fault with the metadata block
and the devices and virtual blocks that are lost by it, leaks, and counts that differ. It
exits 7 where something is wrong or metadata blocks leak, as thin_check fails on both; data
blocks that leak, and warnings, are told, and are no error. Nothing is changed.

--quick leaves out the volumes' mappings: it checks the superblock, the list of devices, and
what the space maps say of themselves. So it knows nothing of leaks. --metadata-snap checks the
volumes of the metadata snapshot, also of an active pool; it has no space maps.`,
		Example: "  rok thin check meta.img\n  rok thin check --quick meta.img -o json",
		Args:    cli.Args(1, 1),
	}
	format := cli.OutputFlag(c)
	quick := c.Flags().Bool("quick", false, "do not check mappings")
	s, snap := storageFlags(c, e), snapFlag(c)
	c.MarkFlagsMutuallyExclusive("quick", "metadata-snap")
	c.RunE = s.withMetadata(func() bool { return snap.is }, func(c *cobra.Command, m *metadata.Metadata, args []string) error {
		path := args[0]
		check := m.Check
		scope := thinCheckWhole
		switch {
		case *quick:
			check, scope = m.CheckQuick, thinCheckQuick
		case snap.is:
			check, scope = m.CheckHeld, thinCheckSnap
			if _, err := snap.trees(m); err != nil && !errors.Is(err, metadata.ErrCorrupt) {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		report, err := check(c.Context())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if format.JSON() {
			err = cli.JSON(c.OutOrStdout(), viewThinCheck(path, scope, report))
		} else {
			err = printThinCheck(c.OutOrStdout(), scope, report)
		}
		return errors.Join(err, thinCheckError(path, report))
	})
	return c
}

// thinCheckError is what a check that found something exits with.
func thinCheckError(path string, r *metadata.Report) error {
	var found []string
	if r.FaultCount > 0 {
		found = append(found, plural(r.FaultCount, "fault"))
	}
	if n := r.MetadataLeaks.Blocks; n > 0 {
		found = append(found, plural(n, "metadata block")+" leaked")
	}
	if found == nil {
		return nil
	}
	return &cli.Error{Err: fmt.Errorf("%s: %s", path, strings.Join(found, ", ")), Code: cli.Corrupt,
		Next: "rok thin repair writes what can be read into another file or device"}
}

func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// thinCheckScope is what a check has looked at, and so what its report knows.
type thinCheckScope int

const (
	thinCheckWhole thinCheckScope = iota
	thinCheckQuick
	thinCheckSnap
)

func viewThinCheck(path string, scope thinCheckScope, r *metadata.Report) thinCheckView {
	v := thinCheckView{
		File: path, Sound: r.Sound(), Quick: scope == thinCheckQuick, Snap: scope == thinCheckSnap, NeedsCheck: r.Superblock.NeedsCheck(),
		TransactionID: r.Superblock.TransactionID, Devices: r.Devices,
		DataLeaks: viewThinLeaks(nil), MetadataLeaks: viewThinLeaks(nil),
		FaultCount: r.FaultCount, Faults: viewThinFaults(r.Faults),
		WarningCount: r.WarningCount, Warnings: viewThinFaults(r.Warnings),
	}
	if scope != thinCheckQuick {
		v.Mappings, v.MetadataBlocks = &r.Mappings, &r.MetadataUsed
	}
	if scope == thinCheckWhole {
		v.DataBlocks = &r.DataBlocks
		if r.Sound() {
			v.DataLeaks, v.MetadataLeaks = viewThinLeaks(&r.DataLeaks), viewThinLeaks(&r.MetadataLeaks)
		}
	}
	return v
}

func viewThinLeaks(l *metadata.Leaks) thinLeaksView {
	v := thinLeaksView{Ranges: []thinRangeView{}}
	if l == nil {
		return v
	}
	v.Count = &l.Blocks
	for _, r := range l.Ranges {
		v.Ranges = append(v.Ranges, *viewThinRange(r))
	}
	return v
}

func viewThinFaults(list []*metadata.CorruptError) []thinFaultView {
	views := []thinFaultView{}
	for _, f := range list {
		views = append(views, thinFaultView{
			Block: f.Block, Record: f.Record, What: f.What, Expected: f.Expected, Found: f.Found,
			Devices: viewThinRange(f.Devices), Blocks: viewThinRange(f.Blocks), Message: f.Error(),
		})
	}
	return views
}

func viewThinRange(r metadata.Range) *thinRangeView {
	if r.Empty() {
		return nil
	}
	v := &thinRangeView{First: r.First}
	if r.Bounded() {
		v.Last = &r.Last
	}
	return v
}

func printThinCheck(w io.Writer, scope thinCheckScope, r *metadata.Report) error {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	t := new(cli.Table)
	t.Add("superblock", r.Superblock.String())
	t.Add("devices", number(r.Devices))
	if scope != thinCheckQuick {
		t.Add("mappings", number(r.Mappings))
	}
	if scope == thinCheckWhole {
		t.Add("data blocks", number(r.DataBlocks))
	}
	if scope != thinCheckQuick {
		t.Add("metadata blocks", number(r.MetadataUsed))
	}
	if scope == thinCheckWhole {
		leaked := "not known, because of the faults"
		if r.Sound() {
			leaked = fmt.Sprintf("%s, %s", plural(r.DataLeaks.Blocks, "data block"), plural(r.MetadataLeaks.Blocks, "metadata block"))
		}
		t.Add("leaked", leaked)
	}
	t.Add("faults", number(r.FaultCount))
	t.Add("warnings", number(r.WarningCount))
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	for _, list := range []struct {
		kind  string
		found []*metadata.CorruptError
		count uint64
	}{{"fault", r.Faults, r.FaultCount}, {"warning", r.Warnings, r.WarningCount}} {
		for _, f := range list.found {
			fmt.Fprintf(w, "%s: %s\n", list.kind, cli.Printable(f.Error()))
		}
		if more := list.count - uint64(len(list.found)); more > 0 {
			fmt.Fprintf(w, "%s: and %d more\n", list.kind, more)
		}
	}
	return nil
}

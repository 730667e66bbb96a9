package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// poolCheckView is what "rok pool check -o json" prints.
type poolCheckView struct {
	VG             string          `json:"vg"`
	Pool           string          `json:"pool"`
	Active         bool            `json:"active"`
	Snap           bool            `json:"metadata_snap"`
	Sound          bool            `json:"sound"`
	Problems       []string        `json:"problems"`
	MetadataSize   units.Bytes     `json:"metadata_size_bytes"`
	MetadataBlocks *uint64         `json:"metadata_blocks"`
	NeedsCheck     *bool           `json:"needs_check"`
	Transaction    *uint64         `json:"transaction_id"`
	VGTransaction  uint64          `json:"vg_transaction_id"`
	Messages       int             `json:"vg_messages"`
	Devices        *uint64         `json:"devices"`
	Mappings       *uint64         `json:"mappings"`
	DataLeaks      thinLeaksView   `json:"data_leaks"`
	MetadataLeaks  thinLeaksView   `json:"metadata_leaks"`
	FaultCount     uint64          `json:"fault_count"`
	Faults         []thinFaultView `json:"faults"`
	Missing        []string        `json:"volumes_missing"`
	Other          []string        `json:"volumes_other"`
	StrangerCount  uint64          `json:"unknown_device_count"`
	Strangers      []uint64        `json:"unknown_devices"`
}

func poolCheck(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "check VG/POOL",
		Short: "Check a thin pool's metadata, and compare it with its volumes",
		Long: `Check all of a thin pool's metadata, and compare what is in it with the group: the
transaction ids, and whether each thin volume has its device. It exits 7 where something is
wrong. Devices that no volume of the group has are told, and are no error. Nothing is
changed.

Of an active pool a metadata snapshot is checked, which is given up afterwards; it has no
space maps, so nothing is known of leaks. An inactive pool is read on its PVs, with the
group locked meanwhile.`,
		Example: "  rok pool check data/tank\n  rok pool check data/tank -o json",
		Args:    cli.Args(1, 1),
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	c.ValidArgsFunction = completePools(s)
	c.RunE = s.with(s.withPools(func(c *cobra.Command, h pool.Host, args []string) error {
		name, err := parseLV(args[0])
		if err != nil {
			return err
		}
		checked, err := h.Check(c.Context(), name.vg, name.lv)
		if err != nil {
			return withNearestLVM(c, h.System, name.vg, explain(err))
		}
		if format.JSON() {
			err = cli.JSON(c.OutOrStdout(), viewPoolCheck(checked))
		} else {
			err = printPoolCheck(c.OutOrStdout(), checked)
		}
		return errors.Join(err, poolCheckError(name, checked))
	}))
	return c
}

// poolCheckError is what a check that found something exits with.
func poolCheckError(name lvName, c *pool.Checked) error {
	if n := len(c.Problems()); n > 0 {
		return &cli.Error{Err: fmt.Errorf("%v: %s", name, plural(uint64(n), "problem")), Code: cli.Corrupt, Next: "rok pool repair " + name.String()}
	}
	return nil
}

func viewPoolCheck(c *pool.Checked) poolCheckView {
	v := poolCheckView{
		VG: c.State.VG, Pool: c.State.Pool, Active: c.State.Active, Snap: c.Snapshot, Problems: []string{}, MetadataSize: c.Size,
		VGTransaction: c.Transactions.VG, Messages: c.Transactions.Messages, DataLeaks: viewThinLeaks(nil), MetadataLeaks: viewThinLeaks(nil),
		Faults: []thinFaultView{}, Missing: volumeNames(c.Missing), Other: volumeNames(c.Other), StrangerCount: c.StrangerCount, Strangers: []uint64{},
	}
	v.Strangers = append(v.Strangers, c.Strangers...)
	for _, p := range c.Problems() {
		v.Problems = append(v.Problems, p.Error())
	}
	v.Sound = len(v.Problems) == 0
	r := c.Report
	if r == nil {
		return v
	}
	needs := r.Superblock.NeedsCheck()
	v.NeedsCheck, v.Transaction = &needs, &r.Superblock.TransactionID
	v.MetadataBlocks, v.Devices, v.Mappings = &r.MetadataUsed, &r.Devices, &r.Mappings
	v.FaultCount, v.Faults = r.FaultCount, viewThinFaults(r.Faults)
	if r.Sound() && !c.Snapshot {
		v.DataLeaks, v.MetadataLeaks = viewThinLeaks(&r.DataLeaks), viewThinLeaks(&r.MetadataLeaks)
	}
	return v
}

func volumeNames(list []pool.Volume) []string {
	names := []string{}
	for _, v := range list {
		names = append(names, v.Name)
	}
	return names
}

func printPoolCheck(w io.Writer, c *pool.Checked) error {
	t := new(cli.Table)
	t.Add("pool", c.State.VG+"/"+c.State.Pool)
	t.Add("metadata", c.Size.Human())
	switch r := c.Report; {
	case c.Fresh:
		t.Add("superblock", "none: the pool was never active")
	case r != nil:
		t.Add("superblock", r.Superblock.String())
		t.Add("devices", strconv.FormatUint(r.Devices, 10))
		t.Add("mappings", strconv.FormatUint(r.Mappings, 10))
		t.Add("metadata used", plural(r.MetadataUsed, "block"))
		leaked := "not known"
		if r.Sound() && !c.Snapshot {
			leaked = plural(r.DataLeaks.Blocks, "data block") + ", " + plural(r.MetadataLeaks.Blocks, "metadata block")
		}
		t.Add("leaked", leaked)
	}
	t.Add("transaction in the group", strconv.FormatUint(c.Transactions.VG, 10))
	if c.StrangerCount > 0 {
		t.Add("devices of no volume", strconv.FormatUint(c.StrangerCount, 10))
	}
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	for _, p := range c.Problems() {
		fmt.Fprintf(w, "problem: %s\n", cli.Printable(p.Error()))
	}
	if c.Report != nil {
		for _, f := range c.Report.Faults {
			fmt.Fprintf(w, "fault: %s\n", cli.Printable(f.Error()))
		}
		if more := c.Report.FaultCount - uint64(len(c.Report.Faults)); more > 0 {
			fmt.Fprintf(w, "fault: and %d more\n", more)
		}
	}
	return nil
}

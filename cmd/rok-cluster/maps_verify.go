package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
)

// verifyView is what "composer-tool verify -o json" prints.
type verifyView struct {
	Maps         []verifiedView `json:"maps"`
	NodeCount    int64          `json:"node_count"`
	BlockCount   int64          `json:"block_count"`
	ReadCount    int64          `json:"read_block_count"`
	ResumedCount int64          `json:"resumed_block_count"`
	BadCount     int64          `json:"bad_count"`
	Bad          []badView      `json:"bad"`
}

type verifiedView struct {
	Name    string      `json:"name"`
	Sound   bool        `json:"sound"`
	Format  *string     `json:"format"`
	Error   *string     `json:"error"`
	Note    *string     `json:"note"`
	Damaged []rangeView `json:"damaged"`
}

type badView struct {
	Kind  string     `json:"kind"`
	ID    string     `json:"id"`
	Error string     `json:"error"`
	Hurts []hurtView `json:"hurts"`
}

type hurtView struct {
	Map string `json:"map"`
	rangeView
}

func mapsVerify(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Look whether all that maps need is there and sound",
		Long: `Read all maps, or those that are named, with their nodes and pages, and look whether each block is there. A map that
was upgraded is compared with its backup. --deep reads and hashes each block, once however many maps have it;
--sample 5% that part of them, others each time.

What is bad is told with all volumes and byte ranges that it hurts, and the exit code is 7. It is marked: no
register counts on it, and the next that has the content puts it again. --no-marks leaves the store as it is.

--resume goes on where a --deep run was ended.`,
		Example: "  rok-composer-tool verify\n  rok-composer-tool verify vm/web-1 --deep -o json\n  rok-composer-tool verify --sample 5%",
	}
	flags := c.Flags()
	address, format, quiet := storeFlag(flags), cli.OutputFlag(c), cli.QuietFlag(c)
	var r composer.VerifyRequest
	flags.BoolVar(&r.Deep, "deep", false, "read and hash each block")
	sample := flags.String("sample", "", "read and hash so many percent of the blocks: `P%`")
	flags.BoolVar(&r.Resume, "resume", false, "go on where a --deep run was ended")
	flags.BoolVar(&r.NoMarks, "no-marks", false, "do not mark in the store what is bad")
	workers := workersFlag(flags)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkVerify(&r, *sample); err != nil {
			return err
		}
		if len(args) > 0 {
			r.Names = args
		}
		r.Workers = workers()
		r.Dir = filepath.Join(e.stateDir(), "verify")
		progress := cli.NewProgress(c.ErrOrStderr(), *quiet)
		defer progress.End()
		if progress != nil {
			r.Progress = func(s composer.Step) {
				progress.Set(cli.Step{Label: "verify", Fraction: float64(s.Done) / float64(s.Total)})
			}
		}
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			result, err := composer.Verify(c.Context(), st, r)
			progress.End()
			_, found := errors.AsType[*composer.VerifyError](err)
			if err != nil && !found && (len(result.Maps) == 0 || !errors.Is(err, store.ErrMissing)) {
				return err
			}
			v := viewVerification(result)
			if format.JSON() {
				return errors.Join(err, cli.JSON(c.OutOrStdout(), v))
			}
			return errors.Join(err, printVerification(c.OutOrStdout(), v))
		})
	}
	return c
}

func checkVerify(r *composer.VerifyRequest, sample string) error {
	if sample != "" {
		p, err := strconv.ParseFloat(strings.TrimSuffix(sample, "%"), 64)
		if err != nil || !(p > 0 && p <= 100) {
			return cli.Usagef("--sample %s: want a part above 0%% and up to 100%%", sample)
		}
		r.Sample = p
	}
	if r.Deep && r.Sample > 0 {
		return cli.Usagef("--deep reads all: --sample makes no sense with it")
	}
	if r.Resume && !r.Deep {
		return cli.Usagef("--resume needs --deep")
	}
	return nil
}

func viewVerification(r composer.Verification) verifyView {
	v := verifyView{
		Maps: []verifiedView{}, NodeCount: r.Nodes, BlockCount: r.Blocks, ReadCount: r.Read, ResumedCount: r.Resumed,
		BadCount: int64(len(r.Bad)) + r.More, Bad: []badView{},
	}
	for _, m := range r.Maps {
		one := verifiedView{Name: m.Name, Sound: m.Sound(), Format: shapeOf(m.Header.Shape), Note: orNull(m.Note), Damaged: []rangeView{}}
		if m.Err != nil {
			one.Error = orNull(m.Err.Error())
		}
		for _, d := range m.Damaged {
			one.Damaged = append(one.Damaged, viewRange(d))
		}
		v.Maps = append(v.Maps, one)
	}
	for _, b := range r.Bad {
		one := badView{Kind: b.Kind.String(), ID: b.ID.String(), Error: b.Err.Error(), Hurts: []hurtView{}}
		for _, h := range b.Hurts {
			one.Hurts = append(one.Hurts, hurtView{h.Map, viewRange(h.Range)})
		}
		v.Bad = append(v.Bad, one)
	}
	return v
}

func printVerification(w io.Writer, v verifyView) error {
	t := &cli.Table{Columns: []string{"MAP", "FORMAT", "STATE", ""}}
	for _, m := range v.Maps {
		state, why := "sound", textOf(m.Note)
		if !m.Sound {
			state = "damaged"
		}
		if m.Error != nil {
			why = *m.Error
		}
		t.Add(m.Name, textOf(m.Format), state, why)
	}
	if len(v.Maps) > 0 {
		if _, err := t.WriteTo(w); err != nil {
			return err
		}
	}
	for _, b := range v.Bad {
		fmt.Fprintf(w, "bad %s %s: %s\n", b.Kind, b.ID, cli.Printable(b.Error))
		for _, h := range b.Hurts {
			fmt.Fprintf(w, "  %s: bytes %d to %d\n", cli.Printable(h.Map), h.OffsetBytes, h.OffsetBytes+h.LengthBytes-1)
		}
	}
	_, err := fmt.Fprintf(w, "%s, %s read; %s, %d read; %d bad\n", plural(len(v.Maps), "map"), plural(v.NodeCount, "node"), plural(v.BlockCount, "block"), v.ReadCount+v.ResumedCount, v.BadCount)
	return err
}

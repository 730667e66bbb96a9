package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
)

// printDone prints the lines of what was done, and returns err, which is why there
// may be fewer than were asked for. A table without lines says nothing beside an
// error.
func printDone[R any](c *cobra.Command, format *cli.Format, lines []R, table func([]R) *cli.Table, err error) error {
	if format.None() || err != nil && len(lines) == 0 && !format.JSON() {
		return err
	}
	if printErr := printList(c, format, lines, table); printErr != nil {
		return errors.Join(err, printErr)
	}
	return err
}

// printList prints the lines of a report: as a JSON list, or as a table.
func printList[R any](c *cobra.Command, format *cli.Format, lines []R, table func([]R) *cli.Table) error {
	if format.JSON() {
		if lines == nil {
			lines = []R{}
		}
		return cli.JSON(c.OutOrStdout(), lines)
	}
	return writeTable(c.OutOrStdout(), table(lines))
}

func writeTable(w io.Writer, t *cli.Table) error {
	_, err := t.WriteTo(w)
	return err
}

func lvTable(lines []lvm.LVReport) *cli.Table {
	t := &cli.Table{Columns: []string{"LV", "VG", "ATTR", ">SIZE", "POOL", "ORIGIN", ">DATA%", ">META%", "TAGS"}}
	for _, l := range lines {
		t.Add(shownName(l.Name, l.Visible), l.VG, l.Attr, l.Size.Human(), l.Pool, l.Origin,
			percent(l.DataPercent), percent(l.MetadataPercent), strings.Join(l.Tags, ","))
	}
	return t
}

// shownName is how lvs shows parts of volumes.
func shownName(name string, visible bool) string {
	if visible {
		return name
	}
	return "[" + name + "]"
}

func percent(p *float64) string {
	if p == nil {
		return ""
	}
	return strconv.FormatFloat(*p, 'f', 2, 64)
}

func segmentTable(lines []lvm.SegmentReport) *cli.Table {
	t := &cli.Table{Columns: []string{"LV", "VG", "ATTR", "TYPE", ">STRIPES", ">START", ">SIZE", "EXTENTS"}}
	for _, l := range lines {
		t.Add(l.LV, l.VG, l.Attr, l.Type, strconv.Itoa(l.Stripes), l.Start.Human(), l.Size.Human(), strings.Join(l.Ranges, " "))
	}
	return t
}

func vgTable(lines []lvm.VGReport) *cli.Table {
	t := &cli.Table{Columns: []string{"VG", ">PVS", ">LVS", ">SNAPS", "ATTR", ">SIZE", ">FREE", "TAGS"}}
	for _, l := range lines {
		t.Add(l.Name, strconv.Itoa(l.PVs), strconv.Itoa(l.LVs), strconv.Itoa(l.Snapshots), l.Attr, l.Size.Human(), l.Free.Human(), strings.Join(l.Tags, ","))
	}
	return t
}

func pvTable(lines []lvm.PVReport) *cli.Table {
	t := &cli.Table{Columns: []string{"PV", "VG", "FMT", "ATTR", ">SIZE", ">FREE", "TAGS"}}
	for _, l := range lines {
		t.Add(l.Name, l.VG, l.Format, l.Attr, l.Size.Human(), l.Free.Human(), strings.Join(l.Tags, ","))
	}
	return t
}

// signatures are what was found, in words.
func signatures(found []disk.Signature) string {
	var words []string
	for _, f := range found {
		if w := fmt.Sprintf("%s %s", f.Type, f.Kind); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, ", ")
}

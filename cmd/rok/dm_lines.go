package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/units"
)

// segmentView is a line of a table or a status in JSON.
type segmentView struct {
	Start  uint64 `json:"start_sectors"`
	Length uint64 `json:"length_sectors"`
	Target string `json:"target"`
	Params string `json:"params"`
	// Fields are the words of Params by name, null where rok has no type for
	// the line.
	Fields map[string]any `json:"fields"`

	line string
}

// linesView is a device of "rok dm table -o json" and "rok dm status -o json".
type linesView struct {
	deviceView
	Segments []segmentView `json:"segments"`
}

func dmTable(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "table [DEV...]",
		Short: "Print tables as the kernel takes them",
		Long: `Print the tables of devices as the kernel takes them, one line for each segment:
START LENGTH TARGET PARAMETERS, in sectors of 512 bytes. Unless exactly one DEV
is named, the device's name stands before each line. Keys are printed as zeros.`,
		Example: "  rok dm table data\n  rok dm table --inactive\n  rok dm table -o json data",
	}
	showKeys := c.Flags().Bool("showkeys", false, "print keys as they are")
	inactive := c.Flags().Bool("inactive", false, "the table that waits for a resume")
	printLines(c, e, func(d *dm.Device) ([]segmentView, error) {
		table, err := d.Table(dm.TableQuery{Inactive: *inactive})
		if err != nil {
			return nil, err
		}
		if !*showKeys {
			table = table.Redact()
		}
		return viewTable(table)
	})
	return c
}

func dmStatus(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "status [DEV...]",
		Short: "Print what targets report of themselves",
		Long: `Print what the targets of devices report of themselves, one line for each
segment, as the kernel does. Unless exactly one DEV is named, the device's name
stands before each line.`,
		Example: "  rok dm status pool\n  rok dm status --noflush -o json pool",
	}
	var opts dm.StatusOptions
	c.Flags().BoolVar(&opts.Inactive, "inactive", false, "of the table that waits for a resume")
	c.Flags().BoolVar(&opts.NoFlush, "noflush", false, "do not commit a thin pool's metadata first")
	printLines(c, e, func(d *dm.Device) ([]segmentView, error) {
		status, err := d.Status(opts)
		var views []segmentView
		for _, s := range status {
			views = append(views, viewSegment(s.Start, s.Length, s.Status.Type(), string(s.Status.AppendStatus(nil)), s.Status))
		}
		return views, err
	})
	return c
}

func viewTable(table dm.Table) ([]segmentView, error) {
	var views []segmentView
	for i, s := range table {
		params, err := s.Target.AppendParams(nil)
		if err != nil {
			return nil, &dm.TableError{Segment: i + 1, Err: err}
		}
		views = append(views, viewSegment(s.Start, s.Length, s.Target.Type(), string(params), s.Target))
	}
	return views, nil
}

func viewSegment(start, length units.Sectors, typ, params string, value any) segmentView {
	return segmentView{
		Start: uint64(start), Length: uint64(length), Target: typ,
		Params: strings.TrimRight(params, " "), // kernels print blanks at the end
		Fields: typedFields(value),
		line:   fmt.Sprintf("%d %d %s %s", start, length, typ, params),
	}
}

// printLines makes c print the lines of devices natively, or as JSON.
func printLines(c *cobra.Command, e *env, lines func(*dm.Device) ([]segmentView, error)) {
	format := cli.OutputFlag(c)
	selected := selectionFlag(c, e)
	c.RunE = withDeviceMapper(e, func(c *cobra.Command, conn *dm.Conn, args []string) error {
		selected.args = args
		views := []linesView{}
		err := selected.each(conn, func(d *dm.Device, i dm.Info) error {
			segments, err := lines(d)
			if err == nil {
				views = append(views, linesView{viewDevice(i), append([]segmentView{}, segments...)})
			}
			return err
		})
		if format.JSON() {
			return errors.Join(err, cli.JSON(c.OutOrStdout(), map[string]any{"devices": views}))
		}
		named := len(args)+len(selected.uuids) != 1
		return errors.Join(err, cli.Each(views, func(v linesView) error {
			return v.print(c.OutOrStdout(), named)
		}))
	})
}

func (v linesView) print(w io.Writer, named bool) error {
	prefix := ""
	if named {
		prefix = cli.Printable(v.Name) + ": "
	}
	var b strings.Builder
	for _, s := range v.Segments {
		b.WriteString(prefix + s.line + "\n")
	}
	if len(v.Segments) == 0 {
		b.WriteString(prefix + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

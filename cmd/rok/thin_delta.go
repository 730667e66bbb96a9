package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
)

func thinDelta(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "delta FILE LEFT RIGHT",
		Short: "Show what differs between two devices of a pool",
		Long: `Show which virtual blocks differ between two devices of the metadata in FILE: those that
only one of them maps, and those that both map to different data blocks. What they share is
not read, so that this costs what has changed between a device and its snapshot.

LEFT and RIGHT are ids of devices; ID@snap is that device in the metadata snapshot, which
--metadata-snap says of both. The XML is that of thin_delta, and all of it with --same.`,
		Example: "  rok thin delta meta.img 0 2\n  rok thin delta meta.img 0@snap 0 --verbose\n  rok thin delta meta.img 0 2 --same -o xml",
		Args:    cli.Args(3, 3),
	}
	var o metadata.DeltaOptions
	var f metadata.DeltaFormat
	format := outputFlag(c, "table", "json", "xml")
	s, snap := storageFlags(c, e), snapFlag(c)
	c.Flags().BoolVar(&f.Verbose, "verbose", false, "print data blocks too")
	c.Flags().BoolVar(&o.Same, "same", false, "print also what is the same in both")
	skip := c.Flags().Bool("skip-damaged", false, "go on behind what is damaged")
	c.RunE = s.withMetadata(func() bool { return snap.is }, func(c *cobra.Command, m *metadata.Metadata, args []string) error {
		path := args[0]
		left, err := snap.device(m, args[1])
		if err != nil {
			return about(path, err)
		}
		right, err := snap.device(m, args[2])
		if err != nil {
			return about(path, err)
		}
		trees, err := snap.trees(m)
		if err != nil {
			return about(path, err)
		}
		damage := collectDamage(path, &f.Damage, *skip)
		d := trees.Delta(left, right, o)
		write := map[string]func() error{
			"table": func() error { return d.WriteTable(c.OutOrStdout(), f) },
			"json":  func() error { return d.WriteJSON(c.OutOrStdout(), f) },
			"xml":   func() error { return d.WriteXML(c.OutOrStdout(), f) },
		}[format.value]
		return errors.Join(skippable(path, write()), damage.err())
	})
	return c
}

// device finds what "3" or "3@snap" names. Details that are damaged do not matter.
func (f *snapChoice) device(m *metadata.Metadata, arg string) (metadata.ThinDevice, error) {
	which := *f
	text, snapped := strings.CutSuffix(arg, "@snap")
	which.is = which.is || snapped
	id, err := parseDeviceID(text)
	if err != nil {
		return metadata.ThinDevice{}, &cli.UsageError{Reason: err.Error()}
	}
	trees, err := which.trees(m)
	if err != nil {
		return metadata.ThinDevice{}, err
	}
	d, err := trees.Device(id)
	if d.Root != 0 {
		return d, nil
	}
	return d, err
}

// about is err with the file that it is about, unless it is about the command line.
func about(path string, err error) error {
	if _, ok := errors.AsType[*cli.UsageError](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// skippable names the flag that goes on behind damage.
func skippable(path string, err error) error {
	if errors.Is(err, metadata.ErrCorrupt) {
		return &cli.Error{Err: fmt.Errorf("%s: %w", path, err), Next: "--skip-damaged goes on behind it"}
	}
	return err
}

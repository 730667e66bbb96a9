package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
)

func thinDump(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "dump FILE",
		Short: "Print a pool's metadata, as XML or JSON",
		Long: `Print the metadata in FILE: the devices, and which virtual blocks of theirs are which
data blocks. The XML is that of thin_dump, and thin_restore and rok thin restore read it.

Damage ends the dump and exits 7; what was printed is then no complete document. With
--skip-damaged it goes on with what can still be read, tells on standard error what is lost,
and exits 7 in the end.`,
		Example: "  rok thin dump meta.img\n  rok thin dump meta.img --dev-id 0 -o json\n  rok thin dump meta.img --metadata-snap",
		Args:    cli.Args(1, 1),
	}
	var o metadata.DumpOptions
	format := outputFlag(c, "xml", "json")
	s, snap := storageFlags(c, e), snapFlag(c)
	ids := deviceFlag(c)
	c.Flags().BoolVar(&o.SkipMappings, "skip-mappings", false, "print the devices alone")
	skip := c.Flags().Bool("skip-damaged", false, "go on behind what is damaged")
	c.RunE = s.withTrees(snap, func(c *cobra.Command, t *metadata.Trees, path string) error {
		o.Devices = ids.ids
		if err := ids.exist(t, path); err != nil {
			return err
		}
		damage := collectDamage(path, &o.Damage, *skip)
		write := t.WriteXML
		if format.value == "json" {
			write = t.WriteJSON
		}
		return errors.Join(skippable(path, write(c.OutOrStdout(), o)), damage.err())
	})
	return c
}

// outputFlag is the flag -o of a command that prints other than tables. The first
// format is the default.
func outputFlag(c *cobra.Command, formats ...string) *choice {
	f := choiceFlag(c.Flags(), "output", "o", "print "+orList(formats), formats...)
	f.value = formats[0]
	c.Flags().Lookup("output").DefValue = formats[0]
	// Only a programmer's error can make this fail.
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return f
}

func orList(words []string) string {
	list := words[0]
	for i, word := range words[1:] {
		sep := ", "
		if i == len(words)-2 {
			sep = " or "
		}
		list += sep + word
	}
	return list
}

// deviceIDs is a flag that may be given more than once.
type deviceIDs struct{ ids []uint64 }

func deviceFlag(c *cobra.Command) *deviceIDs {
	f := new(deviceIDs)
	c.Flags().Var(f, "dev-id", "only this device; may be repeated")
	return f
}

func (f *deviceIDs) String() string { return "" }

func (f *deviceIDs) Type() string { return "ID" }

func (f *deviceIDs) Set(s string) error {
	id, err := parseDeviceID(s)
	if err == nil {
		f.ids = append(f.ids, id)
	}
	return err
}

// exist fails where one of the devices does not. What is damaged is told later.
func (f *deviceIDs) exist(t *metadata.Trees, path string) error {
	return cli.Each(f.ids, func(id uint64) error {
		if _, err := t.Device(id); errors.Is(err, metadata.ErrNoDevice) {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

func parseDeviceID(s string) (uint64, error) {
	id, err := strconv.ParseUint(s, 10, 64)
	if err != nil || id > metadata.MaxDeviceID {
		return 0, fmt.Errorf("%q is no id of a thin device: want a number up to %d", s, metadata.MaxDeviceID)
	}
	return id, nil
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/nearest"
	"github.com/rok-storage/rok/ioctl"
)

// selection is the devices that a command line names, or all.
type selection struct {
	args  []string
	uuids []string
}

// selectionFlag gives c the flag --uuid and the completion of devices.
func selectionFlag(c *cobra.Command, e *env) *selection {
	s := new(selection)
	listVar(c.Flags(), &s.uuids, "uuid", "", "the device with this `UUID`; may be repeated")
	c.ValidArgsFunction = completeDevices(e)
	return s
}

// all reports whether no device was named, so that one that goes away between
// two requests is no error.
func (s *selection) all() bool { return len(s.args)+len(s.uuids) == 0 }

// each calls do for every device that is selected, goes on after an error, and
// joins the errors.
func (s *selection) each(c *dm.Conn, do func(*dm.Device, dm.Info) error) error {
	if s.all() {
		entries, err := c.List()
		if err != nil {
			return err
		}
		return cli.Each(entries, func(entry dm.Entry) error {
			err := visit(c.Device(dm.ByName(entry.Name)), do)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it went away since it was listed
			}
			return err
		})
	}
	byArg := cli.Each(s.args, func(arg string) error {
		id, err := resolve(c, arg)
		if err != nil {
			return err
		}
		return withNearest(c, arg, visit(c.Device(id), do))
	})
	byUUID := cli.Each(s.uuids, func(uuid string) error {
		if err := dm.CheckUUID(uuid); err != nil {
			return err
		}
		return visit(c.Device(dm.ByUUID(uuid)), do)
	})
	return errors.Join(byArg, byUUID)
}

func visit(d *dm.Device, do func(*dm.Device, dm.Info) error) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	return do(d, info)
}

// resolve finds out which device an argument means.
func resolve(c *dm.Conn, arg string) (dm.ID, error) {
	if dev, err := dm.ParseDev(arg); err == nil {
		return dm.ByDev(dev), nil
	}
	isPath := strings.Contains(arg, "/")
	if !isPath && dm.NodeName(arg) == arg && !strings.Contains(arg, `\`) {
		return dm.ByName(arg), nil
	}
	// The nodes of device-mapper's own directories follow from its list, also
	// where nobody has made them. A name with blanks may be in the kernel as it
	// is, or escaped, as libdevmapper puts it there.
	entries, err := c.List()
	if err != nil {
		return dm.ID{}, err
	}
	if slices.ContainsFunc(entries, func(e dm.Entry) bool { return e.Name == arg }) {
		return dm.ByName(arg), nil
	}
	for _, e := range entries {
		if arg == c.NodePath(e.Name) || arg == fmt.Sprintf("/dev/dm-%d", e.Dev.Minor) || dm.NodeName(arg) == dm.NodeName(e.Name) {
			return dm.ByDev(e.Dev), nil
		}
	}
	if !isPath {
		return dm.ByName(arg), nil
	}
	number, err := ioctl.NodeDev(arg)
	if err != nil {
		return dm.ID{}, err
	}
	return dm.ByDev(dm.DevFromUint64(number)), nil
}

// withNearest adds the name nearest to one that was not found.
func withNearest(c *dm.Conn, name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	next := "rok dm ls shows what there is"
	if entries, listErr := c.List(); listErr == nil {
		var names []string
		for _, e := range entries {
			names = append(names, e.Name)
		}
		if best, near := nearest.Of(filepath.Base(name), names); near {
			next = fmt.Sprintf("did you mean %q?", best)
		}
	}
	return &cli.Error{Err: err, Next: next}
}

// completeDevices completes names of devices.
func completeDevices(e *env) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		conn, err := e.openDM(nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer conn.Close()
		entries, _ := conn.List() // nothing to say to a shell in the middle of a line
		for _, e := range entries {
			names = append(names, e.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

// depsView is a device of "rok dm deps -o json".
type depsView struct {
	deviceView
	Deps []depView `json:"deps"`
}

// depView is a device that another one lies on.
type depView struct {
	Number string  `json:"number"`
	Name   *string `json:"name"` // device-mapper's or the kernel's; null where neither knows it
}

func dmDeps(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "deps [DEV...]",
		Short:   "Show which devices a device lies on",
		Long:    "Show the devices that the active tables of devices use; without DEV, of all.",
		Example: "  rok dm deps data\n  rok dm deps -o json",
	}
	format := cli.OutputFlag(c)
	selected := selectionFlag(c, e)
	c.RunE = withDeviceMapper(e, func(c *cobra.Command, conn *dm.Conn, args []string) error {
		selected.args = args
		name, err := namer(conn, e)
		if err != nil {
			return err
		}
		views := []depsView{}
		err = selected.each(conn, func(d *dm.Device, i dm.Info) error {
			deps, err := sortedDeps(d, i)
			v := depsView{viewDevice(i), []depView{}}
			for _, dev := range deps {
				v.Deps = append(v.Deps, depView{dev.String(), name(dev)})
			}
			if err == nil {
				views = append(views, v)
			}
			return err
		})
		if format.JSON() {
			return errors.Join(err, cli.JSON(c.OutOrStdout(), map[string]any{"devices": views}))
		}
		t := cli.Table{Columns: []string{"NAME", "NUMBER", "LIES ON"}}
		for _, v := range views {
			var on []string
			for _, d := range v.Deps {
				on = append(on, d.label())
			}
			t.Add(v.Name, v.Number, strings.Join(on, ", "))
		}
		if len(views) == 0 && err != nil {
			return err
		}
		_, printErr := t.WriteTo(c.OutOrStdout())
		return errors.Join(err, printErr)
	})
	return c
}

func (d depView) label() string {
	if d.Name == nil {
		return d.Number
	}
	return *d.Name + " (" + d.Number + ")"
}

// sortedDeps asks only for what an active table can have.
func sortedDeps(d *dm.Device, i dm.Info) ([]dm.Dev, error) {
	if !i.Active {
		return nil, nil
	}
	deps, err := d.Deps()
	slices.SortFunc(deps, func(a, b dm.Dev) int {
		return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor))
	})
	return deps, err
}

// namer returns a function that names a device by its number: as
// device-mapper does, or else as the kernel does in sysfs. It returns nil for a
// device that neither knows.
func namer(conn *dm.Conn, e *env) (func(dm.Dev) *string, error) {
	entries, err := conn.List()
	if err != nil {
		return nil, err
	}
	names := map[dm.Dev]string{}
	for _, entry := range entries {
		names[entry.Dev] = entry.Name
	}
	return func(dev dm.Dev) *string {
		if name, ok := names[dev]; ok {
			return &name
		}
		link, err := os.Readlink(filepath.Join(e.sysfs, "dev/block", dev.String()))
		if err != nil {
			return nil
		}
		name := filepath.Base(link)
		return &name
	}, nil
}

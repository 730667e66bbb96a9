package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

// lsView is a device of "rok dm ls -o json".
type lsView struct {
	deviceView
	State     string `json:"state"`
	OpenCount int    `json:"open_count"`
}

func dmLs(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List the devices",
		Long:    "List the devices of device-mapper, by name.",
		Example: "  rok dm ls\n  rok dm ls --tree\n  rok dm ls -o json",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	tree := c.Flags().Bool("tree", false, "draw which devices lie on which")
	c.RunE = withDeviceMapper(e, func(c *cobra.Command, conn *dm.Conn, _ []string) error {
		if *tree && format.JSON() {
			return cli.Usagef("--tree is a picture; rok dm deps -o json has the same as a document")
		}
		if *tree {
			return drawTree(c.OutOrStdout(), conn, e)
		}
		views := []lsView{}
		err := new(selection).each(conn, func(_ *dm.Device, i dm.Info) error {
			views = append(views, lsView{viewDevice(i), state(i), i.OpenCount})
			return nil
		})
		if err != nil {
			return err
		}
		if format.JSON() {
			return cli.JSON(c.OutOrStdout(), map[string]any{"devices": views})
		}
		t := cli.Table{Columns: []string{"NAME", "NUMBER", ">OPEN", "STATE", "UUID"}}
		for _, v := range views {
			t.Add(v.Name, v.Number, strconv.Itoa(v.OpenCount), v.State, v.UUID)
		}
		_, err = t.WriteTo(c.OutOrStdout())
		return err
	})
	return c
}

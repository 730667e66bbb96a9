package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/units"
)

// infoView is a device of "rok dm info -o json".
type infoView struct {
	deviceView
	Node            string   `json:"node"`
	State           string   `json:"state"`
	ReadOnly        bool     `json:"read_only"`
	OpenCount       int      `json:"open_count"`
	EventNr         uint32   `json:"event_nr"`
	SizeBytes       uint64   `json:"size_bytes"`
	Segments        int      `json:"segments"`
	Targets         []string `json:"targets"`
	ActiveTable     bool     `json:"active_table"`
	InactiveTable   bool     `json:"inactive_table"`
	DeferredRemove  bool     `json:"deferred_remove"`
	InternalSuspend bool     `json:"internal_suspend"`
}

func dmInfo(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "info [DEV...]",
		Short:   "Show the state of devices",
		Long:    "Show what the kernel says about devices themselves; without DEV, about all.",
		Example: "  rok dm info pool\n  rok dm info --uuid LVM-data -o json",
	}
	format := cli.OutputFlag(c)
	selected := selectionFlag(c, e)
	c.RunE = withDeviceMapper(e, func(c *cobra.Command, conn *dm.Conn, args []string) error {
		selected.args = args
		views := []infoView{}
		err := selected.each(conn, func(d *dm.Device, i dm.Info) error {
			v, err := viewInfo(conn, d, i)
			if err == nil {
				views = append(views, v)
			}
			return err
		})
		if format.JSON() {
			return errors.Join(err, cli.JSON(c.OutOrStdout(), map[string]any{"devices": views}))
		}
		for n, v := range views {
			if n > 0 {
				fmt.Fprintln(c.OutOrStdout())
			}
			if _, printErr := v.table().WriteTo(c.OutOrStdout()); printErr != nil {
				return printErr
			}
		}
		return err
	})
	return c
}

func viewInfo(conn *dm.Conn, d *dm.Device, i dm.Info) (infoView, error) {
	v := infoView{
		deviceView: viewDevice(i), Node: conn.NodePath(i.Name), State: state(i), ReadOnly: i.ReadOnly,
		OpenCount: i.OpenCount, EventNr: i.EventNr, Segments: i.Segments, Targets: []string{},
		ActiveTable: i.Active, InactiveTable: i.Inactive,
		DeferredRemove: i.DeferredRemove, InternalSuspend: i.InternalSuspend,
	}
	table, err := d.Table(dm.TableQuery{})
	if err != nil {
		return v, err
	}
	size, err := table.Size().Bytes()
	if err != nil {
		return v, err
	}
	v.SizeBytes = uint64(size)
	seen := map[string]bool{}
	for _, s := range table {
		if typ := s.Target.Type(); !seen[typ] {
			seen[typ] = true
			v.Targets = append(v.Targets, typ)
		}
	}
	return v, nil
}

func (v infoView) table() *cli.Table {
	t := new(cli.Table)
	t.Add("name", v.Name)
	t.Add("uuid", v.UUID)
	t.Add("number", v.Number)
	t.Add("node", v.Node)
	t.Add("state", strings.Join(v.states(), ", "))
	t.Add("open", strconv.Itoa(v.OpenCount))
	t.Add("events", strconv.FormatUint(uint64(v.EventNr), 10))
	t.Add("size", units.Bytes(v.SizeBytes).Human())
	t.Add("segments", strconv.Itoa(v.Segments))
	t.Add("targets", strings.Join(v.Targets, ", "))
	return t
}

func (v infoView) states() []string {
	states := []string{v.State}
	for _, more := range []struct {
		is   bool
		text string
	}{
		{v.ReadOnly, "read-only"},
		{v.InactiveTable, "inactive table waits for a resume"},
		{v.DeferredRemove, "goes away at the last close"},
		{v.InternalSuspend, "suspended by a device on top"},
	} {
		if more.is {
			states = append(states, more.text)
		}
	}
	return states
}

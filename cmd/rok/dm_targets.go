package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

// targetView is a target of "rok dm targets -o json".
type targetView struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func dmTargets(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "targets [TYPE...]",
		Short: "List the kernel's targets",
		Long: `List the targets that the kernel has loaded, and their versions. With TYPE, ask
for these targets, and load the modules that have them.`,
		Example: "  rok dm targets\n  rok dm targets thin-pool -o json",
	}
	format := cli.OutputFlag(c)
	c.RunE = withDeviceMapper(e, func(c *cobra.Command, conn *dm.Conn, args []string) error {
		targets, err := listTargets(conn, args)
		views := []targetView{}
		for _, t := range targets {
			views = append(views, targetView{t.Name, fmt.Sprintf("%d.%d.%d", t.Version[0], t.Version[1], t.Version[2])})
		}
		if format.JSON() {
			return errors.Join(err, cli.JSON(c.OutOrStdout(), map[string]any{"targets": views}))
		}
		table := cli.Table{Columns: []string{"TARGET", "VERSION"}}
		for _, v := range views {
			table.Add(v.Name, v.Version)
		}
		if len(views) > 0 || err == nil {
			_, printErr := table.WriteTo(c.OutOrStdout())
			err = errors.Join(err, printErr)
		}
		return err
	})
	return c
}

func listTargets(conn *dm.Conn, types []string) ([]dm.TargetVersion, error) {
	if len(types) == 0 {
		return conn.Targets()
	}
	var targets []dm.TargetVersion
	err := cli.Each(types, func(typ string) error {
		t, err := conn.TargetVersion(typ)
		if _, old := errors.AsType[*dm.UnsupportedError](err); !old && errors.Is(err, errors.ErrUnsupported) {
			err = &cli.Error{Err: err, Code: cli.NotFound,
				Next: fmt.Sprintf("the kernel has no target %q, and no module with it; rok dm targets lists what is loaded", typ)}
		}
		if err == nil {
			targets = append(targets, t)
		}
		return err
	})
	return targets, err
}

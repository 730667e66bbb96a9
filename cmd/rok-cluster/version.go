package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

// versionView is what "rok-cluster version -o json" prints.
type versionView struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand(*env) *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Long:    "Show the version of rok-cluster, and of the Go that built it.",
		Example: "  rok-cluster version\n  rok-cluster version -o json",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		v := versionView{Version: cli.BuildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
		if format.JSON() {
			return cli.JSON(c.OutOrStdout(), v)
		}
		t := cli.Table{}
		t.Add("rok-cluster", v.Version)
		t.Add("go", v.Go+" "+v.Platform)
		_, err := t.WriteTo(c.OutOrStdout())
		return err
	}
	return c
}

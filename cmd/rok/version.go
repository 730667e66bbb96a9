package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

// versionView is what "rok version -o json" prints.
type versionView struct {
	Version      string  `json:"version"`
	Go           string  `json:"go"`
	Platform     string  `json:"platform"`
	DeviceMapper *string `json:"device_mapper"` // null where it cannot be asked
}

func versionCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "version",
		Long: "Show the version of rok, of the Go that built it, and of the device-mapper\n" +
			"interface of the running kernel.",
		Example: "  rok version\n  rok version -o json",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		v := versionView{Version: cli.BuildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
		conn, reason := deviceMapper(e)
		if reason == nil {
			abi := conn.ABI().String()
			v.DeviceMapper = &abi
			defer conn.Close()
		}
		if format.JSON() {
			return cli.JSON(c.OutOrStdout(), v)
		}
		t := cli.Table{}
		t.Add("rok", v.Version)
		t.Add("go", v.Go+" "+v.Platform)
		if reason != nil {
			t.Add("device-mapper", "not reachable: "+reason.Error())
		} else {
			t.Add("device-mapper", *v.DeviceMapper)
		}
		_, err := t.WriteTo(c.OutOrStdout())
		return err
	}
	return c
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

func composerToolCommand(e *env) *cobra.Command {
	c := cli.Group("composer-tool", "Look at maps, change their format, and verify them.",
		mapsLs(e), mapsShow(e), mapsDiff(e), mapsRm(e), mapsLabel(e), mapsRetain(e), mapUpgrade(e), mapRestore(e), mapsVerify(e))
	c.Example = "  rok-composer-tool ls\n  rok-composer-tool map-upgrade --all\n  rok-composer-tool verify"
	return c
}

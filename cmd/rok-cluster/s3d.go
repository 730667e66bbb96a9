package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

// s3dFlags are those of rok-s3d.
type s3dFlags struct {
	instance                uint
	noVersioning, assumeOff bool
}

func s3dCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "s3d [flags]",
		Long: "Serve an S3 bucket on a unix socket, until told to stop, as the section [s3d.N] of\n" +
			"daemons.conf says. Only this process has the bucket's keys; who uses the store has the\n" +
			"address unix:///run/rok/s3d.N.sock.\n\n" +
			"Blocks are accepted when they are on the disk here, and come up later, also after a kill.\n" +
			"The keys of S3 are the section's: a file of credentials, or an access-key, whose secret key is\n" +
			"the cluster's variable s3d.N.secret_key. Else they are found as Amazon's tools find them:\n" +
			"AWS_ACCESS_KEY_ID and others in the environment, ~/.aws/credentials, the machine's role.",
		Example: "  rok-s3d\n  rok-s3d --instance 1 --assume-no-versioning",
		Args:    cli.Args(0, 0),
	}
	var f s3dFlags
	c.Flags().UintVar(&f.instance, "instance", 0, "the `N` of the section [s3d.N]")
	c.Flags().BoolVar(&f.noVersioning, "no-versioning", false, "the bucket keeps no versions; refuse one that does")
	c.Flags().BoolVar(&f.assumeOff, "assume-no-versioning", false, "never ask the service about versions; implies --no-versioning")
	cli.QuietFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := readS3d(e, "s3d."+strconv.FormatUint(uint64(f.instance), 10), f)
		if err != nil {
			return err
		}
		ctx, stop := e.signals(c.Context())
		defer stop()
		return runS3d(ctx, e, config)
	}
	return c
}

package main

import (
	"cmp"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/pool"
)

// defaultConfig is where daemons.conf is, unless --config or ROK_CONFIG name
// another file.
const defaultConfig = "/etc/rok/daemons.conf"

// configuration is the file that a command reads its configuration from.
type configuration struct {
	e    *env
	path string
}

// configFlag gives c the flag --config.
func configFlag(c *cobra.Command, e *env) *configuration {
	f := &configuration{e: e}
	c.Flags().StringVar(&f.path, "config", "", "the configuration `FILE` (default "+defaultConfig+", or what ROK_CONFIG names)")
	return f
}

// read reads the file. One that nobody named need not be there.
func (f *configuration) read() (*conf.File, error) {
	named := cmp.Or(f.path, f.e.getenv("ROK_CONFIG"))
	path := cmp.Or(named, defaultConfig)
	return cli.ReadConf(path, named != "")
}

// policies are those of all pools, by "VG/POOL".
func (f *configuration) policies() (map[string]*pool.Policy, error) {
	file, err := f.read()
	if err == nil {
		var policies map[string]*pool.Policy
		if policies, err = pool.Policies(file); err == nil {
			return policies, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, &cli.Error{Err: err, Code: cli.Usage}
}

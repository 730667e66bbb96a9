package main

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// defaultState and defaultConf are where rok's files are, unless flags or the environment say otherwise.
const (
	defaultState = "/var/lib/rok"
	defaultConf  = "/etc/rok/daemons.conf"
)

// stateDir is where rok keeps what it must not forget: an absolute path.
func (e *env) stateDir() string {
	dir := cmp.Or(e.state, e.getenv("ROK_STATE_DIR"), defaultState)
	if path, err := filepath.Abs(dir); err == nil { // stores have absolute paths
		return path
	}
	return dir
}

// configPath is the file that the administrator writes.
func (e *env) configPath() string { return cmp.Or(e.conf, e.getenv("ROK_CONFIG"), defaultConf) }

// confNamed tells that somebody named that file, so that it must be there.
func (e *env) confNamed() bool { return e.conf != "" || e.getenv("ROK_CONFIG") != "" }

// placeFlags gives each command below c that works with rok's files the flags that say where they are.
func placeFlags(c *cobra.Command, e *env) {
	for _, sub := range c.Commands() {
		placeFlags(sub, e)
	}
	if c.HasSubCommands() || slices.Contains([]string{"version", "completion", "help"}, c.Name()) {
		return
	}
	c.Flags().StringVar(&e.conf, "config", "", "the configuration `FILE` (default "+defaultConf+", or what ROK_CONFIG names)")
	c.Flags().StringVar(&e.state, "state-dir", "", "the `DIR` of rok's state (default "+defaultState+", or what ROK_STATE_DIR names)")
}

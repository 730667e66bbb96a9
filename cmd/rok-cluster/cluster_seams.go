package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/cluster"
)

// settings are the cluster's variables as this host works with them. They come from the state
// directory: the store is not asked. Where no cluster was ever known, they are the defaults.
func (e *env) settings() (cluster.Settings, error) {
	applied, err := cluster.ReadApplied(e.stateDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cluster.Settings{}, err
	}
	return cluster.SettingsOf(applied.Values)
}

// mapGate is nil where maps of version 4 may be made: the cluster says so, or there is none yet.
func (e *env) mapGate(ctx context.Context) error {
	return e.withCluster(ctx, func(c *cluster.Cluster) error {
		c.First = false
		s, err := c.Read(ctx)
		if err != nil || s.Schema == 0 {
			return err
		}
		return s.MapGate()
	})
}

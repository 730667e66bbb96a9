package main

import (
	"context"
	"path/filepath"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
)

// openKV opens the cluster's store: a file in the state directory.
func openKV(_ context.Context, e *env) (kv.Store, error) {
	return bolt.Open(filepath.Join(e.stateDir(), "cluster.db"), bolt.Options{}), nil
}

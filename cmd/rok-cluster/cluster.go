package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
)

// host is this host's name in the cluster: what hostname prints. ROK_HOSTNAME is for containers
// whose name is not the node's, and for tests.
func (e *env) host() (string, error) {
	if host := e.getenv("ROK_HOSTNAME"); host != "" {
		return host, nil
	}
	host, err := e.hostname()
	if err != nil {
		return "", fmt.Errorf("name of this host: %w", err)
	}
	return host, nil
}

// running is what this code knows.
func (e *env) running() cluster.Code {
	if e.code.Version != "" {
		return e.code
	}
	return cluster.Current()
}

// withCluster opens the cluster's store, has f work with it, and closes it.
func (e *env) withCluster(ctx context.Context, f func(*cluster.Cluster) error) (err error) {
	host, err := e.host()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.stateDir(), 0o755); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	open := e.openKV
	if open == nil {
		open = openKV
	}
	store, err := open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return f(&cluster.Cluster{Store: store, Host: host, Code: e.running(), First: true})
}

// withState is withCluster for what needs its state, read once.
func (e *env) withState(ctx context.Context, f func(*cluster.Cluster, *cluster.State) error) error {
	return e.withCluster(ctx, func(c *cluster.Cluster) error {
		s, err := c.Read(ctx)
		if err != nil {
			return err
		}
		return f(c, s)
	})
}

// withUpgrade is withCluster for the upgrade that the program's name asks for. It never makes a cluster: where
// there is none, the state directory was emptied.
func (e *env) withUpgrade(ctx context.Context, f func(*cluster.Cluster, cluster.Migration) error) error {
	target, err := cluster.Target(e.suffix)
	if err != nil {
		return err
	}
	if _, err := os.Stat(e.stateDir()); err != nil {
		// Not wrapped: what is missing is no object that was asked for.
		return fmt.Errorf("%w: %v; it must survive a change of the boot disk: restore it, or mount it", cluster.ErrEmptied, err)
	}
	return e.withCluster(ctx, func(c *cluster.Cluster) error {
		c.First = false
		return f(c, target)
	})
}

// withUpgradeState is withUpgrade for what needs the state of a cluster that is there.
func (e *env) withUpgradeState(ctx context.Context, f func(*cluster.State, cluster.Migration) error) error {
	return e.withUpgrade(ctx, func(c *cluster.Cluster, target cluster.Migration) error {
		s, err := c.Read(ctx)
		switch {
		case err != nil:
			return err
		case s.Schema == 0:
			return noCluster(c)
		}
		return f(s, target)
	})
}

func noCluster(cl *cluster.Cluster) error {
	return fmt.Errorf("%s has no cluster: %w; the state directory must survive a change of the boot disk: restore it, or mount it",
		cl.Store.Address(), cluster.ErrEmptied)
}

// opener opens a cluster's store.
type opener func(context.Context, *env) (kv.Store, error)

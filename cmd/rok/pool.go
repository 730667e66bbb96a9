package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
)

func poolCommand(e *env) *cobra.Command {
	c := cli.Group("pool", "", asked(e, "pool", poolCommands())...)
	c.Long = `Thin pools: what state they are in, more space for them, their metadata checked and
repaired, and a watcher that gives them space in time, as [pool.VG/POOL] in daemons.conf says.`
	c.Example = "  rok pool status\n  rok pool extend data/tank --size +100M"
	return c
}

func poolCommands() []command {
	return []command{
		{name: "status", build: poolStatus},
		{name: "extend", build: poolExtend},
		{name: "check", build: poolCheck},
		{name: "repair", build: poolRepair},
		{name: "watch", build: poolWatch},
	}
}

// poolRules say what the errors of package pool mean to the shell.
func poolRules() []cli.Rule {
	return []cli.Rule{
		{Code: cli.NotFound, Match: cli.Is(pool.ErrNotPool)},
		{Code: cli.Refused, Match: cli.Is(pool.ErrOffline)},
		{Code: cli.Refused, Match: cli.Is(pool.ErrActive)},
		{Code: cli.Corrupt, Match: cli.Is(pool.ErrVolumeLost)},
		{Code: cli.NoSpace, Match: cli.Is(thin.ErrNoDataSpace)},
	}
}

// poolHost is what pools are looked at through. Image files have no kernel, and
// neither has a machine without device-mapper.
func (s *storage) poolHost(sys *lvm.System) (pool.Host, error) {
	h := pool.Host{System: sys}
	if len(s.images) > 0 {
		return h, nil
	}
	conn, err := s.e.openDM(nil)
	if err != nil && errors.Is(err, errors.ErrUnsupported) {
		return h, nil
	}
	if err != nil {
		return h, deviceMapperError(err)
	}
	h.Conn = conn
	return h, nil
}

// poolCommandFunc is what a command does with pools.
type poolCommandFunc func(c *cobra.Command, h pool.Host, args []string) error

// withPools makes a function on a System of one on pools.
func (s *storage) withPools(run poolCommandFunc) systemCommand {
	return func(c *cobra.Command, sys *lvm.System, args []string) error {
		h, err := s.poolHost(sys)
		if err != nil {
			return err
		}
		err = run(c, h, args)
		return errors.Join(err, closePoolConn(h.Conn))
	}
}

func closePoolConn(conn *dm.Conn) error {
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// mayCreateIn refuses new volumes in a pool that a watcher found below its reserve.
func mayCreateIn(vg *lvm.VG, name string) error {
	if err := pool.MayCreate(vg, name); err != nil {
		return &cli.Error{Err: err, Next: "rok pool extend " + vg.Name + "/" + name + " makes room"}
	}
	return nil
}

func completePools(s *storage) cobra.CompletionFunc {
	return completeWith(s, func(scan *lvm.Scan) (names []string) {
		for _, g := range scan.VGs {
			for _, name := range pool.Pools(g.VG) {
				names = append(names, g.VG.Name+"/"+name)
			}
		}
		return names
	})
}

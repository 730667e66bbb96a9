package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin/metadata"
)

// metadataVolume is the volume that FILE names in place of a file: VG/POOL, whose
// metadata it is, or VG/LV, which holds a copy, such as one that a repair has kept.
// Where there is a folder named VG, it is a file, unless the PVs are said.
func (s *storage) metadataVolume(arg string) (name lvName, is bool) {
	if len(s.images) == 0 && len(s.devices) == 0 {
		if _, err := os.Stat(filepath.Dir(arg)); err == nil {
			return name, false
		}
	}
	name, err := parseLV(arg)
	return name, err == nil
}

// readVolume runs a command on the metadata in a volume, read on its PVs. With held,
// the volume may be a pool that is active: only its metadata snapshot is read, which
// the kernel leaves alone.
//
// The VG is not locked: what a dump is piped to may take its time. A pool that was
// activated meanwhile is told of in the end.
func (s *storage) readVolume(name lvName, held bool, run metadataCommand) systemCommand {
	return s.withPools(func(c *cobra.Command, h pool.Host, args []string) error {
		return h.System.Read(c.Context(), name.vg, false, func(g *lvm.DiskVG) error {
			pooled, err := mayRead(h, g.VG, name, held)
			if err != nil {
				return err
			}
			open := g.Content
			if pooled {
				open = g.PoolMetadata
			}
			content, err := open(name.lv)
			if err != nil {
				return err
			}
			m, err := metadata.Open(content, content.Size())
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			err = run(c, m, args)
			if _, now := mayRead(h, g.VG, name, held); now != nil {
				err = errors.Join(err, fmt.Errorf("%s: it became active while it was read: what was read may be of several moments", name))
			}
			return err
		})
	})
}

// mayRead refuses a volume that somebody writes to where it is read, and reports
// whether it is a pool. One that is not there is for whoever opens it.
func mayRead(h pool.Host, vg *lvm.VG, name lvName, held bool) (pooled bool, err error) {
	lv := vg.LV(name.lv)
	if lv == nil {
		return false, nil
	}
	s, err := h.LookIn(vg, name.lv)
	switch {
	case errors.Is(err, pool.ErrNotPool):
		return false, mustBeIdle(h, vg, lv)
	case err != nil:
		return false, err
	case s.Active && !held:
		return false, &cli.Error{Code: cli.Refused, Err: fmt.Errorf("pool %s is active", name),
			Next: "deactivate it, or read its metadata snapshot with --metadata-snap; rok pool check takes one itself"}
	}
	return true, nil
}

// mustBeIdle refuses a volume that has a device, which is the one to read.
func mustBeIdle(h pool.Host, vg *lvm.VG, lv *lvm.LV) error {
	if !lv.Visible() {
		return cli.Usagef("%s/%s is part of another volume: name the pool", vg.Name, lv.Name)
	}
	states, err := h.System.States(vg, lv.Name)
	if err != nil || states == nil || !states(lv).Exists {
		return err
	}
	return &cli.Error{Code: cli.Refused, Err: fmt.Errorf("LV %s/%s is active", vg.Name, lv.Name),
		Next: fmt.Sprintf("read /dev/%s/%s", vg.Name, lv.Name)}
}

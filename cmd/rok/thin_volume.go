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
			content, err := volumeMetadata(h, g, name, held)
			if err != nil {
				return err
			}
			m, err := metadata.Open(content, content.Size())
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			err = run(c, m, args)
			if _, now := volumeMetadata(h, g, name, held); now != nil {
				err = errors.Join(err, fmt.Errorf("%s: it became active while it was read: what was read may be of several moments", name))
			}
			return err
		})
	})
}

// volumeMetadata is the content of a volume that nobody writes to, or not where
// it is read.
func volumeMetadata(h pool.Host, g *lvm.DiskVG, name lvName, held bool) (*lvm.LVContent, error) {
	lv := g.VG.LV(name.lv)
	if lv == nil {
		return g.Content(name.lv) // which says so
	}
	s, err := h.LookIn(g.VG, name.lv)
	switch {
	case errors.Is(err, pool.ErrNotPool):
		if err := mustBeIdle(h, g.VG, lv); err != nil {
			return nil, err
		}
		return g.Content(name.lv)
	case err != nil:
		return nil, err
	case s.Active && !held:
		return nil, &cli.Error{Code: cli.Refused, Err: fmt.Errorf("pool %s is active", name),
			Next: "deactivate it, or read its metadata snapshot with --metadata-snap; rok pool check takes one itself"}
	}
	return g.PoolMetadata(name.lv)
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

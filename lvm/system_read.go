package lvm

import (
	"context"
	"errors"

	"github.com/rok-storage/rok/lvm/host"
)

// Read has do look at a VG while its PVs' devices are open, so that what LVs hold
// can be read: see [DiskVG.Content]. With locked, nobody changes or activates the VG
// meanwhile; without, nobody has to wait. It fails with [ErrNotFound].
func (s *System) Read(ctx context.Context, vg string, locked bool, do func(*DiskVG) error) (err error) {
	t := &session{s: s}
	if locked {
		if t.locks, err = s.lock(ctx, host.LockRequest{VGs: []string{vg}, Mode: host.Exclusive}); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.scanDevices(ctx, ScanOptions{VG: vg}); err != nil {
		return err
	}
	g, err := t.find(vg)
	if err != nil {
		return err
	}
	return do(g)
}

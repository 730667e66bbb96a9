package pool

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
)

// Host is what pools are looked at and changed through.
type Host struct {
	System *lvm.System
	// Conn asks the kernel. Nil: no pool is active.
	Conn *dm.Conn
}

// Look is what a pool is now. It reads the VG.
func (h Host) Look(ctx context.Context, vg, pool string) (*State, error) {
	scan, err := h.System.Scan(ctx, lvm.ScanOptions{VG: vg})
	if err != nil {
		return nil, err
	}
	g, err := scan.VG(vg)
	if errors.Is(err, fs.ErrNotExist) {
		err = lvm.ErrNotFound
	}
	if err != nil {
		return nil, &Error{Op: "find", VG: vg, Pool: pool, Err: err}
	}
	return h.LookIn(g.VG, pool)
}

// LookIn is [Host.Look] in a VG that was read.
func (h Host) LookIn(vg *lvm.VG, pool string) (*State, error) {
	s, err := StateOf(vg, pool)
	if err != nil {
		return nil, err
	}
	return s, h.ask(s, h.device(vg, pool))
}

// device is the thin-pool of a pool.
func (h Host) device(vg *lvm.VG, pool string) *dm.Device {
	if h.Conn == nil {
		return nil
	}
	return h.Conn.Device(dm.ByUUID(lvm.DeviceUUID(vg.ID, vg.LV(pool).ID, lvm.LayerThinPool)))
}

// ask reads the status of a pool's device: one request, which makes the kernel
// commit nothing, and waits for nobody.
func (h Host) ask(s *State, d *dm.Device) error {
	s.Active, s.Status = false, thin.Status{}
	if d == nil {
		return nil
	}
	lines, err := d.Status(dm.StatusOptions{NoFlush: true})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault("ask the kernel about", s, err)
	}
	if len(lines) != 1 {
		return nil // it has no table yet
	}
	status, ok := lines[0].Status.(dm.ThinPoolStatus)
	if !ok {
		return fault("ask the kernel about", s, ErrNotPool)
	}
	s.Active, s.Status = true, thin.StatusOf(status)
	return nil
}

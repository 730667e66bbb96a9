package pool

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// mend has a pool and its volumes go on that a program left suspended which was
// killed between the two halves of a change, and reports whether there was one:
// I/O waits for ever otherwise. Whether the old table or the new one counts is for
// the VG to say.
//
// A program that is at work leaves devices suspended, too, for a moment, with the
// VG's lock: that is waited for, and then nothing is to be done.
func (h Host) mend(ctx context.Context, vg *lvm.VG, s *State) (bool, error) {
	suspended, err := h.suspended(vg, s.Pool)
	if err != nil || !suspended {
		return false, err
	}
	names := []string{s.Pool}
	for _, v := range s.Volumes {
		names = append(names, v.Name)
	}
	state, err := h.System.States(vg, names...)
	if err != nil || state == nil {
		return false, err
	}
	var active []string
	for _, name := range names {
		if state(vg.LV(name)).Exists {
			active = append(active, name)
		}
	}
	_, err = h.System.Activate(ctx, vg.Name, active, lvm.ActivateOptions{IgnoreSkip: true})
	return true, err
}

// suspended reports whether one of a pool's own devices is.
func (h Host) suspended(vg *lvm.VG, pool string) (bool, error) {
	lv := vg.LV(pool)
	t := poolOf(lv)
	for _, part := range []struct {
		lv    *lvm.LV
		layer lvm.Layer
	}{{lv, lvm.LayerPool}, {lv, lvm.LayerThinPool}, {vg.LV(t.Data), lvm.LayerThinData}, {vg.LV(t.Metadata), lvm.LayerThinMeta}} {
		if part.lv == nil || h.Conn == nil {
			continue
		}
		info, err := h.Conn.Device(dm.ByUUID(lvm.DeviceUUID(vg.ID, part.lv.ID, part.layer))).Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || info.Suspended {
			return err == nil, err
		}
	}
	return false, nil
}

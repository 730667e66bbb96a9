package pool

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
)

// lowWater is the mark in free chunks at which so many percent are used.
func lowWater(high int, total uint64) uint64 {
	if high <= 0 || high >= 100 {
		return 0
	}
	free := uint64(100 - high)
	return total/100*free + total%100*free/100
}

// setLowWater has the kernel tell of a pool's mark by itself, so that one that
// fills within a few seconds is extended before writes must wait, or fail. The
// mark is in the pool's table, which is loaded anew under the VG's lock; extending a
// pool keeps it, and one that is not far from what it should be is left.
//
// The kernel tells of it once for each resume: what comes after is for the ticks, and
// for the next extension.
func (h Host) setLowWater(ctx context.Context, vg, pool string, high int) error {
	_, err := h.System.ChangeWith(ctx, vg, lvm.ChangeOptions{}, func(g *lvm.DiskVG) ([]lvm.Op, error) {
		s, err := h.LookIn(g.VG, pool)
		if err != nil || stateEvent(s) != "" {
			return nil, err
		}
		d := h.device(g.VG, pool)
		info, table, err := d.State()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (info.Suspended || len(table) != 1) {
			return nil, nil // it went, or somebody was killed in the middle of a change
		}
		if err != nil {
			return nil, fault("read the table of", s, err)
		}
		target, ok := table[0].Target.(dm.ThinPool)
		want := lowWater(high, s.Status.Data.Total)
		near := target.LowWaterMark <= want && target.LowWaterMark >= want/2
		if !ok || near && !info.Inactive { // a table that waits is of somebody who was killed
			return nil, nil
		}
		target.LowWaterMark = want
		next := dm.Table{{Length: table[0].Length, Target: target}}
		// As lvm2 has it, udev's rules do not look at what is no volume.
		udev := dm.UdevOptions{Flags: dm.UdevNoDiskRules | dm.UdevNoOtherRules}
		if info.Name != lvm.DeviceName(vg, pool, lvm.LayerNone) {
			udev.Flags |= dm.UdevNoSubsystemRules
		}
		if info.OpenCount > 0 && ioctl.LockMemory() == nil {
			// What a page of this program must be read from may be a volume of the pool.
			defer func() { _ = ioctl.UnlockMemory() }() // nothing depends on it
		}
		err = d.Swap(ctx, next, dm.TableOptions{}, dm.SuspendOptions{NoFlush: true, SkipLockFS: true, Udev: udev})
		return nil, fault("set the low water mark of", s, err)
	})
	return err
}

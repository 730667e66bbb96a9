package lvm

import (
	"errors"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

// LVContent is what an LV holds, read and written on its PVs, around the kernel:
// of linear and striped LVs. It is good as long as the devices of its [DiskVG] are
// open, which is until the function ends that was given that; and it must not be
// written where the LV is active, nor read where the kernel writes to it meanwhile.
// It may be used by several goroutines, as [Device] may.
type LVContent struct {
	data *lvData
	size units.Bytes
}

// Content is what the named LV holds. It fails with [ErrNotFound], with
// [ErrMissingPV], and with [ErrNotSupported] where its extents are not simply on
// PVs.
func (g *DiskVG) Content(name string) (*LVContent, error) {
	object := g.VG.Name + "/" + name
	lv := g.VG.LV(name)
	if lv == nil {
		return nil, &OpError{Op: "open LV", Object: object, Err: ErrNotFound}
	}
	if !onPVs(lv) {
		return nil, &OpError{Op: "open LV", Object: object, Err: ErrNotSupported, Reason: "it is not on PVs alone"}
	}
	c := &LVContent{data: &lvData{g.VG, lv, make(map[ID]*Device, len(g.PVs))}}
	c.size = c.data.size()
	for i, pv := range g.VG.PVs {
		if g.PVs[i] != nil {
			c.data.pvs[pv.ID] = g.PVs[i].Device
		}
	}
	for _, id := range c.pvs() {
		if c.data.pvs[id] == nil {
			return nil, &OpError{Op: "open LV", Object: object, Err: ErrMissingPV}
		}
	}
	return c, nil
}

// PoolMetadata is the metadata of a thin pool, as much of it as the kernel gets. It
// fails as [DiskVG.Content] does.
func (g *DiskVG) PoolMetadata(pool string) (*LVContent, error) {
	lv := g.VG.LV(pool)
	if lv == nil {
		return nil, &OpError{Op: "open metadata of pool", Object: g.VG.Name + "/" + pool, Err: ErrNotFound}
	}
	t, ok := only(lv).(*ThinPool)
	if !ok {
		return nil, &OpError{Op: "open metadata of pool", Object: g.VG.Name + "/" + pool, Err: ErrNotSupported, Reason: "it is no thin pool"}
	}
	c, err := g.Content(t.Metadata)
	if err == nil && t.CropMetadata != nil && *t.CropMetadata {
		c.size = min(c.size, units.Bytes(cropMetadata)*units.SectorSize)
	}
	return c, err
}

// MetadataSpare is the VG's spare for the metadata of pools. It fails with
// [ErrNotFound] where there is none.
func (g *DiskVG) MetadataSpare() (*LVContent, error) {
	for _, lv := range g.VG.LVs {
		if isSpare(lv) {
			return g.Content(lv.Name)
		}
	}
	return nil, &OpError{Op: "open metadata spare of VG", Object: g.VG.Name, Err: ErrNotFound}
}

// pvs are the PVs that the LV is on.
func (c *LVContent) pvs() (ids []ID) {
	for i := range c.data.lv.Segments {
		for _, a := range c.data.lv.Segments[i].Type.(*Striped).Areas {
			ids = append(ids, a.PV)
		}
	}
	return ids
}

// Name is the LV's.
func (c *LVContent) Name() string { return c.data.lv.Name }

// Size is how much there is.
func (c *LVContent) Size() units.Bytes { return c.size }

// ReadAt implements [io.ReaderAt].
func (c *LVContent) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read LV %s: offset %d", c.Name(), off)
	}
	if units.Bytes(off) >= c.size {
		return 0, io.EOF
	}
	if left := c.size - units.Bytes(off); units.Bytes(len(b)) > left {
		n, err := c.data.ReadAt(b[:left], off)
		return n, errors.Join(err, io.EOF)
	}
	return c.data.ReadAt(b, off)
}

// WriteAt implements [io.WriterAt].
func (c *LVContent) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || units.Bytes(off) > c.size || units.Bytes(len(b)) > c.size-units.Bytes(off) {
		return 0, fmt.Errorf("write LV %s: %w", c.Name(), io.ErrShortWrite)
	}
	for _, id := range c.pvs() {
		if err := c.data.pvs[id].Upgrade(ReadWrite); err != nil {
			return 0, err
		}
	}
	return c.data.WriteAt(b, off)
}

// Sync makes what was written survive a power cut.
func (c *LVContent) Sync() error {
	var errs []error
	synced := map[ID]bool{}
	for _, id := range c.pvs() {
		if !synced[id] {
			synced[id] = true
			errs = append(errs, c.data.pvs[id].Sync())
		}
	}
	return errors.Join(errs...)
}

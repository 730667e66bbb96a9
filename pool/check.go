package pool

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
)

// Check reads all of a pool's metadata, and compares the devices in it with the
// VG's volumes. What is found is in the result: an error says that it could not be
// looked for.
//
// Nothing is changed, but that a pool which is active and works holds a metadata
// snapshot meanwhile: that is checked, and given up again. One that is held already
// is checked instead, and stays. The metadata of a pool that the kernel does not
// write to any more is read as it is, and that of an inactive one under the VG's lock.
func (h Host) Check(ctx context.Context, vg, pool string) (*Checked, error) {
	s, err := h.Look(ctx, vg, pool)
	if err != nil {
		return nil, err
	}
	var c *Checked
	if s.Active && writes(s.Status.State) {
		c, err = h.checkHeld(ctx, s)
		if err == nil || !errors.Is(err, thin.ErrReadOnly) && !errors.Is(err, thin.ErrFailed) && !errors.Is(err, thin.ErrNoMetadataSpace) {
			return c, err
		}
		// It ceased to work just now.
	}
	err = h.System.Read(ctx, vg, !s.Active, func(g *lvm.DiskVG) error {
		if s, err = h.LookIn(g.VG, pool); err != nil {
			return err
		}
		c, err = checkOffline(ctx, g, s)
		return err
	})
	return c, err
}

// writes reports whether the kernel changes the metadata in that state.
func writes(s thin.State) bool { return s == thin.Writable || s == thin.OutOfDataSpace }

// checkHeld checks an active pool.
func (h Host) checkHeld(ctx context.Context, s *State) (*Checked, error) {
	var c *Checked
	err := h.System.Read(ctx, s.VG, false, func(g *lvm.DiskVG) (err error) {
		if poolOf(g.VG.LV(s.Pool)) == nil {
			return &Error{Op: "check", VG: s.VG, Pool: s.Pool, Err: lvm.ErrNotFound}
		}
		p, err := thin.OpenPool(h.Conn, dm.ByUUID(lvm.DeviceUUID(g.VG.ID, g.VG.LV(s.Pool).ID, lvm.LayerThinPool)))
		if err != nil {
			return err
		}
		switch reserveErr := p.ReserveMetadataSnapshot(); {
		case reserveErr == nil:
			defer func() { err = errors.Join(err, p.ReleaseMetadataSnapshot()) }()
		case !errors.Is(reserveErr, syscall.EBUSY): // somebody else's will do
			return reserveErr
		}
		if c, err = newChecked(g, s); err != nil {
			return err
		}
		c.Snapshot = true
		return c.read(ctx, g, (*metadata.Metadata).CheckHeld, (*metadata.Metadata).HeldTrees)
	})
	return c, err
}

// checkOffline checks metadata that nobody writes to.
func checkOffline(ctx context.Context, g *lvm.DiskVG, s *State) (*Checked, error) {
	c, err := newChecked(g, s)
	if err != nil {
		return nil, err
	}
	own := func(m *metadata.Metadata) (*metadata.Trees, error) { return m.Trees(), nil }
	return c, c.read(ctx, g, (*metadata.Metadata).Check, own)
}

func newChecked(g *lvm.DiskVG, s *State) (*Checked, error) {
	content, err := g.PoolMetadata(s.Pool)
	if err != nil {
		return nil, fault("check", s, err)
	}
	return &Checked{State: s, Size: content.Size()}, nil
}

// read checks the pool's metadata. Its error is that of ctx, or
// [metadata.ErrNoSnapshot] where somebody gave the snapshot up.
func (c *Checked) read(ctx context.Context, g *lvm.DiskVG,
	check func(*metadata.Metadata, context.Context) (*metadata.Report, error), choose func(*metadata.Metadata) (*metadata.Trees, error),
) error {
	content, err := g.PoolMetadata(c.State.Pool)
	if err != nil {
		return fault("check", c.State, err)
	}
	return c.readFrom(ctx, g.VG, content, check, choose)
}

func (c *Checked) readFrom(ctx context.Context, vg *lvm.VG, content *lvm.LVContent,
	check func(*metadata.Metadata, context.Context) (*metadata.Report, error), choose func(*metadata.Metadata) (*metadata.Trees, error),
) error {
	m, err := metadata.Open(content, content.Size())
	if err != nil {
		c.Err, c.Fresh = err, blank(content)
		c.compare(vg, nil)
		return nil
	}
	if c.Report, err = check(m, ctx); err != nil {
		return fault("check", c.State, err)
	}
	trees, err := choose(m)
	if err != nil {
		trees = nil // which is among the faults
	}
	c.compare(vg, trees)
	return nil
}

// blank reports whether the first block is zeros.
func blank(r io.ReaderAt) bool {
	var block, zeros [metadata.BlockSize]byte
	n, err := r.ReadAt(block[:], 0)
	return err == nil && n == len(block) && block == zeros
}

// inactive fails with [lvm.ErrInUse] where the kernel has something of a pool, or the
// VG's spare, that is about to be written around it.
func (h Host) inactive(vg *lvm.VG, s *State) error {
	if h.Conn == nil {
		return nil
	}
	lv := vg.LV(s.Pool)
	t := poolOf(lv)
	uuids := map[string]string{lvm.DeviceUUID(vg.ID, lv.ID, lvm.LayerThinPool): s.Pool}
	add := func(lv *lvm.LV) {
		for _, layer := range []lvm.Layer{lvm.LayerNone, lvm.LayerThinMeta} {
			uuids[lvm.DeviceUUID(vg.ID, lv.ID, layer)] = lv.Name
		}
	}
	for _, other := range vg.LVs {
		if other.Name == t.Metadata || isSpare(other) {
			add(other)
		}
	}
	for uuid, name := range uuids {
		_, err := h.Conn.Device(dm.ByUUID(uuid)).Info()
		switch {
		case err == nil:
			return &lvm.OpError{Op: "repair pool", Object: s.VG + "/" + s.Pool, Err: lvm.ErrInUse, Reason: name + " is active"}
		case !errors.Is(err, fs.ErrNotExist):
			return fault("ask the kernel about", s, err)
		}
	}
	return nil
}

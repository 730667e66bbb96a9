package lvm

import (
	"strings"

	"github.com/rok-storage/rok/units"
)

// resizable is an LV whose size is to change, and what that touches.
type resizable struct {
	user    *member   // what the user sees
	space   *member   // whose segments change
	virtual bool      // it has a size, and no extents
	pool    *member   // the thin pool whose data or metadata it is
	tmeta   bool      // metadata
	pair    *Snapshot // it is a copy-on-write store
	origin  *LV       // of that
	copied  bool      // it has copy-on-write snapshots
}

// resized looks up what resizing m means.
func (b *Batch) resized(m *member) (*resizable, error) {
	if err := b.complete(); err != nil {
		return nil, err
	}
	if err := b.notHeld(m); err != nil {
		return nil, err
	}
	if err := b.settled(m); err != nil {
		return nil, err
	}
	if isSpare(m.lv) {
		return nil, refuse(ErrInUse, "the spare grows with the pools' metadata")
	}
	t := &resizable{user: m, space: m}
	external := false
	b.links.each(m.lv.Name, func(user *member, as role) bool {
		switch as {
		case rolePoolData:
			t.pool = user
		case rolePoolMetadata:
			t.pool, t.tmeta = user, true
		case roleExternal:
			external = true
		case roleOrigin:
			t.copied = true
		case roleCOW:
			t.pair, _ = segmentOf[*Snapshot](user.lv)
			if origin := b.names[t.pair.Origin]; origin != nil {
				t.origin = origin.lv
			}
		}
		return true
	})
	if external {
		return nil, refuse(ErrInUse, "it is an external origin")
	}
	if len(m.lv.Segments) == 0 {
		return nil, refuse(ErrNotSupported, "it has no segments")
	}
	switch pool := m.lv.Segments[0].Type.(type) {
	case *ThinPool:
		t.pool = m
		if t.space = b.names[pool.Data]; t.space == nil {
			return nil, &Fault{Object: "LV", Name: m.lv.Name, What: "its data is not there", Err: ErrReference}
		}
	case *Thin, Zero, Error:
		t.virtual = true
	}
	return t, nil
}

func (t *resizable) size() Extents { return t.space.lv.Size() }

// reducible refuses what lvm2 does not reduce.
func (t *resizable) reducible() error {
	switch {
	case t.tmeta:
		return refuse(ErrInUse, "a thin pool's metadata cannot be reduced")
	case t.pool != nil:
		return refuse(ErrInUse, "a thin pool cannot be reduced")
	case t.copied:
		return refuse(ErrInUse, "it has copy-on-write snapshots")
	}
	return nil
}

// boundary rounds n up, so that a striped segment keeps whole stripes.
func (t *resizable) boundary(n Extents) Extents {
	for i := range t.space.lv.Segments {
		s := &t.space.lv.Segments[i]
		if striped, ok := s.Type.(*Striped); ok && s.Start < n && n < s.Start+s.Length {
			stripes := Extents(len(striped.Areas))
			return s.Start + (n-s.Start+stripes-1)/stripes*stripes
		}
	}
	return n
}

// mostOf is how many extents t may have, where there is a limit below that of
// all LVs.
func (b *Batch) mostOf(t *resizable) (most Extents, limited bool) {
	switch {
	case t.tmeta:
		return toExtents(maxMetadata, b.vg.ExtentSize), true
	case t.pair != nil && t.origin != nil:
		return b.cowMost(t.origin, t.pair.ChunkSize), true
	}
	return 0, false
}

// follow makes what belongs to t say the size that it has now.
func (b *Batch) follow(t *resizable) {
	switch {
	case t.pool == nil:
	case t.tmeta:
		setCrop(&b.edit(t.pool).Segments[0], units.Sectors(t.space.lv.Size())*b.vg.ExtentSize)
	default:
		b.edit(t.pool).Segments[0].Length = t.space.lv.Size()
	}
}

// extendVirtual makes an LV larger that has no extents.
func (b *Batch) extendVirtual(t *resizable, op *ExtendLV) error {
	if len(t.user.lv.Segments) > 1 {
		return refuse(ErrNotSupported, "its segments are of several types")
	}
	n, _, err := op.newEnd(b, t)
	if err != nil {
		return err
	}
	lv := b.edit(t.user)
	more := stripeFit(n-lv.Size(), max(op.Stripes, 1), false, 0) // lvm2 rounds, all the same
	lv.Segments[len(lv.Segments)-1].Length += more
	return nil
}

// isSpare reports whether lv is the VG's spare for a pool's metadata:
// lib/format_text/import_vsn1.c tells it by its name.
func isSpare(lv *LV) bool { return !lv.Visible() && strings.Contains(lv.Name, spareSuffix) }

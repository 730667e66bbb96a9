package lvm

import (
	"errors"
	"syscall"

	"github.com/rok-storage/rok/units"
)

// ExtendLV makes an LV larger: To what size, or By how much. One of them is
// given. Shares are of VG, FREE, PVS, LV or ORIGIN, and are rounded up.
//
// A linear or striped LV gets extents: a thin pool's are those of its data. A
// thin volume has a larger size, and nothing else. A copy-on-write snapshot has
// more room for changes.
type ExtendLV struct {
	Name   string
	To, By Amount
	// Stripes and StripeSize are of the new part. Zero: those of the segments
	// that are there, where they agree.
	Stripes    int
	StripeSize units.Sectors
	Allocation Allocation // for this time; AllocInherit: the LV's
	Place      Place
}

func (op ExtendLV) about(vg *VG) (string, string) { return "extend LV", vg.Name + "/" + op.Name }

func (op ExtendLV) apply(b *Batch) (string, error) {
	m, err := b.find(op.Name)
	if err != nil {
		return "", err
	}
	t, err := b.resized(m)
	if err != nil {
		return "", err
	}
	if err := checkPolicy(op.Allocation); err != nil {
		return "", err
	}
	if op.To.isZero() == op.By.isZero() {
		return "", refuse(ErrInvalid, "want one of To and By")
	}
	if t.virtual {
		return op.Name, b.extendVirtual(t, &op)
	}
	return op.Name, b.extendOn(t, &op)
}

// newEnd returns the number of extents that the LV is to have, and whether less
// will do, as in _lvresize_params of tools/lvresize.c.
func (op *ExtendLV) newEnd(b *Batch, t *resizable) (n Extents, share bool, err error) {
	amount, old := op.To, t.size()
	if !op.By.isZero() {
		amount = op.By
	}
	n, err = amount.extents(b.vg.ExtentSize, b.whole(&op.Place, t.user.lv, t.origin), roundUp, roundUp)
	if err != nil {
		return 0, false, err
	}
	of := ""
	if amount.Extents == 0 {
		of = amount.Size.Of
	}
	share = of == "FREE" || op.By.isZero() && (of == "VG" || of == "PVS")
	if !op.By.isZero() {
		n += old
	} else if of == "VG" {
		n = min(n, b.vgFree()+old)
	}
	if most, ok := b.mostOf(t); ok && n > most && old <= most {
		n = most // lvm2 does so, too
	}
	switch {
	case n < old:
		return 0, false, refuse(ErrInvalid, "%d extents are less than its %d", n, old)
	case n == old:
		return 0, false, refuse(ErrUnchanged, "it has %d extents", old)
	case n > maxExtents:
		return 0, false, refuse(ErrLimit, "%d extents", n)
	}
	return n, share, nil
}

// extendOn gives t more extents.
func (b *Batch) extendOn(t *resizable, op *ExtendLV) error {
	lv := t.space.lv
	n, share, err := op.newEnd(b, t)
	if err != nil {
		return err
	}
	stripes, stripeSize, err := b.moreStripes(lv, op)
	if err != nil {
		return err
	}
	d := &demand{
		share: share, stripes: stripes, stripeSize: stripeSize,
		policy: b.policy(op.Allocation, t.user.lv.Allocation), place: &op.Place, lv: lv,
	}
	old := lv.Size()
	d.extents = stripeFit(n-old, stripes, share, b.vgFree())
	if d.extents == 0 {
		return refuse(ErrUnchanged, "%d free extents are no %d stripes", n-old, stripes)
	}
	spare := t.tmeta && len(op.Place.PVs) == 0 // lvm2 leaves it as it is where PVs are named
	if spare {
		d.spare, d.fits = b.lacks(old+d.extents, true), b.metadataFits(d)
	}
	found, err := b.locate(d)
	if err != nil {
		return err
	}
	b.takeSegments(found.segments)
	if spare { // its extents come behind these
		if _, err := b.growSpare(old+d.extents, true, &op.Place); err != nil {
			b.giveSegments(found.segments)
			if !errors.Is(err, syscall.ENOSPC) {
				return err
			}
			list, err := b.candidates(&op.Place)
			if err != nil {
				return err
			}
			return b.noSpace(d, list)
		}
	}
	lv = b.edit(t.space)
	for _, s := range found.segments {
		lv.Segments = appendSegment(lv.Segments, s)
	}
	b.follow(t)
	return nil
}

// metadataFits reports whether a pool's metadata could get so much more, and the
// spare with it.
func (b *Batch) metadataFits(d *demand) func(n Extents) bool {
	return func(n Extents) bool {
		smaller := *d
		smaller.extents, smaller.share = n, false
		list, err := b.candidates(d.place)
		if err != nil {
			return false
		}
		found := b.search(&smaller, list)
		if found == nil {
			return false
		}
		b.takeSegments(found.segments)
		defer b.giveSegments(found.segments)
		return b.withSpare(d.lv.Size()+n, true, d.place, func() bool { return true })
	}
}

// moreStripes returns the stripes of the new part: _lvresize_adjust_extents of
// lib/metadata/lv_manip.c.
func (b *Batch) moreStripes(lv *LV, op *ExtendLV) (int, units.Sectors, error) {
	stripes, size := op.Stripes, op.StripeSize
	if stripes == 1 || stripes > 1 && size > 0 {
		return b.stripes(stripes, size)
	}
	var last *Striped
	for i := range lv.Segments {
		t, ok := lv.Segments[i].Type.(*Striped)
		if !ok {
			continue
		}
		if last != nil && (op.Stripes == 0 && len(last.Areas) != len(t.Areas) ||
			op.StripeSize == 0 && last.StripeSize != t.StripeSize && last.StripeSize > 0 && t.StripeSize > 0) {
			return 0, 0, refuse(ErrInvalid, "its segments differ: say how many stripes, and of which size")
		}
		last = t
	}
	if last != nil {
		if stripes == 0 {
			stripes = len(last.Areas)
		}
		if size == 0 {
			size = last.StripeSize
		}
	}
	return b.stripes(stripes, size)
}

package lvm

import (
	"errors"
	"math"
)

// Op is a change of a VG, as a value: CreateLV, RemoveLV, RenameVG and so on.
// An Op does all of what it says, or is refused with an [*OpError] and does
// nothing.
type Op interface {
	// about is what an error says of it.
	about(vg *VG) (op, object string)
	// apply returns the name of the LV, or what else was made or changed.
	apply(b *Batch) (string, error)
}

// Stamp is who makes LVs, and when. What it leaves empty is not written.
type Stamp struct {
	Time int64  // seconds since 1970
	Host string // uname -n; both are written, or none
	// NewID makes the identities; nil is [NewID].
	NewID func() ID
}

// Batch applies operations to a VG one after the other, and keeps what they
// look things up in: a thousand of them cost not much more than reading the VG
// once. It is for one goroutine. The VG that it began with is never changed.
type Batch struct {
	vg    VG // but for its lists of PVs and LVs
	stamp Stamp

	pvs   []*PV
	space []*freeSpace // of pvs

	members []*member          // the LVs in the order of the text, new ones last
	names   map[string]*member // those that are there
	links   links
	visible int // LVs that count against MaxLV; -1: to be counted

	numbers map[string]int64         // the highest number of an automatic name, by prefix
	pools   map[*member]*transaction // of the pools that this batch has to do with
	spareOf *member                  // a cache of spare
	lastPV  int                      // a cache of pvIndex
}

// member is an LV of the batch.
type member struct {
	lv   *LV
	own  bool // lv was made by this batch, and is in no VG that it returned
	gone bool
}

// Apply returns vg after ops, or the error of the first that was refused.
func Apply(vg *VG, stamp Stamp, ops ...Op) (*VG, error) {
	b, err := NewBatch(vg, stamp)
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if _, err := b.Do(op); err != nil {
			return nil, err
		}
	}
	return b.VG(), nil
}

// NewBatch begins a batch. It refuses a VG that may not be changed, with
// [ErrReadOnly], and one whose parts do not fit together, with a [*Fault].
func NewBatch(vg *VG, stamp Stamp) (*Batch, error) {
	if err := changeable(vg); err != nil {
		return nil, err
	}
	if stamp.NewID == nil {
		stamp.NewID = NewID
	}
	b := &Batch{vg: *vg, stamp: stamp, visible: -1}
	b.vg.PVs, b.vg.LVs = nil, nil
	if err := b.index(vg); err != nil {
		return nil, &OpError{Op: "change VG", Object: vg.Name, Err: err}
	}
	return b, nil
}

// Do applies op. It returns the name of the LV that was made, as it may have
// been chosen, or of the object that was changed. Where op is refused, with an
// [*OpError], the batch is as it was, and may go on.
func (b *Batch) Do(op Op) (string, error) {
	name, err := op.apply(b)
	if err == nil {
		return name, nil
	}
	var refused *OpError
	if !errors.As(err, &refused) {
		refused = &OpError{Err: err}
	}
	if refused.Op == "" {
		refused.Op, refused.Object = op.about(&b.vg)
	}
	return "", refused
}

// VG returns the VG as it is after the operations so far. The batch may go on.
func (b *Batch) VG() *VG {
	vg := b.vg
	vg.PVs = append([]*PV(nil), b.pvs...)
	if len(b.names) > 0 {
		vg.LVs = make([]*LV, 0, len(b.names))
	}
	for _, m := range b.members {
		m.own = false
		if !m.gone {
			vg.LVs = append(vg.LVs, m.lv)
		}
	}
	vg.LVs = vg.printOrder()
	return &vg
}

// maxExtents is how many extents a VG or an LV may have: lvm2 counts them in
// 32 bits (MAX_EXTENT_COUNT, lib/metadata/metadata-exported.h).
const maxExtents Extents = math.MaxUint32

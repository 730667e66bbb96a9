package lvm

import (
	"math/bits"

	"github.com/rok-storage/rok/units"
)

const (
	maxStripes = 128 // MAX_STRIPES, lib/metadata/metadata-exported.h
	// minStripe is a page, which lvm2 wants stripes to have: STRIPE_SIZE_MIN.
	minStripe units.Sectors = 8
	// defaultStripe is metadata/stripesize of lvm2: DEFAULT_STRIPESIZE, lib/config/defaults.h.
	defaultStripe units.Sectors = 128
)

// CreateLV creates a linear or striped LV.
type CreateLV struct {
	Name string // empty: lvolN, as lvm2 numbers them
	// Size is absolute, or a share of VG, FREE or PVS, which is what is free on
	// the PVs of Place. Of a share, lvm2 takes what there is where it is less.
	Size       Amount
	Stripes    int           // 0: 1
	StripeSize units.Sectors // a power of two; 0: 64 KiB; at most an extent

	Place Place
	Options
}

// Options are what any new LV may be given. The zero value is a volume that is
// read and written.
type Options struct {
	ID             ID // zero: a new one
	Tags           []string
	Allocation     Allocation // AllocInherit: the VG's, also when that changes
	ReadOnly       bool
	ReadAhead      ReadAhead
	ActivationSkip bool
	NoAutoActivate bool
}

func (op CreateLV) about(vg *VG) (string, string) { return "create LV", vg.Name + "/" + op.Name }

func (op CreateLV) apply(b *Batch) (string, error) {
	name, err := b.newName(op.Name, &op.Options)
	if err != nil {
		return "", err
	}
	d := &demand{policy: b.policy(op.Allocation, ""), place: &op.Place}
	if err = b.newStripes(op.Stripes, op.StripeSize, d, op.Allocation); err != nil {
		return "", err
	}
	if err = b.newSize(op.Size, d); err != nil {
		return "", err
	}
	found, err := b.locate(d)
	if err != nil {
		return "", err
	}
	b.takeSegments(found.segments)
	lv := b.newLV(name, true)
	op.Options.set(lv)
	lv.Segments = found.segments
	b.add(lv)
	return name, nil
}

// newName checks what all new volumes of the user's have.
func (b *Batch) newName(name string, o *Options) (string, error) {
	name, err := b.lvName(name)
	if err != nil {
		return "", err
	}
	if err := b.complete(); err != nil {
		return "", err
	}
	if err := b.room(); err != nil {
		return "", err
	}
	if err := checkPolicy(o.Allocation); err != nil {
		return "", err
	}
	if _, err := changeTags(nil, o.Tags, nil); err != nil {
		return "", err
	}
	if err := checkReadAhead(o.ReadAhead); err != nil {
		return "", err
	}
	if !o.ID.IsZero() {
		for _, m := range b.names {
			if m.lv.ID == o.ID {
				return "", refuse(ErrExists, "ID of %s", m.lv.Name)
			}
		}
	}
	return name, nil
}

// set gives lv the options.
func (o *Options) set(lv *LV) {
	if !o.ID.IsZero() {
		lv.ID = o.ID
	}
	for _, tag := range o.Tags {
		lv.Tags = addTag(lv.Tags, tag)
	}
	lv.Allocation, lv.ReadAhead = storedPolicy(o.Allocation), o.ReadAhead
	if o.ReadOnly {
		lv.Status = lv.Status.Without(FlagWrite)
	}
	if o.ActivationSkip {
		lv.Flags = lv.Flags.With(FlagActivationSkip)
	}
	if o.NoAutoActivate {
		lv.Flags = lv.Flags.With(FlagNoAutoActivate)
	}
}

// stripes checks the number and the size of stripes. Whether there are as many
// PVs is the allocator's to say.
func (b *Batch) stripes(n int, size units.Sectors) (int, units.Sectors, error) {
	if n <= 1 && n >= 0 {
		return 1, 0, nil
	}
	if n < 0 || n > maxStripes {
		return 0, 0, refuse(ErrInvalid, "%d stripes, of at most %d", n, maxStripes)
	}
	if size == 0 {
		size = defaultStripe
	}
	if size < minStripe || bits.OnesCount64(uint64(size)) != 1 {
		return 0, 0, refuse(ErrInvalid, "stripe size %d sectors is no power of two from %d on", size, minStripe)
	}
	return n, min(size, b.vg.ExtentSize), nil
}

// newStripes is stripes for a new LV with that policy. lvm2 lets nothing but
// the LV's own policy, anywhere, put two stripes on a PV; not the VG's.
func (b *Batch) newStripes(n int, size units.Sectors, d *demand, own Allocation) (err error) {
	if d.stripes, d.stripeSize, err = b.stripes(n, size); err != nil {
		return err
	}
	if d.stripes == 1 || d.policy != AllocAnywhere || own == AllocAnywhere {
		return nil
	}
	pvs := len(b.pvs) // of which lvm2 counts those that are not allocatable, too
	if len(d.place.PVs) > 0 {
		list, err := b.candidates(d.place)
		if err != nil {
			return err
		}
		pvs = len(list)
	}
	if d.stripes > pvs {
		return refuse(ErrInvalid, "%d stripes, and %d PVs: ask for allocation anywhere", n, pvs)
	}
	return nil
}

// newSize sets the size of a new LV.
func (b *Batch) newSize(size Amount, d *demand) error {
	if size.isZero() {
		return refuse(ErrInvalid, "no size")
	}
	n, err := size.extents(b.vg.ExtentSize, b.whole(d.place, nil, nil), roundUp, roundDown)
	if err != nil {
		return err
	}
	free := b.vgFree()
	d.share = size.Extents == 0 && size.Size.Percent > 0
	if d.share && size.Size.Of == "VG" {
		n = min(n, free)
	}
	d.extents = stripeFit(n, d.stripes, d.share, free)
	if d.extents == 0 {
		return refuse(ErrInvalid, "%v of what there is comes to no extent", size.Size)
	}
	return nil
}

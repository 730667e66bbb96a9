package lvm

import (
	"math"
	"math/bits"

	"github.com/rok-storage/rok/units"
)

const (
	defaultExtent units.Sectors = 4 << 20 / units.SectorSize // DEFAULT_EXTENT_SIZE, lib/config/defaults.h
	// oddExtent is what an extent is a multiple of that is no power of two:
	// MIN_NON_POWER2_EXTENT_SIZE, lib/metadata/metadata-exported.h.
	oddExtent units.Sectors = 128 << 10 / units.SectorSize
)

// CreateVG is a new VG.
type CreateVG struct {
	Name           string
	ID             ID            // zero: a new one
	ExtentSize     units.Sectors // a power of two, or a multiple of 128 KiB; 0: 4 MiB
	MaxLV, MaxPV   uint32        // 0: no limit
	Allocation     Allocation    // AllocInherit: normal
	SystemID       string        // the host that it is to belong to
	MetadataCopies uint32        // 0: in all metadata areas
	NoAutoActivate bool
	Tags           []string
	PVs            []NewPV // at least one
}

// NewVG returns a new VG. It was never written: its Seqno is 0.
func NewVG(req CreateVG, stamp Stamp) (*VG, error) {
	vg, err := newVG(&req, stamp)
	if err != nil {
		return nil, err.as("create VG", req.Name)
	}
	return vg, nil
}

func newVG(req *CreateVG, stamp Stamp) (*VG, *OpError) {
	if err := CheckVGName(req.Name); err != nil {
		return nil, &OpError{Err: err}
	}
	vg := &VG{
		Name: req.Name, ID: req.ID, Format: "lvm2",
		Status:   Flags{FlagResizeable, FlagRead, FlagWrite},
		SystemID: req.SystemID, ExtentSize: req.ExtentSize, MaxLV: req.MaxLV, MaxPV: req.MaxPV,
		MetadataCopies: req.MetadataCopies,
	}
	if vg.ID.IsZero() && stamp.NewID != nil {
		vg.ID = stamp.NewID()
	} else if vg.ID.IsZero() {
		vg.ID = NewID()
	}
	if vg.ExtentSize == 0 {
		vg.ExtentSize = defaultExtent
	}
	if e := vg.ExtentSize; e > math.MaxUint32 || bits.OnesCount64(uint64(e)) != 1 && e%oddExtent != 0 {
		return nil, refuse(ErrInvalid, "extent size %d sectors is no power of two and no multiple of %d", e, oddExtent)
	}
	if err := checkPolicy(req.Allocation); err != nil {
		return nil, err.(*OpError)
	}
	vg.Allocation = vgPolicy(req.Allocation)
	if req.SystemID != "" {
		vg.setSystemID(req.SystemID)
	}
	if req.NoAutoActivate {
		vg.Flags = vg.Flags.With(FlagNoAutoActivate)
	}
	tags, err := changeTags(nil, req.Tags, nil)
	if err != nil {
		return nil, err.(*OpError)
	}
	vg.Tags = tags
	if len(req.PVs) == 0 {
		return nil, refuse(ErrInvalid, "no PVs")
	}
	b := &Batch{vg: *vg}
	if err := b.addPVs(req.PVs); err != nil {
		return nil, err.(*OpError)
	}
	vg.PVs = b.pvs
	return vg, nil
}

// vgPolicy is what the text has for a VG's policy, where normal has no words.
func vgPolicy(p Allocation) Allocation {
	if p == AllocNormal {
		return AllocInherit
	}
	return storedPolicy(p)
}

// setSystemID gives the VG to a host. Versions of lvm2 that know no such VGs
// then find it read-only.
func (vg *VG) setSystemID(id string) {
	vg.SystemID = id
	vg.Status = vg.Status.set(FlagWrite, id == "")
	vg.Flags = vg.Flags.set(FlagWriteLocked, id != "")
}

// RenameVG gives the VG another name. Its devices are called after it.
type RenameVG struct{ To string }

func (op RenameVG) about(vg *VG) (string, string) { return "rename VG", vg.Name }

func (op RenameVG) apply(b *Batch) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	if op.To == b.vg.Name {
		return "", refuse(ErrUnchanged, "the names are the same")
	}
	if err := CheckVGName(op.To); err != nil {
		return "", &OpError{Err: err}
	}
	for name := range b.names {
		if err := checkFit(op.To, name); err != nil {
			return "", &OpError{Err: err}
		}
	}
	b.vg.Name = op.To
	return op.To, nil
}

// ChangeVG changes the VG. What is nil stays. As in lvm2, some of it is refused
// with [ErrUnchanged] where it is so already, and then nothing is done.
type ChangeVG struct {
	Allocation     *Allocation
	Resizeable     *bool
	AutoActivate   *bool
	MaxLV, MaxPV   *uint32
	MetadataCopies *uint32
	SystemID       *string
	ID             *ID // a new identity: no LV may be active
}

func (op ChangeVG) about(vg *VG) (string, string) { return "change VG", vg.Name }

func (op ChangeVG) apply(b *Batch) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	vg := b.vg
	if p := op.Allocation; p != nil {
		if err := checkPolicy(*p); err != nil {
			return "", err
		}
		switch {
		case *p == AllocInherit:
			return "", refuse(ErrInvalid, "a VG inherits no policy")
		case vgPolicy(*p) == vgPolicy(vg.Allocation):
			return "", refuse(ErrUnchanged, "allocation policy")
		}
		vg.Allocation = vgPolicy(*p)
	}
	if op.Resizeable != nil {
		if vg.Status.Has(FlagResizeable) == *op.Resizeable {
			return "", refuse(ErrUnchanged, "resizeable")
		}
		vg.Status = vg.Status.set(FlagResizeable, *op.Resizeable)
	}
	if op.AutoActivate != nil {
		if vg.Flags.Has(FlagNoAutoActivate) != *op.AutoActivate {
			return "", refuse(ErrUnchanged, "autoactivation")
		}
		vg.Flags = vg.Flags.set(FlagNoAutoActivate, !*op.AutoActivate)
	}
	if err := op.limits(b, &vg); err != nil {
		return "", err
	}
	if op.MetadataCopies != nil {
		vg.MetadataCopies = *op.MetadataCopies
	}
	if op.SystemID != nil {
		vg.setSystemID(*op.SystemID)
	}
	if op.ID != nil {
		vg.ID = *op.ID
	}
	b.vg = vg
	return vg.Name, nil
}

func (op *ChangeVG) limits(b *Batch, vg *VG) error {
	if (op.MaxLV != nil || op.MaxPV != nil) && !vg.Status.Has(FlagResizeable) {
		return refuse(ErrReadOnly, "it is not resizeable, and its limits stay")
	}
	if op.MaxLV != nil {
		if n := b.visibleLVs(); *op.MaxLV != 0 && n > int(*op.MaxLV) {
			return refuse(ErrLimit, "it has %d LVs", n)
		}
		vg.MaxLV = *op.MaxLV
	}
	if op.MaxPV != nil {
		if n := len(b.pvs); *op.MaxPV != 0 && n > int(*op.MaxPV) {
			return refuse(ErrLimit, "it has %d PVs", n)
		}
		vg.MaxPV = *op.MaxPV
	}
	return nil
}

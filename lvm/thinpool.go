package lvm

import (
	"cmp"
	"errors"
	"slices"
	"syscall"

	"github.com/rok-storage/rok/units"
)

// What a pool does with discards: seg_get_discards, lib/metadata/thin_manip.c.
const (
	DiscardsIgnore     = "ignore"
	DiscardsNoPassdown = "nopassdown"
	DiscardsPassdown   = "passdown"
)

const (
	dataSuffix     = "_tdata"
	metadataSuffix = "_tmeta"
	spareSuffix    = "_pmspare"
)

// CreateThinPool creates a thin pool: its data, its metadata, and the VG's spare
// for the metadata, which is as large as the largest.
//
// The metadata that it gets must be all zeros in the first block, or formatted,
// before it is activated.
type CreateThinPool struct {
	Name string // empty: lvolN
	// Size is the data's; a share as in [CreateLV]. Of a share of FREE or PVS
	// twice the metadata is left.
	Size       Amount
	Stripes    int // of the data; 0: 1
	StripeSize units.Sectors
	// ChunkSize is a multiple of 64 KiB, up to 1 GiB. Zero: 64 KiB, or as much more
	// as lvm2 takes so that the metadata is not above 128 MiB.
	ChunkSize units.Sectors
	// MetadataSize is absolute. Zero: 64 bytes a chunk, at least 2 MiB.
	MetadataSize  Amount
	NoSpare       bool
	Discards      string // empty: "passdown"
	NoZeroing     bool   // new blocks are not zeroed
	ErrorWhenFull bool   // else I/O waits for space

	Place Place
	Options
}

func (op CreateThinPool) about(vg *VG) (string, string) {
	return "create thin pool", vg.Name + "/" + op.Name
}

func (op CreateThinPool) apply(b *Batch) (string, error) {
	if err := cmp.Or(b.complete(), checkDiscards(op.Discards)); err != nil {
		return "", err
	}
	if op.ReadOnly {
		return "", refuse(ErrInvalid, "a thin pool cannot be read-only")
	}
	name := op.Name
	if name != "" { // an automatic one comes behind the spare's
		if _, err := b.poolName(name, &op.Options); err != nil {
			return "", err
		}
	}
	d := &demand{policy: b.policy(op.Allocation, ""), place: &op.Place}
	var err error
	if err = b.newStripes(op.Stripes, op.StripeSize, d, op.Allocation); err != nil {
		return "", err
	}
	shape, err := b.poolShape(&op, d)
	if err != nil {
		return "", err
	}
	d.extents, d.metadata, d.share = shape.data, shape.metadata, shape.share
	d.spare, d.fits = b.lacks(shape.metadata, !op.NoSpare), b.poolFits(&op, d)
	list, err := b.candidates(&op.Place)
	if err != nil {
		return "", err
	}
	if shape.none {
		return "", b.noSpace(d, list)
	}
	spare, err := b.growSpare(shape.metadata, !op.NoSpare, &op.Place)
	if errors.Is(err, syscall.ENOSPC) {
		return "", b.noSpace(d, list)
	}
	if err != nil {
		return "", err
	}
	if name == "" {
		if name, err = b.poolName("", &op.Options); err != nil {
			spare.undo(b)
			return "", err
		}
	}
	if found := b.search(d, list); found != nil {
		b.addPool(name, &op, shape, found)
		return name, nil
	}
	spare.undo(b)
	return "", b.noSpace(d, list)
}

// poolFits reports whether op could make a pool with so much data: less of it
// takes less metadata.
func (b *Batch) poolFits(op *CreateThinPool, d *demand) func(n Extents) bool {
	return func(n Extents) bool {
		try, smaller := *op, *d
		try.Size = Amount{Extents: n}
		shape, err := b.poolShape(&try, &smaller)
		if err != nil {
			return false
		}
		smaller.extents, smaller.metadata, smaller.share = shape.data, shape.metadata, false
		return b.withSpare(shape.metadata, !op.NoSpare, &op.Place, func() bool {
			list, err := b.candidates(&op.Place)
			return err == nil && b.search(&smaller, list) != nil
		})
	}
}

// poolName is newName for a pool, whose parts' names must be free too.
func (b *Batch) poolName(name string, o *Options) (string, error) {
	name, err := b.newName(name, o)
	if err != nil {
		return "", err
	}
	return name, cmp.Or(b.free(name+metadataSuffix), b.free(name+dataSuffix))
}

// addPool makes the LVs of a pool, in lvm2's order.
func (b *Batch) addPool(name string, op *CreateThinPool, shape *poolShape, found *extentsFound) {
	b.takeSegments(found.segments)
	b.takeSegments(found.metadata)
	data, metadata := b.newLV(name+dataSuffix, false), b.newLV(name+metadataSuffix, false)
	data.Segments, metadata.Segments = found.segments, found.metadata
	lv := b.newLV(name, true)
	op.Options.set(lv)
	if op.ErrorWhenFull {
		lv.Flags = lv.Flags.With(FlagErrorWhenFull)
	}
	pool := &ThinPool{
		Metadata: metadata.Name, Data: data.Name, ChunkSize: shape.chunk,
		Discards: cmp.Or(op.Discards, DiscardsPassdown), ZeroNewBlocks: !op.NoZeroing,
	}
	lv.Segments = []Segment{{Length: data.Size(), Type: pool}}
	setCrop(&lv.Segments[0], units.Sectors(shape.metadata)*b.vg.ExtentSize)
	b.add(lv)
	b.add(metadata)
	b.add(data)
}

func checkDiscards(word string) error {
	if !slices.Contains([]string{"", DiscardsIgnore, DiscardsNoPassdown, DiscardsPassdown}, word) {
		return refuse(ErrInvalid, "discards %q", word)
	}
	return nil
}

// setCrop marks a pool whose metadata is larger than what lvm2 used of it
// before it knew better: then all of it is used, and older versions must not
// touch the pool.
func setCrop(s *Segment, metadata units.Sectors) {
	if metadata <= croppedMetadata || s.Flags.Has(FlagCropMetadata) {
		return
	}
	pool := *s.Type.(*ThinPool)
	pool.CropMetadata = new(bool)
	s.Type = &pool
	s.Flags = s.Flags.With(FlagCropMetadata)
}

package lvm

import (
	"math/bits"

	"github.com/rok-storage/rok/units"
)

const (
	minCOWChunk     units.Sectors = 8    // 4 KiB
	maxCOWChunk     units.Sectors = 1024 // 512 KiB
	exceptionBytes                = 16   // struct disk_exception, drivers/md/dm-snap-persistent.c
	fewestCOWChunks               = 3    // header, exceptions, one chunk
)

// CreateCOWSnapshot creates a classic snapshot: an LV that keeps what is
// written over in its origin.
type CreateCOWSnapshot struct {
	Origin string
	Name   string // empty: lvolN
	// Size is that of the store: absolute, or a share of ORIGIN (100 is always
	// enough), VG, FREE or PVS. What the origin cannot fill is not taken.
	Size       Amount
	ChunkSize  units.Sectors // a power of two from 4 KiB to 512 KiB; 0: 4 KiB
	Stripes    int
	StripeSize units.Sectors

	Place Place
	Options
}

func (op CreateCOWSnapshot) about(vg *VG) (string, string) {
	return "create snapshot", vg.Name + "/" + op.Name
}

func (op CreateCOWSnapshot) apply(b *Batch) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	origin, err := b.find(op.Origin)
	if err != nil {
		return "", refuse(ErrNotFound, "origin %s", op.Origin)
	}
	if err := b.mayBeOrigin(origin); err != nil {
		return "", err
	}
	chunk := max(op.ChunkSize, minCOWChunk)
	if op.ChunkSize != 0 && (op.ChunkSize < minCOWChunk || op.ChunkSize > maxCOWChunk || bits.OnesCount64(uint64(op.ChunkSize)) != 1) {
		return "", refuse(ErrInvalid, "chunk size %d sectors is no power of two from %d to %d", op.ChunkSize, minCOWChunk, maxCOWChunk)
	}
	name, err := b.newName(op.Name, &op.Options)
	if err != nil {
		return "", err
	}
	d := &demand{policy: b.policy(op.Allocation, ""), place: &op.Place}
	if err = b.newStripes(op.Stripes, op.StripeSize, d, op.Allocation); err != nil {
		return "", err
	}
	if err := b.cowSize(&op, d, origin.lv, chunk); err != nil {
		return "", err
	}
	pair := b.automaticName("snapshot", "")
	if err := b.free(pair); err != nil {
		return "", err
	}
	found, err := b.locate(d)
	if err != nil {
		return "", err
	}
	b.takeSegments(found.segments)
	cow := b.newLV(name, false) // it is seen through its pair
	op.Options.set(cow)
	cow.Segments = found.segments
	b.add(cow)
	lv := b.newLV(pair, true)
	lv.Segments = []Segment{{Length: origin.lv.Size(), Type: &Snapshot{ChunkSize: chunk, Origin: origin.lv.Name, COW: name}}}
	b.add(lv)
	return name, nil
}

// mayBeOrigin refuses what lvm2 takes no copy-on-write snapshots of.
func (b *Batch) mayBeOrigin(m *member) error {
	if err := b.notHeld(m); err != nil {
		return err
	}
	if err := b.settled(m); err != nil {
		return err
	}
	if _, ok := segmentOf[*ThinPool](m.lv); ok {
		return refuse(ErrNotSupported, "%s is a thin pool", m.lv.Name)
	}
	if b.pairOf(m.lv.Name) != nil {
		return refuse(ErrNotSupported, "%s is a snapshot", m.lv.Name)
	}
	if !m.lv.Visible() {
		return refuse(ErrNotSupported, "%s is a part of another LV", m.lv.Name)
	}
	return nil
}

// cowSize sets the size of a store: _update_extents_params of
// lib/metadata/lv_manip.c.
func (b *Batch) cowSize(op *CreateCOWSnapshot, d *demand, origin *LV, chunk units.Sectors) error {
	if op.Size.isZero() {
		return refuse(ErrInvalid, "no size")
	}
	parts := roundDown
	if op.Size.Size.Of == "ORIGIN" {
		parts = roundUp
	}
	n, err := op.Size.extents(b.vg.ExtentSize, b.whole(d.place, nil, origin), roundUp, parts)
	if err != nil {
		return err
	}
	d.share = op.Size.Extents == 0 && op.Size.Size.Percent > 0
	most := b.cowMost(origin, chunk)
	switch {
	case !d.share:
	case op.Size.Size.Of == "ORIGIN":
		n += most - origin.Size() // what describes the changes
	case op.Size.Size.Of == "VG":
		n = min(n, b.vgFree())
	}
	d.extents = stripeFit(min(n, most), d.stripes, d.share, b.vgFree())
	fewest := toExtents(fewestCOWChunks*chunk, b.vg.ExtentSize)
	if d.extents < fewest {
		return refuse(ErrInvalid, "%d extents: a snapshot has at least %d", d.extents, fewest)
	}
	d.fewest = fewest
	return nil
}

// cowMost is the largest store that an origin can fill: cow_max_extents of
// lib/metadata/snapshot_manip.c. In front is a chunk with the header; for each
// chunk of exceptions there is one that describes them, and one more ends them.
func (b *Batch) cowMost(origin *LV, chunk units.Sectors) Extents {
	chunks := units.Sectors(toExtents(units.Sectors(origin.Size())*b.vg.ExtentSize, chunk))
	perArea := chunk * units.SectorSize / exceptionBytes
	return toExtents((chunks+2+chunks/perArea)*chunk, b.vg.ExtentSize)
}

// pairOf returns the snapshot whose store the LV is, or nil.
func (b *Batch) pairOf(name string) (pair *Snapshot) {
	if len(b.links[name]) == 0 {
		return nil
	}
	b.links.each(name, func(user *member, as role) bool {
		if as == roleCOW {
			pair, _ = segmentOf[*Snapshot](user.lv)
		}
		return pair == nil
	})
	return pair
}

package lvm

import (
	"slices"

	"github.com/rok-storage/rok/units"
)

// GrowMetadataSpare makes the VG's spare for the metadata of pools have at least so
// many extents, or makes it where there is none. It is refused with [ErrUnchanged]
// where it has them, and with a [*NoSpaceError].
type GrowMetadataSpare struct{ To Extents }

func (op GrowMetadataSpare) about(vg *VG) (string, string) {
	return "grow metadata spare of VG", vg.Name
}

func (op GrowMetadataSpare) apply(b *Batch) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	if b.lacks(op.To, true) == 0 {
		return "", refuse(ErrUnchanged, "it has %d extents", op.To)
	}
	if _, err := b.growSpare(op.To, true, &Place{}); err != nil {
		return "", err
	}
	return b.spare().lv.Name, nil
}

// SwapPoolMetadata makes the VG's spare the metadata of a pool, and keeps what that
// was as a volume POOL_metaN, N being the first number behind those that are taken.
// The name of that is returned. A new spare as large is made where there is room.
//
// The pool must not be active, and the spare must hold its metadata: what
// lvconvert --repair leaves behind. As there, the names and IDs stay where they
// were, and the extents change places.
type SwapPoolMetadata struct{ Pool string }

func (op SwapPoolMetadata) about(vg *VG) (string, string) {
	return "swap metadata of pool", vg.Name + "/" + op.Pool
}

func (op SwapPoolMetadata) apply(b *Batch) (string, error) {
	m, err := b.thinPool(op.Pool)
	if err != nil {
		return "", err
	}
	if err := b.complete(); err != nil {
		return "", err
	}
	if err := b.notHeld(m); err != nil {
		return "", err
	}
	if err := b.settled(m); err != nil {
		return "", err
	}
	if err := b.room(); err != nil {
		return "", err
	}
	t, ok := segmentOf[*ThinPool](m.lv)
	if !ok {
		return "", refuse(ErrNotSupported, "it is no thin pool")
	}
	metadata, spare := b.names[t.Metadata], b.spare()
	switch {
	case metadata == nil || !onPVs(metadata.lv):
		return "", refuse(ErrNotSupported, "its metadata is not on PVs alone")
	case spare == nil:
		return "", refuse(ErrNotFound, "the VG has no metadata spare")
	case !onPVs(spare.lv):
		return "", refuse(ErrNotSupported, "the metadata spare is not on PVs alone")
	}
	name := b.automaticName(op.Pool+"_meta", "")
	if err := b.free(name); err != nil {
		return "", err
	}
	inside, outside := b.edit(metadata), b.edit(spare)
	b.count(outside, -1)
	inside.Segments, outside.Segments = outside.Segments, inside.Segments
	outside.Status = outside.Status.With(FlagVisible)
	b.count(outside, 1)
	b.spareOf = nil
	setCrop(&b.edit(m).Segments[0], units.Sectors(inside.Size())*b.vg.ExtentSize)
	// As in lvm2 the new one does not get the old one's name, which is still taken.
	if _, err := b.growSpare(inside.Size(), true, &Place{}); err != nil {
		b.spareOf = nil // without one it goes on: lvm2 does so, too
	}
	b.rename(spare, name)
	// In the order of the text each stays with its extents.
	i, j := slices.Index(b.members, metadata), slices.Index(b.members, spare)
	b.members[i], b.members[j] = spare, metadata
	return name, nil
}

// SetPoolTransaction makes the text agree with a pool's metadata of the given
// transaction id. Messages that the pool has yet to be told stay, and are for the
// transaction that follows.
type SetPoolTransaction struct {
	Pool string
	ID   uint64
}

func (op SetPoolTransaction) about(vg *VG) (string, string) {
	return "set transaction id of", vg.Name + "/" + op.Pool
}

func (op SetPoolTransaction) apply(b *Batch) (string, error) {
	m, err := b.thinPool(op.Pool)
	if err != nil {
		return "", err
	}
	t, ok := segmentOf[*ThinPool](m.lv)
	if !ok {
		return "", refuse(ErrNotSupported, "it is no thin pool")
	}
	id := op.ID
	if len(t.Messages) > 0 {
		id++
	}
	if t.TransactionID == id {
		return "", refuse(ErrUnchanged, "it is %d", id)
	}
	delete(b.pools, m)
	pool := *t
	pool.TransactionID = id
	b.edit(m).Segments[0].Type = &pool
	return op.Pool, nil
}

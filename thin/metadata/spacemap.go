package metadata

import "encoding/binary"

const smRootSize = 32 // sizeof(struct disk_sm_root)

// SpaceMapRoot is struct disk_sm_root of persistent-data/dm-space-map-common.h:
// the reference counts of Blocks blocks. The superblock has 128 bytes for it; in
// those past the struct, the kernel writes whatever its memory held.
type SpaceMapRoot struct {
	Blocks    uint64
	Allocated uint64 // blocks with a reference count that is not 0
	// BitmapRoot is, for the data space map, a btree from number to index
	// entry; for the metadata space map, one block that holds all entries.
	BitmapRoot uint64
	// RefCountRoot is a btree from block to count, for counts above 2.
	RefCountRoot uint64
}

func decodeSpaceMapRoot(b []byte) SpaceMapRoot {
	le := binary.LittleEndian
	return SpaceMapRoot{
		Blocks:       le.Uint64(b),
		Allocated:    le.Uint64(b[8:]),
		BitmapRoot:   le.Uint64(b[16:]),
		RefCountRoot: le.Uint64(b[24:]),
	}
}

func appendSpaceMapRoot(b []byte, r SpaceMapRoot) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, r.Blocks)
	b = le.AppendUint64(b, r.Allocated)
	b = le.AppendUint64(b, r.BitmapRoot)
	return le.AppendUint64(b, r.RefCountRoot)
}

// bitmaps is the number of bitmap blocks that r's blocks need.
func (r SpaceMapRoot) bitmaps() uint64 {
	n := r.Blocks / bitmapEntries
	if r.Blocks%bitmapEntries != 0 {
		n++
	}
	return n
}

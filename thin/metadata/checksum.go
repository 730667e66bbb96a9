package metadata

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A salt is what a kind of block XORs into its checksum, so that a block of one
// kind is not taken for another.
type salt uint32

const (
	superblockSalt salt = 160774 // SUPERBLOCK_CSUM_XOR, dm-thin-metadata.c
	nodeSalt       salt = 121107 // BTREE_CSUM_XOR, persistent-data/dm-btree-spine.c
	bitmapSalt     salt = 240779 // BITMAP_CSUM_XOR, persistent-data/dm-space-map-common.c
	indexSalt      salt = 160478 // INDEX_CSUM_XOR, persistent-data/dm-space-map-common.c
)

// castagnoli is the table of crc32c. The package crc32 makes it once, at the
// first call: programs that import this package and never check a block do not
// pay for it.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// checksum is dm_bm_checksum of persistent-data/dm-block-manager.c over all of
// block but its first four bytes, which hold the result. The kernel's
// crc32c does not invert its result; Go's does, hence the complement.
func checksum(block []byte, s salt) uint32 {
	return ^crc32.Checksum(block[4:BlockSize], castagnoli()) ^ uint32(s)
}

// seal stores block's checksum in its first four bytes.
func seal(block []byte, s salt) {
	binary.LittleEndian.PutUint32(block, checksum(block, s))
}

// verify checks what every kind of block begins with: the checksum, and
// at offset 8 the block's own number.
func verify(block []byte, at uint64, record string, s salt) error {
	if want, found := checksum(block, s), binary.LittleEndian.Uint32(block); want != found {
		return corrupt(at, record, "checksum", fmt.Sprintf("%#08x", want), fmt.Sprintf("%#08x", found))
	}
	if found := binary.LittleEndian.Uint64(block[8:]); found != at {
		return corrupt(at, record, "block number", at, found)
	}
	return nil
}

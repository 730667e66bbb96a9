package metadata

import (
	"encoding/binary"
	"fmt"
)

const (
	nodeHeaderSize = 32 // sizeof(struct node_header)
	keySize        = 8

	// Node flags: enum node_flags, persistent-data/dm-btree-internal.h.
	flagInternal = 1 << 0
	flagLeaf     = 1 << 1
)

// node is struct btree_node of persistent-data/dm-btree-internal.h: a header,
// room for maxEntries keys, and the values after that room. An internal node's values are
// block numbers. It is a view of the block that it was decoded from.
type node struct {
	block     []byte
	leaf      bool
	entries   int
	max       int
	valueSize int
}

// maxEntries is how many entries the kernel lets a node with such values hold:
// the most that fit, rounded down to a multiple of three
// (calc_max_entries, persistent-data/dm-btree.c).
func maxEntries(valueSize int) int {
	return (BlockSize - nodeHeaderSize) / (keySize + valueSize) / 3 * 3
}

// decodeNode reads the node in metadata block at, whose leaves hold values of
// leafSize bytes. It checks everything that can be told from the node alone and
// that makes the node safe to read: not the keys.
func decodeNode(block []byte, at uint64, record string, leafSize int) (node, error) {
	if err := verify(block, at, record, nodeSalt); err != nil {
		return node{}, err
	}
	le := binary.LittleEndian
	n := node{block: block}
	want := leafSize
	switch flags := le.Uint32(block[4:]); flags {
	case flagInternal:
		want = keySize // a block number
	case flagLeaf:
		n.leaf = true
	default:
		return node{}, corrupt(at, record, "flags", "1 (internal) or 2 (leaf)", flags)
	}
	entries, most, size := le.Uint32(block[16:]), le.Uint32(block[20:]), le.Uint32(block[24:])
	switch limit := maxEntries(want); {
	case size != uint32(want):
		return node{}, corrupt(at, record, "value size", want, size)
	case most != uint32(limit):
		return node{}, corrupt(at, record, "max entries", limit, most)
	case entries > most:
		return node{}, corrupt(at, record, "entries", fmt.Sprintf("at most %d", limit), entries)
	}
	if found := le.Uint32(block[28:]); found != 0 {
		return node{}, corrupt(at, record, "padding", 0, found)
	}
	n.entries, n.max, n.valueSize = int(entries), int(most), want
	return n, nil
}

func (n node) key(i int) uint64 {
	return binary.LittleEndian.Uint64(n.block[nodeHeaderSize+i*keySize:])
}

func (n node) value(i int) []byte {
	start := nodeHeaderSize + n.max*keySize + i*n.valueSize
	return n.block[start : start+n.valueSize]
}

// value64 is entry i of a node whose values are 64-bit numbers.
func (n node) value64(i int) uint64 { return binary.LittleEndian.Uint64(n.value(i)) }

// appendNode appends the whole block, which is to lie in block at: keys and
// their values, valueSize bytes each.
func appendNode(b []byte, at uint64, leaf bool, valueSize int, keys []uint64, values []byte) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, BlockSize)...)
	block := b[start:]
	flags := uint32(flagInternal)
	if leaf {
		flags = flagLeaf
	}
	le.PutUint32(block[4:], flags)
	le.PutUint64(block[8:], at)
	le.PutUint32(block[16:], uint32(len(keys)))
	le.PutUint32(block[20:], uint32(maxEntries(valueSize)))
	le.PutUint32(block[24:], uint32(valueSize))
	for i, key := range keys {
		le.PutUint64(block[nodeHeaderSize+i*keySize:], key)
	}
	copy(block[nodeHeaderSize+maxEntries(valueSize)*keySize:], values)
	seal(block, nodeSalt)
	return b
}

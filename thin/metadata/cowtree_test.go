package metadata

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// cowTree makes mapping trees the way that the kernel does: nodes that are in a
// snapshot are not changed but copied, and all that was not changed stays shared.
// Blocks begin at 1; they have no superblock and no space maps.
type cowTree struct {
	image []byte
	// mine are the blocks that were made since the last snapshot.
	mine map[uint64]bool
}

func newCowTree() *cowTree { return &cowTree{image: make([]byte, BlockSize), mine: map[uint64]bool{}} }

// snapshot makes what is there unchangeable.
func (c *cowTree) snapshot() { clear(c.mine) }

// cowNode is a node's content.
type cowNode struct {
	leaf         bool
	keys, values []uint64
}

func (c *cowTree) read(block uint64) cowNode {
	b := c.image[block*BlockSize:][:BlockSize]
	n, err := decodeNode(b, block, "node", keySize)
	if err != nil {
		panic(err)
	}
	out := cowNode{leaf: n.leaf}
	for i := range n.entries {
		out.keys, out.values = append(out.keys, n.key(i)), append(out.values, n.value64(i))
	}
	return out
}

// write puts n into block, or into a new one where that is shared.
func (c *cowTree) write(block uint64, n cowNode) uint64 {
	if !c.mine[block] {
		block = uint64(len(c.image) / BlockSize)
		c.image = append(c.image, make([]byte, BlockSize)...)
		c.mine[block] = true
	}
	var values []byte
	for _, v := range n.values {
		values = binary.LittleEndian.AppendUint64(values, v)
	}
	copy(c.image[block*BlockSize:], appendNode(nil, block, n.leaf, keySize, n.keys, values))
	return block
}

// set maps key to data in the tree at root (0: a new one), and returns the root that
// it has then.
func (c *cowTree) set(root, key, data uint64) uint64 {
	value := BlockTime{Block: data}.Pack()
	if root == 0 {
		return c.write(0, cowNode{leaf: true, keys: []uint64{key}, values: []uint64{value}})
	}
	left, right, split := c.insert(root, key, value)
	if right == 0 {
		return left
	}
	first := c.read(left).keys[0]
	return c.write(0, cowNode{keys: []uint64{first, split}, values: []uint64{left, right}})
}

// insert returns the block that replaces block, and, where it was full, the second
// half's and its first key.
func (c *cowTree) insert(block, key, value uint64) (left, right, split uint64) {
	n := c.read(block)
	i, found := slices.BinarySearch(n.keys, key)
	switch {
	case n.leaf && found:
		n.values[i] = value
	case n.leaf:
		n.keys, n.values = slices.Insert(n.keys, i, key), slices.Insert(n.values, i, value)
	default:
		if !found {
			i = max(i-1, 0)
		}
		var more, at uint64
		n.keys[i] = min(n.keys[i], key)
		n.values[i], more, at = c.insert(n.values[i], key, value)
		if more != 0 {
			n.keys, n.values = slices.Insert(n.keys, i+1, at), slices.Insert(n.values, i+1, more)
		}
	}
	if len(n.keys) <= maxEntries(keySize) {
		return c.write(block, n), 0, 0
	}
	half := len(n.keys) / 2
	second := cowNode{leaf: n.leaf, keys: n.keys[half:], values: n.values[half:]}
	first := cowNode{leaf: n.leaf, keys: n.keys[:half], values: n.values[:half]}
	return c.write(block, first), c.write(0, second), second.keys[0]
}

// metadata opens what was made; its trees lead nowhere.
func (c *cowTree) metadata(t testing.TB) *Trees {
	t.Helper()
	sb := Superblock{Version: Version, DataBlockSize: 128, MetadataBlockSize: BlockSize / units.SectorSize,
		DataSpaceMap: SpaceMapRoot{Blocks: 1 << 30}}
	copy(c.image, AppendSuperblock(nil, sb))
	m, err := Open(bytes.NewReader(c.image), units.Bytes(len(c.image)))
	require.NoError(t, err)
	return m.Trees()
}

// blocksBelow are the blocks of the tree at root.
func blocksBelow(t testing.TB, image []byte, root uint64) map[uint64]bool {
	t.Helper()
	all := map[uint64]bool{}
	var visit func(block uint64)
	visit = func(n uint64) {
		if all[n] {
			return
		}
		all[n] = true
		if node := readNode(t, image, n); !node.leaf {
			for i := range node.entries {
				visit(node.value64(i))
			}
		}
	}
	visit(root)
	return all
}

// differing counts the blocks that only one of two trees has. With a block, its
// ancestors are among them.
func differing(t testing.TB, image []byte, left, right uint64) int {
	a, b := blocksBelow(t, image, left), blocksBelow(t, image, right)
	n := 0
	for block := range a {
		if !b[block] {
			n++
		}
	}
	for block := range b {
		if !a[block] {
			n++
		}
	}
	return n
}

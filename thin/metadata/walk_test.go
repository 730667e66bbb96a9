package metadata

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWalkFaults changes nodes and makes their checksums right again: what is
// found is then the structure.
func TestWalkFaults(t *testing.T) {
	le := binary.LittleEndian
	key := func(n node, i int, k uint64) { le.PutUint64(n.block[nodeHeaderSize+i*keySize:], k) }
	value := func(n node, i int, v uint64) { le.PutUint64(n.value(i), v) }
	// In restored-deep, device 0 has the tree root -> leaves, and is the first of its
	// top leaf, below the mapping root.
	tests := []struct {
		name   string
		change func(image []byte, sb Superblock, mapping, top, root, leaf node)
		fault  string
	}{
		{"loop to itself", func(_ []byte, _ Superblock, _, top, root, _ node) { value(root, 3, top.value64(0)) },
			"loop: expected a child, found an ancestor"},
		{"loop over the levels", func(_ []byte, sb Superblock, _, _, root, _ node) { value(root, 3, sb.MappingRoot) },
			"kind: expected mapping node, found device mapping node"},
		{"loop in the top", func(_ []byte, sb Superblock, mapping, _, _, _ node) { value(mapping, 1, sb.MappingRoot) },
			"loop: expected a child, found an ancestor"},
		{"child is the superblock", func(_ []byte, _ Superblock, _, _, root, _ node) { value(root, 3, 0) },
			"child 3: expected a metadata block, found 0"},
		{"child past the end", func(_ []byte, _ Superblock, _, _, root, _ node) { value(root, 3, 1<<40) },
			"child 3: expected a metadata block, found 1099511627776"},
		{"child is free space", func(_ []byte, _ Superblock, _, _, root, _ node) { value(root, 3, 1020) }, "checksum"},
		{"child twice", func(_ []byte, _ Superblock, _, _, root, _ node) { value(root, 3, root.value64(4)) },
			"mapping node): keys: expected in "},
		{"device root past the end", func(_ []byte, _ Superblock, _, top, _, _ node) { value(top, 5, 1<<40) },
			"root of device 15: expected a metadata block"},
		{"two devices, one root", func(_ []byte, _ Superblock, _, top, _, _ node) { value(top, 5, top.value64(6)) },
			"references to metadata block"},
		{"entries above max", func(_ []byte, _ Superblock, _, _, _, leaf node) { le.PutUint32(leaf.block[16:], 253) },
			"entries: expected at most 252, found 253"},
		{"no entries", func(_ []byte, _ Superblock, _, _, _, leaf node) { le.PutUint32(leaf.block[16:], 0) },
			"entries: expected at least 84, found 0"},
		{"internal root without entries", func(_ []byte, _ Superblock, _, _, root, _ node) { le.PutUint32(root.block[16:], 0) },
			"entries: expected at least 1, found 0"},
		{"max entries", func(_ []byte, _ Superblock, _, _, _, leaf node) { le.PutUint32(leaf.block[20:], 249) },
			"max entries: expected 252, found 249"},
		{"huge max entries", func(_ []byte, _ Superblock, _, _, _, leaf node) { le.PutUint64(leaf.block[16:], 1<<64-1) },
			"max entries: expected 252, found 4294967295"},
		{"value size", func(_ []byte, _ Superblock, _, _, _, leaf node) { le.PutUint32(leaf.block[24:], 4) },
			"value size: expected 8, found 4"},
		{"padding", func(_ []byte, _ Superblock, _, _, _, leaf node) { leaf.block[28] = 9 }, "padding: expected 0, found 9"},
		{"both flags", func(_ []byte, _ Superblock, _, _, _, leaf node) { leaf.block[4] = 3 }, "flags: expected 1 (internal) or 2 (leaf), found 3"},
		{"block number", func(_ []byte, _ Superblock, _, _, _, leaf node) { leaf.block[8]++ }, "block number: expected"},
		{"key order", func(_ []byte, _ Superblock, _, _, _, leaf node) { key(leaf, 7, leaf.key(6)) }, "key 7: expected more than"},
		{"key below the parent's", func(_ []byte, _ Superblock, _, _, root, _ node) { key(root, 1, root.key(1)+1) },
			"keys: expected in"},
		{"key above the next parent's", func(_ []byte, _ Superblock, _, _, root, leaf node) { key(leaf, leaf.entries-1, root.key(2)) },
			"keys: expected in"},
		{"data block past the end", func(_ []byte, _ Superblock, _, _, _, leaf node) { value(leaf, 9, 50000<<24) },
			"data block: expected less than 50000, found 50000 (device 0, blocks"},
		{"data block mapped twice", func(_ []byte, _ Superblock, _, _, _, leaf node) { value(leaf, 9, leaf.value64(10)) },
			"references to data block"},
		{"device in one tree only", func(_ []byte, _ Superblock, _, top, _, _ node) { key(top, 5, 16) },
			"device 16: expected present, found missing (device 16)"},
		{"mapped blocks", func(image []byte, sb Superblock, _, _, _, _ node) {
			n := readNode(t, image, sb.DetailsRoot)
			for !n.leaf {
				n = readNode(t, image, n.value64(0))
			}
			value(n, 0, 19999)
			seal(n.block, nodeSalt)
		}, "mapped blocks: expected 20000, found 19999 (device 0)"},
		{"device id", func(image []byte, sb Superblock, _, _, _, _ node) {
			n := readNode(t, image, sb.DetailsRoot)
			for !n.leaf {
				n = readNode(t, image, n.value64(n.entries-1))
			}
			key(n, n.entries-1, MaxDeviceID+1)
			seal(n.block, nodeSalt)
		}, "device id: expected at most 16777215, found 16777216"},
		{"details root past the end", func(image []byte, _ Superblock, _, _, _, _ node) {
			le.PutUint64(image[328:], 1<<33)
			seal(image, superblockSalt)
		}, "root of the device details nodes: expected a metadata block"},
		{"mapping root is the details root", func(image []byte, sb Superblock, _, _, _, _ node) {
			le.PutUint64(image[320:], sb.DetailsRoot)
			seal(image, superblockSalt)
		}, "kind: expected device mapping node, found device details node"},
		{"held root is a node", func(image []byte, sb Superblock, _, _, _, _ node) {
			le.PutUint64(image[56:], sb.DetailsRoot)
			seal(image, superblockSalt)
		}, "kind: expected superblock, found device details node elsewhere"},
		{"held root is free", func(image []byte, _ Superblock, _, _, _, _ node) {
			le.PutUint64(image[56:], 1020)
			seal(image, superblockSalt)
		}, "magic: expected 27022010, found 0"},
	}
	clean := fixture(t, "restored-deep")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			image := append([]byte(nil), clean...)
			sb, err := DecodeSuperblock(block(image, 0), 0)
			require.NoError(t, err)
			mapping := readNode(t, image, sb.MappingRoot)
			require.False(t, mapping.leaf)
			top := readNode(t, image, mapping.value64(0))
			require.True(t, top.leaf)
			root := readNode(t, image, top.value64(0))
			require.False(t, root.leaf)
			leaf := readNode(t, image, root.value64(1))
			require.True(t, leaf.leaf)
			test.change(image, sb, mapping, top, root, leaf)
			for _, n := range []node{mapping, top, root, leaf} {
				seal(n.block, nodeSalt)
			}

			report, err := check(t, image)
			require.NoError(t, err)
			require.ErrorIs(t, report.Err(), ErrCorrupt)
			require.ErrorContains(t, report.Err(), test.fault)
			require.LessOrEqual(t, len(report.Faults), maxListed)
		})
	}
}

// TestWalkDepth builds a chain of nodes that is deeper than the kernel can follow.
func TestWalkDepth(t *testing.T) {
	for _, depth := range []int{maxDepth, maxDepth + 1} {
		image := fixture(t, "restored-deep")
		const first = 600
		for level := range depth {
			// The next node is the first child; the others point nowhere.
			keys, values := make([]uint64, 84), make([]byte, 84*keySize)
			for i := 1; i < len(keys); i++ {
				keys[i] = uint64((100-level)*100 + i)
			}
			at := uint64(first + level)
			binary.LittleEndian.PutUint64(values, at+1)
			copy(block(image, at), appendNode(nil, at, level == depth-1, keySize, keys, values))
		}
		reached := false
		c := newChecker(openImage(t, image))
		w := &walk{check: c, kind: mappingNode, valueSize: keySize, leaf: nopLeaf(&reached)}
		_, err := w.tree(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, depth <= maxDepth, reached, "depth %d", depth)
		require.Equal(t, depth > maxDepth, c.report.Faults[0].What == "depth", c.report.Faults[0])
	}
}

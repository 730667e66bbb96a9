package metadata

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// TestHostileTrees reads trees that no kernel makes. Every node is well formed, so that
// what ends it is what the cursor asks of its place.
func TestHostileTrees(t *testing.T) {
	fan := func(c *cowTree, child uint64) uint64 {
		n := cowNode{}
		for i := range uint64(252) {
			n.keys, n.values = append(n.keys, i*1000), append(n.values, child)
		}
		return c.write(0, n)
	}
	leafOf := func(keys ...uint64) cowNode {
		return cowNode{leaf: true, keys: keys, values: make([]uint64, len(keys))}
	}
	tests := []struct {
		name  string
		build func(c *cowTree) uint64
		want  string // of one of the errors
		reads uint64 // at most
	}{
		{"a loop", func(c *cowTree) uint64 {
			leaf := c.write(0, leafOf(0))
			root := c.write(0, cowNode{keys: []uint64{0, 10}, values: []uint64{leaf, leaf}})
			return c.write(root, cowNode{keys: []uint64{0, 10}, values: []uint64{leaf, root}})
		}, "loop", 3},
		{"fan-out over 60 levels", func(c *cowTree) uint64 {
			root := c.write(0, leafOf(0))
			for range 60 {
				root = fan(c, root)
			}
			return root
		}, "keys", 60 * 253},
		{"too deep", func(c *cowTree) uint64 {
			root := c.write(0, leafOf(0))
			for range 100 {
				root = c.write(0, cowNode{keys: []uint64{0}, values: []uint64{root}})
			}
			return root
		}, "depth", 64},
		{"leaves at two depths", func(c *cowTree) uint64 {
			a, b := c.write(0, leafOf(0)), c.write(0, leafOf(10))
			b = c.write(0, cowNode{keys: []uint64{10}, values: []uint64{b}})
			return c.write(0, cowNode{keys: []uint64{0, 10}, values: []uint64{a, b}})
		}, "level of an internal node", 3},
		{"overlapping keys", func(c *cowTree) uint64 {
			a, b := c.write(0, leafOf(0, 10, 20)), c.write(0, leafOf(15, 30))
			return c.write(0, cowNode{keys: []uint64{0, 15}, values: []uint64{a, b}})
		}, "keys: expected in 0..14, found 0..20", 3},
		{"an empty leaf below", func(c *cowTree) uint64 {
			a := c.write(0, leafOf())
			return c.write(0, cowNode{keys: []uint64{0}, values: []uint64{a}})
		}, "entries", 2},
		{"no root", func(*cowTree) uint64 { return 0 }, "place", 0},
		{"a root past the end", func(*cowTree) uint64 { return 1 << 40 }, "place", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCowTree()
			root := test.build(c)
			trees := c.metadata(t)
			start := time.Now()
			d := ThinDevice{ID: 7, Root: root}
			var errs error
			for _, err := range trees.m.Mappings(d) {
				errs = errors.Join(errs, err)
			}
			require.ErrorIs(t, errs, ErrCorrupt)
			require.ErrorContains(t, errs, test.want)
			require.ErrorContains(t, errs, "(device 7, blocks ")

			cursor := trees.m.mappingCursor(d)
			for !cursor.done() {
				if cursor.inLeaf() {
					cursor.skip()
				} else {
					_, _ = cursor.enter()
				}
			}
			require.LessOrEqual(t, cursor.reads, test.reads)
			requireEnds(t, c.image, d)
			require.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

// requireEnds compares d with itself behind another root, and with nothing.
func requireEnds(t *testing.T, image []byte, d ThinDevice) {
	c := &cowTree{image: bytes.Clone(image), mine: map[uint64]bool{}}
	empty := c.write(0, cowNode{leaf: true})
	above := c.write(0, cowNode{keys: []uint64{0}, values: []uint64{d.Root}})
	m, err := Open(bytes.NewReader(c.image), units.Bytes(len(c.image)))
	require.NoError(t, err)
	for _, other := range []uint64{empty, above, d.Root} {
		for _, same := range []bool{false, true} {
			for _, sides := range [][2]uint64{{d.Root, other}, {other, d.Root}} {
				left, right := ThinDevice{ID: 1, Root: sides[0]}, ThinDevice{ID: 2, Root: sides[1]}
				for _, err := range m.Trees().Delta(left, right, DeltaOptions{Same: same}).Changes() {
					if err != nil {
						require.ErrorIs(t, err, ErrCorrupt)
					}
				}
			}
		}
	}
}

package metadata

// relativeHeight tells by how many levels the root of the tree a is above that of b,
// before either is read. A node does not say how high it is. But a block that both
// trees share is as high in the one as in the other, and one is nearly always found
// among the children of the roots; where it is not, the next nodes on the way to the
// first leaves are looked at, which then differ and would be read anyway.
//
// Both cursors are before their roots afterwards, and keep what they read. Damage is
// left to be found again.
func relativeHeight(a, b *cursor) int {
	if a.root == b.root {
		return 0
	}
	c := [2]*cursor{a, b}
	depths := [2]map[uint64]int{{a.root: 0}, {b.root: 0}}
	defer a.rewind()
	defer b.rewind()
	for {
		// The one with fewer children first: a tree that has grown by a level has
		// a root of two.
		i := 0
		if a.bottom() || !b.bottom() && b.children() < a.children() {
			i = 1
		}
		if c[i].bottom() {
			return a.leafDepth - b.leafDepth
		}
		if _, err := c[i].enter(); err != nil {
			return 0
		}
		if c[i].bottom() {
			continue
		}
		n := c[i].top().node
		for k := range n.entries {
			child := n.value64(k)
			depths[i][child] = c[i].depth
			if other, ok := depths[1-i][child]; ok {
				if i == 0 {
					return c[i].depth - other
				}
				return other - c[i].depth
			}
		}
	}
}

// bottom reports whether there is nothing to enter below.
func (c *cursor) bottom() bool { return c.done() || c.inLeaf() }

// children is the number of entries of the node that was entered last, 0 before the
// root.
func (c *cursor) children() int {
	if c.depth == 0 {
		return 0
	}
	return c.top().node.entries
}

package metadata

import "iter"

// Mappings goes through what d maps, in the order of its virtual blocks, as the
// longest runs. Memory is independent of their number. Each metadata block is
// checked as it is read; that data blocks lie on the data device, is not.
//
// Damage comes as a [CorruptError] that names the virtual blocks that are lost, and
// what is behind it follows.
func (m *Metadata) Mappings(d ThinDevice) iter.Seq2[Mapping, error] {
	return func(yield func(Mapping, error) bool) { m.mappingCursor(d).mappings()(yield) }
}

// mappings goes through what is behind c, which stands before a root.
func (c *cursor) mappings() iter.Seq2[Mapping, error] {
	return func(yield func(Mapping, error) bool) {
		var run Mapping
		for !c.done() {
			if !c.inLeaf() {
				_, err := c.enter()
				if err == nil {
					continue
				}
				if run.Length > 0 && !yield(run, nil) || !yield(Mapping{}, err) {
					return
				}
				run = Mapping{}
				continue
			}
			n := c.top().node
			for i := range n.entries {
				to := UnpackBlockTime(n.value64(i))
				next := Mapping{Virtual: n.key(i), Data: to.Block, Length: 1, Time: to.Time}
				if run.Length > 0 && run.Join(next) {
					continue
				}
				if run.Length > 0 && !yield(run, nil) {
					return
				}
				run = next
			}
			c.skipNode()
		}
		if run.Length > 0 {
			yield(run, nil)
		}
	}
}

func (m *Metadata) mappingCursor(d ThinDevice) *cursor {
	c := m.newCursor(d.Root, mappingNode, keySize, nil)
	c.device = d.ID
	c.scope = func(e *CorruptError, keys Range) {
		e.Devices, e.Blocks = NewRange(c.device, c.device), keys
	}
	return c
}

// restart puts a cursor of mappings before the root of another device, with the
// memory that it has. What both share on the way to the first leaf stays read.
func (c *cursor) restart(d ThinDevice) {
	c.device, c.root, c.leafDepth = d.ID, d.Root, 0
	c.rewind()
}

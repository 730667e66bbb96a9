package metadata

import "fmt"

// readNode reads the node at block into buf and checks all that can be told from
// it and from the keys that its parent allows it: the checksum, the header, and
// the order and the range of its keys. The node is a view of buf.
func (m *Metadata) readNode(buf []byte, block uint64, kind blockKind, valueSize int, keys Range) (node, error) {
	record := kind.String()
	if err := m.readBlock(buf, block, record); err != nil {
		return node{}, err
	}
	n, err := decodeNode(buf, block, record, valueSize)
	if err != nil {
		return node{}, err
	}
	return n, n.checkKeys(block, kind, keys)
}

// checkKeys checks the order of the keys and that they are all in keys.
func (n node) checkKeys(block uint64, kind blockKind, keys Range) error {
	if n.entries == 0 {
		return nil
	}
	last := n.key(0)
	for i := 1; i < n.entries; i++ {
		key := n.key(i)
		if key <= last {
			return corrupt(block, kind.String(), fmt.Sprintf("key %d", i), fmt.Sprintf("more than %d", last), key)
		}
		last = key
	}
	return within(block, kind, blockState{first: n.key(0), last: last, entries: 1}, keys)
}

// childKeys are the keys that the child at entry i of n may hold, where n itself may
// hold those up to last.
func (n node) childKeys(i int, last uint64) Range {
	if i+1 < n.entries {
		last = n.key(i+1) - 1
	}
	return NewRange(n.key(i), last)
}

package metadata

// leafCopies is what a Writer knows of nodes that it has copied from other metadata,
// so that those which devices shared there are shared again.
type leafCopies struct {
	copies []uint32 // by block of the other metadata: where the copy of a leaf lies; 0: there is none
	roots  map[uint64]copiedRoot
	shared *tally // references to a block beyond the first
	keys   []uint64
	values []byte
}

// copiedRoot is the tree of a device, all of which was copied.
type copiedRoot struct{ root, mapped uint64 }

// maxCopiedRoots bounds leafCopies.roots: further devices share leaves only.
const maxCopiedRoots = 1 << 20

// shareFrom prepares w for copies of nodes of metadata of as many blocks. From now on, what
// is needed is known by what was done: past the end of the device, all goes on, and
// is not written.
func (w *Writer) shareFrom(blocks uint64) {
	w.leafCopies = leafCopies{
		copies: make([]uint32, min(blocks, maxMetadataBlock)),
		roots:  map[uint64]copiedRoot{},
		shared: newTally(maxIndexEntries),
	}
	w.over = false
}

// hopeless reports whether no metadata device can hold what w was told.
func (w *Writer) hopeless() bool { return w.blocks.next > maxMetadataBlock }

// leaf adds all mappings of n, which is block old of the other metadata and at least
// a third full. They are known to be in order, behind those before, and inside
// the data device.
func (w *Writer) leaf(old uint64, n node) {
	w.detail.MappedBlocks += uint64(n.entries)
	w.mapped += uint64(n.entries)
	last := n.key(n.entries - 1)
	w.end, w.full = last+1, last+1 == 0
	w.mappings.adopt(old, n, w)
}

// place makes a copy of n, or one more reference to the one that there is.
func (w *Writer) place(old uint64, n node) uint64 {
	known := old < uint64(len(w.copies)) // of a device larger than any pool uses, not all are
	if known && w.copies[old] != 0 {
		at := uint64(w.copies[old])
		w.refer(at)
		return at
	}
	w.merged(n)
	w.keys, w.values = w.keys[:0], w.values[:0]
	for i := range n.entries {
		w.keys, w.values = append(w.keys, n.key(i)), append(w.values, n.value(i)...)
	}
	at := w.blocks.put(func(buf []byte, at uint64) []byte {
		return appendNode(buf, at, true, n.valueSize, w.keys, w.values)
	})
	if known {
		w.copies[old] = uint32(at)
	}
	return at
}

// merged counts that a new leaf maps what n does.
func (w *Writer) merged(n node) {
	for i := range n.entries {
		w.data.inc(UnpackBlockTime(n.value64(i)).Block)
	}
}

// share adds a device of which root, a block of the other metadata, is known to
// be whole, if a device with this root was added before.
func (w *Writer) share(id uint64, d DeviceDetail, root uint64) (shared bool, err error) {
	copied, ok := w.roots[root]
	if !ok {
		return false, nil
	}
	if err := w.Device(id, d); err != nil {
		return true, err
	}
	w.begun = false
	w.devices++
	w.mapped += copied.mapped
	w.detail.MappedBlocks = copied.mapped
	w.refer(copied.root)
	w.listDevice(copied.root)
	return true, nil
}

// whole ends the device, all of which was found at root of the other metadata.
func (w *Writer) whole(root uint64) {
	if at := w.endDevice(); len(w.roots) < maxCopiedRoots {
		w.roots[root] = copiedRoot{at, w.detail.MappedBlocks}
	}
}

// refer counts one more reference to a block.
func (w *Writer) refer(at uint64) {
	if at < maxMetadataBlock {
		w.shared.inc(at)
	}
}

package metadata

import (
	"errors"
	"fmt"
	"iter"
)

var (
	// ErrNoDevice says that there is no thin device with that id.
	ErrNoDevice = errors.New("no such thin device")
	// ErrNoSnapshot says that the pool holds no metadata snapshot.
	ErrNoSnapshot = errors.New("no metadata snapshot is held")
)

// ThinDevice is a thin device of a pool. The same id may stand for different
// devices in the pool's own trees and in its metadata snapshot.
type ThinDevice struct {
	ID     uint64
	Root   uint64 // metadata block: the root of its mappings' tree
	Detail DeviceDetail
}

// Trees are the two trees that one superblock leads to: the pool's own, or those of
// its metadata snapshot.
type Trees struct {
	m  *Metadata
	sb Superblock
}

// Trees returns the pool's own.
func (m *Metadata) Trees() *Trees { return &Trees{m, m.sb} }

// HeldTrees reads the superblock of the metadata snapshot: [ErrNoSnapshot],
// [CorruptError]. Nothing changes what is below it while the snapshot is held, also
// if the pool is active; it has no space maps.
func (m *Metadata) HeldTrees() (*Trees, error) {
	held := m.sb.HeldRoot
	if held == superblockBlock {
		return nil, fmt.Errorf("metadata: %w", ErrNoSnapshot)
	}
	const record = "held root"
	var block [BlockSize]byte
	if err := m.readBlock(block[:], held, record); err != nil {
		return nil, err
	}
	sb, err := DecodeSuperblock(block[:], held)
	if err != nil {
		return nil, err
	}
	return &Trees{m, sb}, nil
}

// Superblock returns the superblock that leads to t.
func (t *Trees) Superblock() Superblock { return t.sb }

// Devices goes through the devices by id. Memory is independent of their number.
//
// What is damaged comes as a [CorruptError] that names the ids, and what is behind
// it follows. A device that one of the trees lacks, or whose details cannot be read,
// comes with such an error too: the Root of a device without mappings is 0, the
// Detail of one without details is zero.
func (t *Trees) Devices() iter.Seq2[ThinDevice, error] {
	return func(yield func(ThinDevice, error) bool) {
		j := &deviceJoin{trees: t, yield: yield}
		j.top.cursor = t.topCursor()
		j.details.cursor = t.detailsCursor()
		j.run()
	}
}

// Device finds one device: [ErrNoDevice], or a [CorruptError] where the way to it
// is damaged. If that of its details is, the error comes with a device whose
// mappings can still be read.
func (t *Trees) Device(id uint64) (ThinDevice, error) {
	d := ThinDevice{ID: id}
	top := t.topCursor()
	found, err := top.seek(id)
	if err != nil {
		return ThinDevice{}, err
	}
	if !found {
		return ThinDevice{}, fmt.Errorf("metadata: device %d: %w", id, ErrNoDevice)
	}
	d.Root = top.top().node.value64(top.top().at)
	details := t.detailsCursor()
	if found, err = details.seek(id); err != nil {
		return d, err
	}
	if !found {
		return d, t.missing(id, t.sb.DetailsRoot, detailsNode)
	}
	d.Detail = decodeDeviceDetail(details.top().node.value(details.top().at))
	return d, nil
}

func (t *Trees) topCursor() *cursor {
	return t.m.newCursor(t.sb.MappingRoot, topNode, keySize, scopeDevices)
}

func (t *Trees) detailsCursor() *cursor {
	return t.m.newCursor(t.sb.DetailsRoot, detailsNode, deviceDetailSize, scopeDevices)
}

// missing is the fault of a device that the tree at root lacks.
func (t *Trees) missing(id, root uint64, kind blockKind) *CorruptError {
	e := corrupt(root, kind.String(), fmt.Sprintf("device %d", id), "present", "missing")
	e.Devices = NewRange(id, id)
	return e
}

// deviceJoin goes through both trees at once.
type deviceJoin struct {
	trees        *Trees
	top, details joinSide
	yield        func(ThinDevice, error) bool
}

// joinSide is one of two trees.
type joinSide struct {
	*cursor
	lost Range // the ids that damage took last, and by what
	err  error
}

// next moves s to its next device, or to its end. Damage ends it early.
func (s *joinSide) next() error {
	for !s.done() && !s.inLeaf() {
		if lost, err := s.enter(); err != nil {
			s.lost, s.err = lost, err
			return err
		}
	}
	return nil
}

func (s *joinSide) key() uint64 { return s.top().node.key(s.top().at) }

// lacks is why s does not have id: damage, or nil.
func (s *joinSide) lacks(id uint64) error {
	if s.lost.Contains(id) {
		return s.err
	}
	return nil
}

func (j *deviceJoin) run() {
	for {
		for _, s := range []*joinSide{&j.details, &j.top} {
			for {
				err := s.next()
				if err == nil {
					break
				}
				if !j.yield(ThinDevice{}, err) {
					return
				}
			}
		}
		if j.top.done() && j.details.done() {
			return
		}
		if !j.yield(j.device()) {
			return
		}
	}
}

// device takes the device with the lower id, from one tree or both.
func (j *deviceJoin) device() (ThinDevice, error) {
	var d ThinDevice
	inTop, inDetails := !j.top.done(), !j.details.done()
	if inTop && inDetails {
		if a, b := j.top.key(), j.details.key(); a < b {
			inDetails = false
		} else if b < a {
			inTop = false
		}
	}
	if inTop {
		d.ID, d.Root = j.top.key(), j.top.top().node.value64(j.top.top().at)
		j.top.skip()
	}
	if inDetails {
		d.ID, d.Detail = j.details.key(), decodeDeviceDetail(j.details.top().node.value(j.details.top().at))
		j.details.skip()
	}
	switch {
	case !inTop:
		if err := j.top.lacks(d.ID); err != nil {
			return d, err
		}
		return d, j.trees.missing(d.ID, j.trees.sb.MappingRoot, topNode)
	case !inDetails:
		if err := j.details.lacks(d.ID); err != nil {
			return d, err
		}
		return d, j.trees.missing(d.ID, j.trees.sb.DetailsRoot, detailsNode)
	}
	return d, nil
}

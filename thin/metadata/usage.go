package metadata

import (
	"context"
	"errors"
	"fmt"
)

// DeviceUsage is what a thin device takes of the pool, in data blocks.
type DeviceUsage struct {
	ThinDevice
	Mapped    uint64 // what its tree maps
	Exclusive uint64 // of these, what would be free without this device
	Shared    uint64 // the rest: mapped by another device too, or twice
	// Damaged tells that some of its mappings could not be read, and are in none of
	// the numbers.
	Damaged bool
}

// Usage reads all mappings of t and tells what each device has for itself, by id.
// A subtree that devices share is read once, any other twice.
//
// damage is told each [CorruptError], and Usage goes on with what is still readable
// if it returns nil; a nil damage ends at the first. Whether a data block is
// exclusive is known only of what could be read. A device whose mappings are lost
// altogether is left out.
//
// Memory: 2 bits for each data block (in pages of 16,320 blocks, made where something
// is mapped), 16 bytes for each metadata block in use, 80 bytes for each device. The
// metadata snapshot's trees and the pool's own do not know of each other.
func (t *Trees) Usage(ctx context.Context, damage func(error) error) ([]DeviceUsage, error) {
	u := &usageWalk{
		Metadata: t.m,
		ctx:      ctx,
		damage:   damage,
		use:      newBlockUse(min(t.m.sb.DataSpaceMap.bitmaps(), t.m.blocks)),
		states:   newBlockTable[subtreeUse](t.m.blocks),
	}
	var list []DeviceUsage
	for d, err := range t.Devices() {
		if err != nil {
			if err := u.damaged(err); err != nil {
				return nil, err
			}
		}
		if d.Root == superblockBlock {
			continue
		}
		mapped, bad, err := u.count(d)
		if err != nil {
			return nil, err
		}
		list = append(list, DeviceUsage{ThinDevice: d, Mapped: mapped, Damaged: bad})
	}
	for i := range list {
		d := &list[i]
		exclusive, err := u.exclusive(d.Root, 0)
		if err != nil {
			return nil, err
		}
		d.Exclusive, d.Shared = exclusive, d.Mapped-exclusive
	}
	return list, nil
}

// usageWalk walks all mapping trees of one superblock.
type usageWalk struct {
	*Metadata
	ctx    context.Context
	damage func(error) error
	use    *blockUse
	states *blockTable[subtreeUse]
	bufs   [][]byte

	device ThinDevice
}

// subtreeUse is what is known of a metadata block as the root of a subtree.
type subtreeUse struct {
	entries uint64 // in the leaves below
	seen    bool
	shared  bool // met twice: everything below is shared
	bad     bool // some of what is below cannot be read
}

// damaged hands on err, and returns why the walk cannot go on.
func (u *usageWalk) damaged(err error) error {
	if u.damage == nil || !errors.Is(err, ErrCorrupt) {
		return err
	}
	return u.damage(err)
}

// lost is damaged for err about the device's keys.
func (u *usageWalk) lost(err error, keys Range) error {
	if e, ok := errors.AsType[*CorruptError](err); ok {
		e.Devices, e.Blocks = NewRange(u.device.ID, u.device.ID), keys
	}
	return u.damaged(err)
}

// count is the first pass over a device: it notes the use of data blocks, and which
// subtrees are shared.
func (u *usageWalk) count(d ThinDevice) (mapped uint64, bad bool, err error) {
	u.device = d
	s, err := u.countSubtree(d.Root, NewRange(0, ^uint64(0)), 0)
	return s.entries, s.bad, err
}

// countSubtree leaves what it finds in the state of block, which it returns.
func (u *usageWalk) countSubtree(block uint64, keys Range, depth int) (subtreeUse, error) {
	if err := u.ctx.Err(); err != nil {
		return subtreeUse{}, fmt.Errorf("metadata: usage: %w", err)
	}
	bad := subtreeUse{bad: true}
	if block == superblockBlock || block >= u.blocks {
		return bad, u.lost(corrupt(block, mappingNode.String(), "place", "a metadata block", block), keys)
	}
	s := u.states.at(block)
	if s.seen {
		s.shared = true
		if s.bad {
			return *s, u.lost(corrupt(block, mappingNode.String(), "shared subtree", "readable", "damaged"), keys)
		}
		return *s, nil
	}
	s.seen = true
	n, err := u.read(block, keys, depth)
	if err != nil {
		s.bad = true
		return bad, u.lost(err, keys)
	}
	if n.leaf {
		s.entries = uint64(n.entries)
		return *s, u.countLeaf(n, block)
	}
	for i := range n.entries {
		child, err := u.countSubtree(n.value64(i), n.childKeys(i, keys.Last), depth+1)
		if err != nil {
			return bad, err
		}
		s.entries += child.entries
		s.bad = s.bad || child.bad
	}
	return *s, nil
}

func (u *usageWalk) countLeaf(n node, block uint64) error {
	for i := range n.entries {
		to := UnpackBlockTime(n.value64(i)).Block
		if to < u.sb.DataSpaceMap.Blocks && u.use.add(to) {
			continue
		}
		key := n.key(i)
		err := u.lost(corrupt(block, mappingNode.String(), "data block",
			fmt.Sprintf("less than %d", u.sb.DataSpaceMap.Blocks), to), NewRange(key, key))
		if err != nil {
			return err
		}
	}
	return nil
}

// exclusive is the second pass: how many data blocks below block are used once.
func (u *usageWalk) exclusive(block uint64, depth int) (uint64, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, fmt.Errorf("metadata: usage: %w", err)
	}
	if block >= u.blocks {
		return 0, nil
	}
	if s := u.states.at(block); !s.seen || s.shared || s.entries == 0 {
		return 0, nil
	}
	n, err := u.read(block, NewRange(0, ^uint64(0)), depth)
	if err != nil {
		// The first pass has read it.
		return 0, u.damaged(err)
	}
	var total uint64
	for i := range n.entries {
		if !n.leaf {
			below, err := u.exclusive(n.value64(i), depth+1)
			if err != nil {
				return 0, err
			}
			total += below
		} else if u.use.once(UnpackBlockTime(n.value64(i)).Block) {
			total++
		}
	}
	return total, nil
}

func (u *usageWalk) read(block uint64, keys Range, depth int) (node, error) {
	if depth == maxDepth {
		return node{}, corrupt(block, mappingNode.String(), "depth", fmt.Sprintf("at most %d", maxDepth), "more")
	}
	if depth == len(u.bufs) {
		u.bufs = append(u.bufs, make([]byte, BlockSize))
	}
	return u.readNode(u.bufs[depth], block, mappingNode, keySize, keys)
}

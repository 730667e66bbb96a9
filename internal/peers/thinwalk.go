package main

import (
	"encoding/binary"
	"fmt"
	"io"
)

// thinBlocks are numbers of metadata blocks.
type thinBlocks map[uint64]bool

// thinWalk reads trees of a pool's metadata, without package thin/metadata, which it
// judges, and without its care: the metadata are sound. The layout is that of struct
// thin_disk_superblock, drivers/md/dm-thin-metadata.c, and struct node_header,
// drivers/md/persistent-data/dm-btree-internal.h.
type thinWalk struct{ r io.ReaderAt }

const (
	thinBlockSize   = 4096
	mappingRootAt   = 320 // in the superblock
	nodeHeaderSize  = 32
	nodeIsInternal  = 1
	nodeFlagsAt     = 4
	nodeEntriesAt   = 16
	nodeMaxAt       = 20
	nodeValueSizeAt = 24
)

// roots are the roots of devices' trees, by the devices' ids.
func (w thinWalk) roots() (map[uint64]uint64, error) {
	superblock, err := w.read(0)
	if err != nil {
		return nil, err
	}
	roots := map[uint64]uint64{}
	err = w.below(binary.LittleEndian.Uint64(superblock[mappingRootAt:]), thinBlocks{}, func(key, value uint64) { roots[key] = value })
	return roots, err
}

// blocks are those of the tree at root.
func (w thinWalk) blocks(root uint64) (thinBlocks, error) {
	seen := thinBlocks{}
	return seen, w.below(root, seen, func(uint64, uint64) {})
}

// below goes through the tree at block, and notes each of its blocks in seen.
func (w thinWalk) below(block uint64, seen thinBlocks, leaf func(key, value uint64)) error {
	if seen[block] {
		return fmt.Errorf("metadata block %d twice in a tree", block)
	}
	seen[block] = true
	node, err := w.read(block)
	if err != nil {
		return err
	}
	number := func(at int) int { return int(binary.LittleEndian.Uint32(node[at:])) }
	n, most, size := number(nodeEntriesAt), number(nodeMaxAt), number(nodeValueSizeAt)
	if n > most || size != 8 || nodeHeaderSize+most*(8+size) > len(node) {
		return fmt.Errorf("metadata block %d is no node of a mapping tree", block)
	}
	for i := range n {
		key := binary.LittleEndian.Uint64(node[nodeHeaderSize+8*i:])
		value := binary.LittleEndian.Uint64(node[nodeHeaderSize+8*(most+i):])
		if number(nodeFlagsAt)&nodeIsInternal == 0 {
			leaf(key, value)
		} else if err := w.below(value, seen, leaf); err != nil {
			return err
		}
	}
	return nil
}

func (w thinWalk) read(block uint64) ([]byte, error) {
	b := make([]byte, thinBlockSize)
	if _, err := w.r.ReadAt(b, int64(block)*thinBlockSize); err != nil {
		return nil, fmt.Errorf("metadata block %d: %w", block, err)
	}
	return b, nil
}

// compare counts the blocks that two trees have together, and those that only one of
// them has. A node above one that differs, differs as well.
func (t thinBlocks) compare(u thinBlocks) (all, differ int) {
	for b := range t {
		if !u[b] {
			differ++
		}
	}
	for b := range u {
		if !t[b] {
			differ++
		}
	}
	return (len(t) + len(u) + differ) / 2, differ
}

// countedReads counts the blocks that are read, each as often as it is.
type countedReads struct {
	r      io.ReaderAt
	blocks int
}

func (c *countedReads) ReadAt(p []byte, off int64) (int, error) {
	first, last := off/thinBlockSize, (off+int64(len(p))-1)/thinBlockSize
	c.blocks += int(last-first) + 1
	return c.r.ReadAt(p, off)
}

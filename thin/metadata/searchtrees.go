package metadata

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
)

// foundTree is a tree by which devices are known, one of the two kinds.
type foundTree struct {
	root        uint64
	ids         uint64 // a hash of the ids of its devices
	devices     uint64
	time        uint32
	transaction uint64
	mapped      uint64 // blocks, as the details count them
}

// Bounds of a search that was made to take long.
const (
	maxTrees      = 1000 // of either kind that are put together
	maxCandidates = 64   // pairs whose mappings are counted
	maxLosses     = 1 << 22
)

// blockSearch looks for the trees of a pool in all blocks of a device whose
// superblock is lost. Beside the trees of the last commit there are older ones in
// blocks that were freed since, whole or in parts.
type blockSearch struct {
	ctx    context.Context
	m      *Metadata
	nodes  []nodeShape // by block
	inside []bool      // by block: it is a node below the root of a sound tree
	held   []candidate // the trees of metadata snapshots, also of old ones
	budget uint64      // node reads that are left
}

// nodeShape is what a block looks like, taken alone.
type nodeShape uint8

const (
	noNode       nodeShape = iota
	internalNode           // of a tree of any kind
	numberLeaf             // of a mapping tree
	rootLeaf               // the same, whose values could all be metadata blocks
	detailsLeaf
)

// searchTrees finds the newest pair of trees: [ErrNoTrees]. A root of known that is
// not 0 is taken as it is.
func searchTrees(ctx context.Context, m *Metadata, known candidate) (candidate, error) {
	n := min(m.blocks, maxMetadataBlock)
	s := &blockSearch{ctx: ctx, m: m, nodes: make([]nodeShape, n), inside: make([]bool, n)}
	// A search of sound metadata reads each node a few times; one that was made to
	// take long must end too.
	s.budget = 64*uint64(len(s.nodes)) + 1000
	if err := s.shapes(); err != nil {
		return candidate{}, err
	}
	tops, details, err := s.trees()
	if err != nil {
		return candidate{}, err
	}
	only := func(list []foundTree, root uint64) []foundTree {
		if root == 0 {
			return list
		}
		if i := slices.IndexFunc(list, func(t foundTree) bool { return t.root == root }); i >= 0 {
			return list[i : i+1]
		}
		return []foundTree{{root: root}}
	}
	tops, details = only(tops, known.top), only(details, known.details)
	if len(tops) == 0 {
		return candidate{}, fmt.Errorf("search of %d blocks: %w", len(s.nodes), ErrNoTrees)
	}
	return s.best(s.pairs(tops, details))
}

// shapes reads all blocks once, in order.
func (s *blockSearch) shapes() error {
	buf := make([]byte, extractSize)
	for first := uint64(0); first < uint64(len(s.nodes)); first += extractSize / BlockSize {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		n := min(extractSize/BlockSize, uint64(len(s.nodes))-first)
		whole := readFull(s.m.r, buf[:n*BlockSize], int64(first)*BlockSize) == nil
		for i := range n {
			b := buf[i*BlockSize : (i+1)*BlockSize]
			if !whole && readFull(s.m.r, b, int64(first+i)*BlockSize) != nil {
				continue
			}
			s.nodes[first+i] = s.shape(b, first+i)
		}
	}
	return nil
}

func (s *blockSearch) shape(block []byte, at uint64) nodeShape {
	if at != superblockBlock && len(s.held) < maxTrees {
		if sb, err := DecodeSuperblock(block, at); err == nil {
			s.held = append(s.held, candidate{top: sb.MappingRoot, details: sb.DetailsRoot})
		}
	}
	switch size := binary.LittleEndian.Uint32(block[24:]); size {
	case deviceDetailSize:
		if n, err := decodeNode(block, at, "", deviceDetailSize); err == nil && n.leaf {
			return detailsLeaf
		}
	case keySize:
		n, err := decodeNode(block, at, "", keySize)
		switch {
		case err != nil:
		case !n.leaf:
			return internalNode
		default:
			for i := range n.entries {
				if v := n.value64(i); n.key(i) > MaxDeviceID || v == superblockBlock || v >= uint64(len(s.nodes)) {
					return numberLeaf
				}
			}
			return rootLeaf
		}
	}
	return noNode
}

// trees finds the trees of either kind that are no parts of larger ones. A node that
// was used anew may have a stale parent: only one that reads well counts.
func (s *blockSearch) trees() (tops, details []foundTree, err error) {
	for _, shapes := range [][]nodeShape{{internalNode}, {rootLeaf, detailsLeaf}} {
		for block, shape := range s.nodes {
			if err := s.ctx.Err(); err != nil {
				return nil, nil, err
			}
			if !slices.Contains(shapes, shape) {
				continue
			}
			if shape != detailsLeaf {
				tops = s.tree(tops, uint64(block), topNode)
			}
			if shape != rootLeaf {
				details = s.tree(details, uint64(block), detailsNode)
			}
		}
	}
	parts := func(t foundTree) bool { return s.inside[t.root] }
	return slices.DeleteFunc(tops, parts), slices.DeleteFunc(details, parts), nil
}

// tree adds the tree at root to list, if it is one of that kind. What is damaged in
// it is left out.
func (s *blockSearch) tree(list []foundTree, root uint64, kind blockKind) []foundTree {
	if s.inside[root] {
		return list
	}
	size := keySize
	if kind == detailsNode {
		size = deviceDetailSize
	}
	c := s.m.newCursor(root, kind, size, nil)
	hash := fnv.New64a()
	t, good, sound := foundTree{root: root}, false, true
	var below []uint64
	for !c.done() {
		if !c.inLeaf() {
			if s.budget == 0 {
				return list
			}
			s.budget--
			_, err := c.enter()
			if err != nil {
				sound = false
				continue
			}
			if c.inLeaf() && kind == topNode && s.nodes[c.top().block] != rootLeaf {
				return list // a tree of mappings
			}
			if c.depth > 1 {
				below = append(below, c.top().block)
			}
			continue
		}
		l := c.top()
		id := l.node.key(l.at)
		if id > MaxDeviceID {
			return list
		}
		t.devices++
		_ = binary.Write(hash, binary.LittleEndian, id) // which does not fail
		if kind == detailsNode {
			d := decodeDeviceDetail(l.node.value(l.at))
			t.time = max(t.time, d.CreationTime, d.SnapshottedTime)
			t.transaction = max(t.transaction, d.TransactionID)
			t.mapped += d.MappedBlocks // which, where it is a lie, ranks first and is stale
			good = true
		} else if shape := s.nodes[l.node.value64(l.at)]; shape != noNode && shape != detailsLeaf {
			good = true
		}
		c.skip()
	}
	if !good {
		return list
	}
	for _, block := range below {
		s.inside[block] = s.inside[block] || sound
	}
	t.ids = hash.Sum64()
	return append(list, t)
}

// pairs puts together trees of the same devices; where there are none, any. Those
// that seem the newest come first: a pool that is written to leaves trees of many
// commits, which differ in nothing but in how much is mapped.
func (s *blockSearch) pairs(tops, details []foundTree) []candidate {
	slices.SortStableFunc(tops, func(a, b foundTree) int { return cmp.Compare(b.devices, a.devices) })
	slices.SortStableFunc(details, func(a, b foundTree) int {
		return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(b.transaction, a.transaction),
			cmp.Compare(b.mapped, a.mapped), cmp.Compare(b.devices, a.devices))
	})
	tops, details = tops[:min(len(tops), maxTrees)], details[:min(len(details), maxTrees)]
	var same, other []candidate
	for _, t := range tops {
		if len(details) == 0 {
			other = append(other, candidate{t.root, 0, candidateScore{devices: t.devices}})
		}
		for _, d := range details {
			c := candidate{t.root, d.root, candidateScore{time: d.time, transaction: d.transaction, latest: d.mapped, devices: min(t.devices, d.devices)}}
			if t.ids == d.ids && t.devices == d.devices {
				same = append(same, c)
			} else {
				other = append(other, c)
			}
		}
	}
	if len(same) > 0 {
		other = same
	}
	sortCandidates(other)
	return other[:min(len(other), maxCandidates)]
}

// best looks at the mappings of each candidate.
func (s *blockSearch) best(list []candidate) (candidate, error) {
	var best candidate
	for _, c := range list {
		score, err := s.m.look(s.ctx, c)
		if err != nil {
			return candidate{}, err
		}
		score.held = slices.ContainsFunc(s.held, func(h candidate) bool { return h.top == c.top && h.details == c.details })
		if c.score = score; best.top == 0 || score.compare(&best.score) > 0 {
			best = c
		}
	}
	return best, nil
}

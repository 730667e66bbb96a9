package maps

import (
	"context"
	"encoding/binary"
	"fmt"
)

const (
	magicNode      = "RKN4"
	nodeHeaderSize = 16
)

// node is a node of a tree: a leaf's ids are those of blocks, the others' those of
// the nodes one level below.
type node struct {
	level  int    // 0 is a leaf
	blocks uint64 // that are not zero, in all of the tree below
	ids    []ID   // one for each of degree places
}

func (n *node) empty() bool {
	for i := range n.ids {
		if !n.ids[i].IsZero() {
			return false
		}
	}
	return true
}

func appendNode(dst []byte, n *node) []byte {
	be := binary.BigEndian
	start := len(dst)
	dst = append(dst, magicNode...)
	dst = append(dst, byte(n.level), byte(Shape{Degree: len(n.ids)}.degreeShift()), 0, 0)
	dst = be.AppendUint64(dst, n.blocks)
	dst = appendGroup(dst, n.ids)
	children := (len(dst) - start - nodeHeaderSize - len(n.ids)/8) / IDSize
	be.PutUint16(dst[start+6:], uint16(children))
	return dst
}

// parseNode reads a node of n's level and degree, of whose places only the first
// limit exist.
func parseNode(n *node, b []byte, limit uint64) *CorruptError {
	be := binary.BigEndian
	if len(b) < nodeHeaderSize+len(n.ids)/8 {
		return fault("length", fmt.Sprint("at least ", nodeHeaderSize+len(n.ids)/8), len(b))
	}
	if found := string(b[:4]); found != magicNode {
		return fault("magic", magicNode, fmt.Sprintf("%q", found))
	}
	if int(b[4]) != n.level {
		return fault("level", n.level, b[4])
	}
	if want := (Shape{Degree: len(n.ids)}).degreeShift(); int(b[5]) != want {
		return fault("degree", fmt.Sprintf("2^%d", want), fmt.Sprintf("2^%d", b[5]))
	}
	children := uint64(countGroup(b[nodeHeaderSize : nodeHeaderSize+len(n.ids)/8]))
	if found := uint64(be.Uint16(b[6:])); found != children {
		return fault("children", children, found)
	}
	n.blocks = be.Uint64(b[8:])
	if n.level == 0 && n.blocks != children || n.blocks < children {
		return fault("blocks below", children, n.blocks)
	}
	return parseGroup(n.ids, b[nodeHeaderSize:], limit)
}

// treeReader reads the nodes of one map.
type treeReader struct {
	ctx   context.Context
	store Getter
	shape Shape
	buf   []byte
}

func newTreeReader(ctx context.Context, store Getter, shape Shape) *treeReader {
	return &treeReader{ctx, store, shape, make([]byte, nodeHeaderSize+groupSize(shape.Degree))}
}

// span is the number of blocks below a place of a node of that level. It is at most
// 2^47, since no tree is higher than its blocks need.
func (s Shape) span(level int) uint64 { return 1 << (s.degreeShift() * level) }

// first is the block that the pos-th node of a level begins with.
func (s Shape) first(level int, pos uint64) uint64 { return pos << (s.degreeShift() * (level + 1)) }

// load reads the pos-th node of n's level, verifies it, and refuses one that has
// places behind the volume's end.
func (r *treeReader) load(n *node, pos uint64, id ID) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	first, span := r.shape.first(n.level, pos), r.shape.span(n.level)
	b, err := object(r.ctx, r.store, r.shape.Hash, "node", id, first, r.buf)
	if err != nil {
		return err
	}
	limit := (r.shape.Blocks() - first + span - 1) / span
	if fault := parseNode(n, b, limit); fault != nil {
		return fault.in("node", id, first, 0)
	}
	if room := min(span*uint64(len(n.ids)), r.shape.Blocks()-first); n.blocks > room {
		return fault("blocks below", fmt.Sprint("at most ", room), n.blocks).in("node", id, first, 0)
	}
	return nil
}

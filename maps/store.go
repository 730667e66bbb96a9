package maps

import "context"

// Kind says which objects of a store an id names. Ids of one kind are never
// looked up as the other, so that nobody's data is taken for a node.
type Kind uint8

const (
	// Block is an object of a volume's data: at most one block, without the zeros
	// at its end, never empty.
	Block Kind = iota + 1
	// Node is a node of a tree, or a page of a flat map.
	Node
)

// String is "block" or "node".
func (k Kind) String() string {
	switch k {
	case Block:
		return "block"
	case Node:
		return "node"
	}
	return "object"
}

// Getter is what maps need of a store to read. It is used by one goroutine at a
// time for each call of this package.
type Getter interface {
	// Get reads the object into dst and returns its length. It does not need to
	// verify it. Errors match [ErrMissing] where there is no such object, and
	// io.ErrShortBuffer where it is longer than dst, of which nothing is said then.
	Get(ctx context.Context, kind Kind, id ID, dst []byte) (int, error)
}

// Putter is what maps need of a store to write.
type Putter interface {
	// Put stores data as the object of that id, which is its hash. Where the
	// object is there already, nothing needs to be done. It does not keep data.
	Put(ctx context.Context, kind Kind, id ID, data []byte) error
}

// Store is a place of blocks and nodes.
type Store interface {
	Getter
	Putter
}

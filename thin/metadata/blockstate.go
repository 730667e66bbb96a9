package metadata

// blockKind says what a metadata block was found to be. A block is of one kind
// only, however many pointers lead to it.
type blockKind uint8

const (
	unseen blockKind = iota
	superblockKind
	indexKind
	bitmapKind
	indexNode
	refCountNode
	topNode // mapping tree: device -> root
	mappingNode
	detailsNode
)

var blockKindNames = [...]string{
	unseen:         "block",
	superblockKind: "superblock",
	indexKind:      "metadata space map index",
	bitmapKind:     "space map bitmap",
	indexNode:      "data space map index node",
	refCountNode:   "reference count node",
	topNode:        "device mapping node",
	mappingNode:    "mapping node",
	detailsNode:    "device details node",
}

func (k blockKind) String() string { return blockKindNames[k] }

// blockState is what a walk remembers of a metadata block, so that a subtree
// with many parents is walked once.
type blockState struct {
	first, last uint64 // lowest and highest key below
	entries     uint32 // in the leaves below
	height      uint8  // 0 for a leaf
	kind        blockKind
	bad         bool // some of what is below cannot be read
	few         bool // too few entries for any node but a root
}

package lvm

import (
	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// Segment is a run of an LV's extents that are mapped in one way.
type Segment struct {
	Start  Extents // start_extent
	Length Extents // extent_count
	// Reshape is how many extents a raid has for reshaping, in Length too.
	Reshape Extents // reshape_count
	// Flags are the words behind the type: "thin-pool+CROP_METADATA".
	Flags Flags
	Tags  []string
	// Type is *Striped, *ThinPool, *Thin, *Snapshot, Zero, Error, or *Held for
	// what rok keeps as it is.
	Type    SegmentType
	Unknown []Unknown
}

// SegmentType is how a segment is mapped.
type SegmentType interface {
	// Name is what the text has: "striped", "thin-pool", …
	Name() string
}

// Area is where a part of a segment is: extents of a PV, or of another LV.
type Area struct {
	PV    ID     // where it is a PV
	LV    string // where it is an LV: its name
	Start Extents
}

// Striped is a linear segment (one area) or a striped one: each of the areas
// has the segment's length divided by their number. lib/striped/striped.c.
type Striped struct {
	Areas      []Area
	StripeSize units.Sectors // 0 with one area
	Linear     bool          // the text calls it "linear", which lvm2 reads and leaves so
}

// ThinPool is a pool of thin volumes. lib/thin/thin.c.
type ThinPool struct {
	Metadata      string // the LV NAME_tmeta
	Data          string // the LV NAME_tdata
	TransactionID uint64
	ChunkSize     units.Sectors
	Discards      string // "ignore", "nopassdown" or "passdown"; empty is ignore
	ZeroNewBlocks bool
	CropMetadata  *bool // crop_metadata, where the text has it
	Messages      []ThinMessage
}

// ThinMessage is what a pool has yet to be told when it is activated: to create
// the volume of the LV Create, or to delete the volume Delete.
type ThinMessage struct {
	Create string // the LV's name; empty: a deletion
	Delete uint32 // the volume's device id
}

// Thin is a thin volume, the only segment of its LV.
type Thin struct {
	Pool           string // the pool's LV
	TransactionID  uint64 // of the pool when the volume was made
	DeviceID       uint32 // 24 bits
	ExternalOrigin string // the LV that is read where nothing was written; may be empty
	Origin         string // the thin LV that it is a snapshot of; may be empty
	Merge          string // the thin LV that it is merged into; may be empty
}

// Snapshot ties an origin to its copy-on-write store: the only segment of a
// hidden LV "snapshotN". lib/snapshot/snapshot.c.
type Snapshot struct {
	ChunkSize units.Sectors
	Origin    string
	COW       string // the LV with the store, whose name is the snapshot's
	Merging   bool   // the store is merged back into the origin
}

// Zero reads as zeros.
type Zero struct{}

// Error fails every I/O.
type Error struct{}

// Name implements [SegmentType].
func (*Striped) Name() string { return "striped" }

// Name implements [SegmentType].
func (*ThinPool) Name() string { return "thin-pool" }

// Name implements [SegmentType].
func (*Thin) Name() string { return "thin" }

// Name implements [SegmentType].
func (*Snapshot) Name() string { return "snapshot" }

// Name implements [SegmentType].
func (Zero) Name() string { return "zero" }

// Name implements [SegmentType].
func (Error) Name() string { return "error" }

// Unknown is an entry that rok does not know. It is printed again behind the
// entry that it followed.
type Unknown struct {
	After string // the key of the known entry in front of it; empty: it is the first
	Node  text.Node
}

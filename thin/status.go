package thin

import (
	"fmt"

	"github.com/rok-storage/rok/dm"
)

// State is what a pool can do: enum pool_mode of drivers/md/dm-thin.c, with
// the two told apart that the kernel prints as "ro".
type State uint8

const (
	// Unknown is a state that this package has no name for.
	Unknown State = iota
	// Writable: everything works.
	Writable
	// OutOfDataSpace: writes that need a block wait or fail; others work.
	OutOfDataSpace
	// OutOfMetadataSpace: writes that need a block fail; the metadata cannot
	// be changed.
	OutOfMetadataSpace
	// ReadOnly: the same, though there is space.
	ReadOnly
	// Failed: no I/O at all.
	Failed
)

// String names s: "out of data space".
func (s State) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Writable:
		return "writable"
	case OutOfDataSpace:
		return "out of data space"
	case OutOfMetadataSpace:
		return "out of metadata space"
	case ReadOnly:
		return "read-only"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Usage is how much of something a pool has given out.
type Usage struct {
	Used, Total uint64 // blocks
}

// Free is the number of blocks that are left.
func (u Usage) Free() uint64 { return u.Total - min(u.Used, u.Total) }

// Status is a pool's status. With State [Failed], nothing else is known.
type Status struct {
	State         State
	NeedsCheck    bool
	TransactionID uint64
	Metadata      Usage // blocks of 4 KiB
	Data          Usage // blocks of the pool's block size
	// HeldRoot is the metadata block of the metadata snapshot's root; zero
	// where none is held.
	HeldRoot uint64
	// Kernel is the status as the kernel printed it.
	Kernel dm.ThinPoolStatus
}

// StatusOf reads a pool's state out of what the kernel printed.
func StatusOf(k dm.ThinPoolStatus) Status {
	s := Status{
		NeedsCheck:    k.NeedsCheck,
		TransactionID: k.TransactionID,
		Metadata:      Usage{Used: k.UsedMetadataBlocks, Total: k.TotalMetadataBlocks},
		Data:          Usage{Used: k.UsedDataBlocks, Total: k.TotalDataBlocks},
		HeldRoot:      k.HeldMetadataRoot,
		Kernel:        k,
	}
	switch k.Mode {
	case dm.ThinPoolReadWrite:
		s.State = Writable
	case dm.ThinPoolOutOfDataSpace:
		s.State = OutOfDataSpace
	case dm.ThinPoolReadOnly:
		s.State = ReadOnly
		// The kernel counts what it keeps in reserve as used, but the blocks of
		// a transaction that ran out and was taken back are free again: so few
		// that the reserve is a measure of them.
		if s.Metadata.Free() <= MetadataReserve(s.Metadata.Total) {
			s.State = OutOfMetadataSpace
		}
	case dm.ThinPoolFail:
		s.State = Failed
	}
	return s
}

// MetadataReserve is how many of total metadata blocks a pool keeps to be able
// to commit: __set_metadata_reserve of drivers/md/dm-thin-metadata.c.
func MetadataReserve(total uint64) uint64 { return min(4096, total/10) }

// Err is nil for a pool that is writable, or whose state this package does not
// know. Otherwise it is a [*StateError].
func (s Status) Err() error {
	switch s.State {
	case Unknown, Writable:
		return nil
	}
	return &StateError{State: s.State, NeedsCheck: s.NeedsCheck}
}

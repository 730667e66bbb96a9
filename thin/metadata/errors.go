package metadata

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrCorrupt matches every [CorruptError], and an [UnsoundError] that holds one.
	ErrCorrupt = errors.New("thin metadata is corrupt")
	// ErrLeak matches an [UnsoundError]: the metadata space map holds blocks
	// as used that nothing refers to.
	ErrLeak = errors.New("thin metadata leaks metadata blocks")
	// ErrChanged says that the superblock changed during a check, so that the pool
	// must be active.
	ErrChanged = errors.New("thin metadata changed during the check")
)

// CorruptError is one thing in the metadata that is not as the format demands.
type CorruptError struct {
	Block    uint64 // the metadata block at fault
	Record   string // what the block is, or should be: "superblock", "mapping node", …
	What     string // the field or rule that is broken: "checksum", "key order", …
	Expected string // "" where Err tells
	Found    string

	// Devices and Blocks say what of the thin volumes hangs on Block: those
	// virtual blocks of those devices. Both are empty where nothing does.
	Devices Range
	Blocks  Range

	// Err is why Block could not be read, or nil.
	Err error
}

func (e *CorruptError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "metadata: block %d (%s): %s", e.Block, e.Record, e.What)
	if e.Expected != "" || e.Found != "" {
		fmt.Fprintf(&b, ": expected %s, found %s", e.Expected, e.Found)
	}
	if !e.Devices.Empty() {
		if e.Devices.Last == e.Devices.First {
			fmt.Fprintf(&b, " (device %d", e.Devices.First)
		} else {
			fmt.Fprintf(&b, " (devices %s", e.Devices)
		}
		if !e.Blocks.Empty() {
			fmt.Fprintf(&b, ", blocks %s", e.Blocks)
		}
		b.WriteByte(')')
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Is reports whether target is [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

func (e *CorruptError) Unwrap() error { return e.Err }

// corrupt is a CorruptError of values that print by themselves.
func corrupt(block uint64, record, what string, expected, found any) *CorruptError {
	return &CorruptError{
		Block: block, Record: record, What: what,
		Expected: fmt.Sprint(expected), Found: fmt.Sprint(found),
	}
}

// unreadable is the CorruptError of a block that could not be read at all.
func unreadable(block uint64, record string, err error) *CorruptError {
	return &CorruptError{Block: block, Record: record, What: "unreadable", Err: err}
}

// UnsoundError is the refusal to write to metadata that a check found wanting.
// It matches [ErrCorrupt] where there are faults and [ErrLeak] where metadata
// blocks leak, and unwraps to the faults.
type UnsoundError struct {
	Report *Report
}

// Error tells the first fault and how many more there are, or, without faults,
// the leak.
func (e *UnsoundError) Error() string {
	r := e.Report
	switch {
	case r.FaultCount > 1:
		return fmt.Sprintf("metadata: not sound: %v (and %d more faults)", r.Faults[0], r.FaultCount-1)
	case r.FaultCount == 1:
		return fmt.Sprintf("metadata: not sound: %v", r.Faults[0])
	}
	return fmt.Sprintf("metadata: not sound: %d metadata blocks leak; a repair reclaims them",
		r.MetadataLeaks.Blocks)
}

// Is reports whether target is [ErrLeak] and metadata blocks leak.
func (e *UnsoundError) Is(target error) bool {
	return target == ErrLeak && e.Report.MetadataLeaks.Blocks > 0
}

func (e *UnsoundError) Unwrap() error { return e.Report.Err() }

// UnsupportedError names superblock feature bits that this package does not
// know, so that it must not go on. It matches errors.ErrUnsupported.
type UnsupportedError struct {
	Flags uint32 // bits of IncompatFlags, or of CompatROFlags where ReadOnly is set
	// ReadOnly tells that the bits forbid writing only.
	ReadOnly bool
}

func (e *UnsupportedError) Error() string {
	if e.ReadOnly {
		return fmt.Sprintf("metadata: unknown features %#x allow no writing", e.Flags)
	}
	return fmt.Sprintf("metadata: unknown incompatible features %#x", e.Flags)
}

// Is reports whether target is errors.ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// asCorrupt is err as a CorruptError about block: itself, or wrapped.
func asCorrupt(block uint64, record string, err error) *CorruptError {
	var c *CorruptError
	if errors.As(err, &c) {
		return c
	}
	return unreadable(block, record, err)
}

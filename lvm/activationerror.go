package lvm

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/thin"
)

// What activation refuses, for errors.Is.
var (
	// ErrNotVolume: the LV is a part of another, and comes and goes with that.
	ErrNotVolume = errors.New("is a part of another LV")
	// ErrNeedsOrigin: a snapshot goes with its origin, or not at all.
	ErrNeedsOrigin = errors.New("is a snapshot, whose origin must be deactivated with it")
	// ErrNotUsable: the VG is exported, read-only, another host's, or needs a
	// lock manager.
	ErrNotUsable = errors.New("the VG may not be used")
)

// ActivationError says which operation failed on which LV. Err is
//
//   - [ErrNotVolume], [ErrNeedsOrigin], [ErrNotUsable], or [ErrReference] where there is no such LV;
//   - [*Fault]s of the VG;
//   - a [*SegmentTypeError], a [*MissingPVError], or a [*StackError];
//   - a [*TransactionError], a [*ChunkSizeError], or thin's errors, of a pool;
//   - a [*BusyError];
//   - dm's errors, and those of I/O.
type ActivationError struct {
	Op  string // "activate", "deactivate", …
	VG  string
	LV  string // empty: the VG as a whole
	Err error
}

// Error prints, for example, `activate vg/home: PV … is missing`.
func (e *ActivationError) Error() string {
	name := e.VG
	if e.LV != "" {
		name += "/" + e.LV
	}
	return fmt.Sprintf("%s %s: %v", e.Op, name, e.Err)
}

// Unwrap returns Err.
func (e *ActivationError) Unwrap() error { return e.Err }

// SegmentTypeError says that rok does not activate LVs of a type. It matches
// [errors.ErrUnsupported].
type SegmentTypeError struct {
	LV   string // which has the segment: the volume, or a part of it
	Type string // "raid1", "cache", …
}

// Error prints, for example, `LV home: segment type "raid1" is not activated by rok`.
func (e *SegmentTypeError) Error() string {
	return fmt.Sprintf("LV %s: segment type %q is not activated by rok", e.LV, e.Type)
}

// Is matches [errors.ErrUnsupported].
func (e *SegmentTypeError) Is(target error) bool { return target == errors.ErrUnsupported }

// MissingPVError says that a PV with extents of an LV is missing.
type MissingPVError struct {
	LV string // whose extents they are: the volume, or a part of it
	PV ID
}

// Error names the LV and the PV.
func (e *MissingPVError) Error() string { return fmt.Sprintf("LV %s: PV %v is missing", e.LV, e.PV) }

// StackError says that a VG's LVs do not make sense together.
type StackError struct {
	LV     string
	Reason string
}

// Error prints, for example, `LV home: its pool "pool" is not there`.
func (e *StackError) Error() string { return "LV " + e.LV + ": " + e.Reason }

// TransactionError says that a pool is not the one that the text tells of, or
// is ahead of it or behind: the text's transaction id is neither the kernel's,
// nor the next one with messages that lead there. It matches
// [thin.ErrTransaction].
type TransactionError struct {
	Pool         string
	Text, Kernel uint64
	Messages     int // that the text has
}

// Error says both numbers.
func (e *TransactionError) Error() string {
	s := fmt.Sprintf("pool %s: transaction id is %d in the kernel and %d in the VG", e.Pool, e.Kernel, e.Text)
	if e.Messages > 0 {
		s += fmt.Sprintf(", with %d messages", e.Messages)
	}
	return s
}

// Is matches [thin.ErrTransaction].
func (e *TransactionError) Is(target error) bool { return target == thin.ErrTransaction }

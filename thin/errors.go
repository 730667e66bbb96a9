package thin

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// The states of a pool in which something cannot be done, for [errors.Is].
var (
	// ErrNoDataSpace: the pool has no free data block. Extend its data device,
	// or discard or delete something.
	ErrNoDataSpace = errors.New("pool is out of data space")
	// ErrNoMetadataSpace: the pool has no free metadata block. Its metadata
	// must be checked and its metadata device extended, offline.
	ErrNoMetadataSpace = errors.New("pool is out of metadata space")
	// ErrReadOnly: the pool's metadata cannot be changed, because it is so
	// configured or because an operation on it failed.
	ErrReadOnly = errors.New("pool is read-only")
	// ErrFailed: the pool does no I/O any more. Its metadata must be repaired
	// offline.
	ErrFailed = errors.New("pool has failed")
	// ErrNeedsCheck: the pool's metadata must be checked before the pool
	// becomes writable again. It comes with one of the others.
	ErrNeedsCheck = errors.New("pool metadata needs a check")
	// ErrTransaction: the pool's transaction id is not the expected one.
	ErrTransaction = errors.New("transaction id does not match")
)

// Error says which operation failed on which pool, and on which device of it.
// Err is one of the package's errors, a [*StateError], or dm's:
//
//   - [fs.ErrExist]: the device id is taken.
//   - [fs.ErrNotExist]: the pool has no such device.
//   - EBUSY: the device is active, or a metadata snapshot is held already.
type Error struct {
	Op   string
	Pool string    // its name
	ID   *DeviceID // nil where the pool as a whole is meant
	Err  error
}

// Error prints, for example, `thin: create snapshot of device 1 in "pool": pool is out of data space`.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("thin: ")
	b.WriteString(e.Op)
	if e.ID != nil {
		fmt.Fprintf(&b, " device %d in", *e.ID)
	}
	fmt.Fprintf(&b, " %q: %v", e.Pool, e.Err)
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the errno values of the pool's messages match what they mean:
// process_*_mesg of drivers/md/dm-thin.c.
func (e *Error) Is(target error) bool {
	if e.ID == nil {
		return false
	}
	switch target {
	case fs.ErrExist:
		return errors.Is(e.Err, syscall.EEXIST)
	case fs.ErrNotExist:
		return errors.Is(e.Err, syscall.ENODATA)
	}
	return false
}

// StateError is a pool's state as an error. It matches the sentinel of its
// state, and [ErrNeedsCheck] where the check is due.
type StateError struct {
	State      State
	NeedsCheck bool
}

// Error says what is wrong and what helps.
func (e *StateError) Error() string {
	s := e.sentinel().Error()
	if e.NeedsCheck {
		s += ", " + ErrNeedsCheck.Error()
	}
	return s + ": " + e.recovery()
}

func (e *StateError) recovery() string {
	switch {
	case e.State == OutOfDataSpace:
		return "extend its data device, or discard or delete what is not needed"
	case e.State == OutOfMetadataSpace:
		return "deactivate it, check its metadata, clear the needs-check flag and extend its metadata device"
	case e.State == Failed:
		return "deactivate it and repair its metadata into another device"
	case e.NeedsCheck:
		return "deactivate it, check its metadata and clear the needs-check flag"
	}
	return "load its table without read_only"
}

func (e *StateError) sentinel() error {
	switch e.State {
	case OutOfDataSpace:
		return ErrNoDataSpace
	case OutOfMetadataSpace:
		return ErrNoMetadataSpace
	case Failed:
		return ErrFailed
	}
	return ErrReadOnly
}

// Is matches the state's sentinel, and [ErrNeedsCheck] where it applies.
func (e *StateError) Is(target error) bool {
	return target == e.sentinel() || e.NeedsCheck && target == ErrNeedsCheck
}

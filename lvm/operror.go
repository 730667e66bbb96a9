package lvm

import (
	"errors"
	"fmt"
)

// What an operation is refused for, besides [ErrName], ENOSPC by a
// [*NoSpaceError], and the kinds of a [*Fault]. [OpError] says of what.
var (
	ErrExists       = errors.New("name is taken")                // by another LV of the VG
	ErrNotFound     = errors.New("not found")                    // no PV, LV or tag of that name
	ErrInUse        = errors.New("in use")                       // something is built on it, or lies on it
	ErrNotSupported = errors.New("not supported")                // by rok, for this kind of object
	ErrReadOnly     = errors.New("may not be changed")           // the VG, as it is
	ErrInvalid      = errors.New("invalid request")              // a value that is out of range, or does not fit the others
	ErrUnchanged    = errors.New("is so already")                // lvm2 refuses to change nothing
	ErrLimit        = errors.New("limit reached")                // of LVs, PVs, extents or device ids
	ErrPending      = errors.New("pool has messages to be sent") // of a transaction before this one
)

// OpError is an operation on a VG that was refused.
type OpError struct {
	Op     string // "create LV", "remove PV", …
	Object string // "vg/lv", or a device, or an ID
	Reason string // what is in the way, in words; may be empty
	// Type is the type of the segment that rok does not act on, where Err is
	// ErrNotSupported for its sake: "raid1".
	Type string
	Err  error // one of the errors above, a *NoSpaceError or a *Fault
}

// Error prints, for example, "remove LV vg/pool: in use: by thin volume t1".
func (e *OpError) Error() string {
	s := e.Op
	if e.Object != "" {
		s += " " + e.Object
	}
	s += ": " + e.Err.Error()
	if e.Type != "" {
		s += ": segment type " + e.Type
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

func (e *OpError) Unwrap() error { return e.Err }

// refuse returns an OpError of which [Batch.Do] fills in the operation.
func refuse(err error, reason string, args ...any) *OpError {
	return &OpError{Err: err, Reason: fmt.Sprintf(reason, args...)}
}

func (e *OpError) as(op, object string) *OpError {
	e.Op, e.Object = op, object
	return e
}

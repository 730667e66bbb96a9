package maps

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	// ErrCorrupt matches every [CorruptError].
	ErrCorrupt = errors.New("map is corrupt")
	// ErrMissing is what a store answers for an object that it has not.
	ErrMissing = errors.New("object is missing")
	// ErrOrder says that blocks were given out of order, twice, or behind the end.
	ErrOrder = errors.New("blocks out of order")
	// ErrSyntax says that a text is no id.
	ErrSyntax = errors.New("not an id")
	// ErrShape says that a size, block size, version or degree is outside of what
	// the format has.
	ErrShape = errors.New("no such shape of a map")
	// ErrIncompatible says that two maps have no ids in common, since block size or
	// hash differ.
	ErrIncompatible = errors.New("maps cannot be compared")
)

// CorruptError says what in a map is not as the format demands.
type CorruptError struct {
	Object   string // "header", "attributes", "page", "end", "node", "block"
	ID       ID     // of the object; zero where it has none
	Block    uint64 // the first block of the volume that the object is about
	Offset   int64  // of the object in the map's own bytes; 0 where ID leads to it
	What     string // the field or rule that is broken
	Expected string // "" where What or Err tells
	Found    string
	Err      error // why it could not be read, or nil
}

func (e *CorruptError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "maps: %s", e.Object)
	if !e.ID.IsZero() {
		fmt.Fprintf(&b, " %s", e.ID)
	}
	switch e.Object {
	case "page", "node", "block":
		fmt.Fprintf(&b, " (from block %d on)", e.Block)
	}
	if e.Offset != 0 {
		fmt.Fprintf(&b, " at byte %d", e.Offset)
	}
	fmt.Fprintf(&b, ": %s", e.What)
	if e.Expected != "" || e.Found != "" {
		fmt.Fprintf(&b, ": expected %s, found %s", e.Expected, e.Found)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Is reports whether target is [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

func (e *CorruptError) Unwrap() error { return e.Err }

// fault is a CorruptError that does not know yet where it is.
func fault(what string, expected, found any) *CorruptError {
	return &CorruptError{What: what, Expected: fmt.Sprint(expected), Found: fmt.Sprint(found)}
}

// in says which object e is about.
func (e *CorruptError) in(object string, id ID, block uint64, offset int64) *CorruptError {
	e.Object, e.ID, e.Block, e.Offset = object, id, block, offset
	return e
}

// ObjectError is a store that did not read or write an object. It unwraps to the
// store's error, such as [ErrMissing].
type ObjectError struct {
	Op    string // "read" or "write"
	Kind  Kind
	ID    ID
	Block uint64 // the first block of the volume that the object is about
	Err   error
}

func (e *ObjectError) Error() string {
	return fmt.Sprintf("maps: %s %s %s (from block %d on): %v", e.Op, e.Kind, e.ID, e.Block, e.Err)
}

func (e *ObjectError) Unwrap() error { return e.Err }

// UnsupportedError names a version, hash or flag that this package does not know.
// It matches errors.ErrUnsupported.
type UnsupportedError struct {
	What  string // "version", "hash", "flags"
	Value string
	Known string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("maps: %s %s is not known (known: %s): a newer release may read it", e.What, e.Value, e.Known)
}

// Is reports whether target is errors.ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// short is err, where it says that bytes end too early, as the format's fault.
func short(err error, object string, block uint64, offset int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e := &CorruptError{What: "cut short", Err: io.ErrUnexpectedEOF}
		return e.in(object, ID{}, block, offset)
	}
	return fmt.Errorf("maps: read %s at byte %d: %w", object, offset, err)
}

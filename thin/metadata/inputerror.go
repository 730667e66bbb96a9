package metadata

import (
	"errors"
	"fmt"
)

// What an [InputError] may be.
var (
	// ErrInvalid matches a value that the format or the kernel has no place for.
	ErrInvalid = errors.New("not possible in thin metadata")
	// ErrOrder matches a device or a mapping that does not come after the one
	// before it: out of order, overlapping, or twice.
	ErrOrder = errors.New("not in ascending order")
	// ErrDataRange matches a mapping to a place past the end of the data device.
	ErrDataRange = errors.New("data device too small")
)

// InputError is something that a [Writer] was told and does not write. Nothing of it
// was taken: the caller may go on without it.
type InputError struct {
	Object   string // "pool", "device 3", "device 3, blocks 5..9"
	What     string // the field at fault
	Expected string
	Found    string
	Err      error // ErrInvalid, ErrOrder or ErrDataRange
}

func (e *InputError) Error() string { return "metadata: " + e.text() }

// text is Error without the package.
func (e *InputError) text() string {
	return fmt.Sprintf("%s: %v: %s: expected %s, found %s", e.Object, e.Err, e.What, e.Expected, e.Found)
}

func (e *InputError) Unwrap() error { return e.Err }

package disk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rok-storage/rok/units"
)

var (
	// ErrNoLabel says that the first four sectors hold no label: not a PV.
	ErrNoLabel = errors.New("no LVM label")
	// ErrDamaged matches every [Error] that is about what the disk holds, and not
	// about reading it.
	ErrDamaged = errors.New("LVM structure is damaged")
	// ErrTextTooLong matches a [TextTooLongError].
	ErrTextTooLong = errors.New("metadata text too long")
	// ErrLayout matches a [LayoutError].
	ErrLayout = errors.New("layout does not fit the device")
)

// Error is one thing on a disk that is not as the format demands.
type Error struct {
	Structure string      // "label", "PV header", "metadata area header", "metadata text", …
	Offset    units.Bytes // of the structure on the device
	What      string      // the field or rule that is broken: "checksum", "size", …
	Expected  string      // empty where Err tells
	Found     string
	Err       error // why the structure could not be read, or nil
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at byte %d: %s", e.Structure, uint64(e.Offset), e.What)
	if e.Expected != "" || e.Found != "" {
		fmt.Fprintf(&b, ": expected %s, found %s", e.Expected, e.Found)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Is reports whether target is [ErrDamaged], which it is not where a read failed.
func (e *Error) Is(target error) bool { return target == ErrDamaged && e.Err == nil }

func (e *Error) Unwrap() error { return e.Err }

// damaged is an Error of values that print by themselves.
func damaged(structure string, at units.Bytes, what string, expected, found any) *Error {
	return &Error{Structure: structure, Offset: at, What: what, Expected: fmt.Sprint(expected), Found: fmt.Sprint(found)}
}

// bytes prints a number of bytes as a plain number.
type plain units.Bytes

func (n plain) String() string { return fmt.Sprintf("%d", uint64(n)) }

// TextTooLongError says that a text does not fit into a metadata area. Beyond
// half of the area there would be no room for the old text beside the new one.
type TextTooLongError struct {
	Area Area
	Size units.Bytes // of the text, its closing zero byte included
	Max  units.Bytes // that the area takes
}

func (e *TextTooLongError) Error() string {
	return fmt.Sprintf("metadata area at byte %d: text of %d bytes is %d too long: at most %d",
		uint64(e.Area.Start), uint64(e.Size), uint64(e.Size-e.Max), uint64(e.Max))
}

// Is reports whether target is [ErrTextTooLong].
func (e *TextTooLongError) Is(target error) bool { return target == ErrTextTooLong }

// LayoutError says why a [Layout] cannot be had.
type LayoutError struct {
	What  string // "metadata area", "bootloader area", "device", …
	Want  units.Bytes
	Limit units.Bytes
	Rule  string // what Limit is to Want: "at least", "at most", …
}

func (e *LayoutError) Error() string {
	return fmt.Sprintf("PV layout: %s of %v: %s %v", e.What, e.Want, e.Rule, e.Limit)
}

// Is reports whether target is [ErrLayout].
func (e *LayoutError) Is(target error) bool { return target == ErrLayout }

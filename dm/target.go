package dm

import "fmt"

// Target says what one segment of a table does with its I/O: it is one line
// of a table without start and length. The package has a type for each of the
// kernel's targets that it knows, named after it ([Linear], [ThinPool], …);
// [Raw] carries any other, and programs may bring their own.
type Target interface {
	// Type is the kernel's name of the target: "linear", "thin-pool".
	// At most 15 bytes (DM_MAX_TYPE_NAME, include/uapi/linux/dm-ioctl.h).
	Type() string
	// AppendParams appends the target's parameters as a table line has them.
	// It fails where the value cannot be put into such a line; what the
	// kernel will refuse for reasons of its own is left to the kernel.
	AppendParams(b []byte) ([]byte, error)
}

// Secret is a [Target] whose parameters hold key material. Loading it sets
// SECURE_DATA, so that the kernel and [Conn] wipe their buffers.
type Secret interface {
	Target
	// Redact returns the same target with its keys replaced by zeros of the
	// same length, fit to be printed.
	Redact() Target
}

// Status is what a target reports of itself: one status line without start,
// length and type.
type Status interface {
	// Type is the kernel's name of the target.
	Type() string
	// AppendStatus appends the line's parameters, byte for byte as the
	// kernel printed them.
	AppendStatus(b []byte) []byte
}

// Raw is a target as text, for what has no type of its own here.
type Raw struct {
	Name   string // the target's type
	Params string // everything behind it, as the kernel takes it
}

// Type returns Name.
func (r Raw) Type() string { return r.Name }

// AppendParams appends Params as they are.
func (r Raw) AppendParams(b []byte) ([]byte, error) { return append(b, r.Params...), nil }

// RawStatus is a status line as text, for targets without a typed status and
// for lines that their type's parser does not understand.
type RawStatus struct {
	Name   string // the target's type
	Params string // everything behind it, as the kernel printed it
}

// Type returns Name.
func (r RawStatus) Type() string { return r.Name }

// AppendStatus appends Params as they are.
func (r RawStatus) AppendStatus(b []byte) []byte { return append(b, r.Params...) }

// ParamsError says what in a table or status line is not understood. It never
// holds the line, which may hold a key.
type ParamsError struct {
	Target string // the target's type
	Line   string // "table" or "status"
	Word   int    // which word behind the type is wrong, counted from 1
	Reason string // what was expected there
}

// Error prints, for example, `linear table, word 2: offset: want a number`.
func (e *ParamsError) Error() string {
	return fmt.Sprintf("%s %s, word %d: %s", e.Target, e.Line, e.Word, e.Reason)
}

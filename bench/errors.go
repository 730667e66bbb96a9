package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench/engine"
)

var (
	// ErrShort says that an I/O moved fewer bytes than it was asked to.
	ErrShort = errors.New("short I/O")
	// ErrStuck says that I/Os did not complete after the job was cancelled.
	// They, their thread and their descriptors stay until they do.
	ErrStuck = errors.New("I/O does not complete")
)

// IOError is an I/O that failed. It unwraps to Err.
type IOError struct {
	Target string    // name of the target
	Op     engine.Op // what was asked for
	Offset int64     // in bytes from the beginning of the device; of a sync, 0
	Length int       // in bytes
	Done   int       // bytes that were moved, where the I/O was short
	// Err is the unix.Errno of the kernel, or [ErrShort]. A short read at the
	// end of a file is ErrShort and matches io.ErrUnexpectedEOF too.
	Err error
}

func (e *IOError) Error() string {
	if e.Op == engine.Sync || e.Op == engine.DataSync {
		return fmt.Sprintf("bench: %s %q: %v", e.Op, e.Target, e.Err)
	}
	if e.short() {
		return fmt.Sprintf("bench: %s %q: %v: %d of %d bytes at %d", e.Op, e.Target, e.Err, e.Done, e.Length, e.Offset)
	}
	return fmt.Sprintf("bench: %s %q: %d bytes at %d: %v", e.Op, e.Target, e.Length, e.Offset, e.Err)
}

// Unwrap returns Err.
func (e *IOError) Unwrap() error { return e.Err }

// Is reports whether target is io.ErrUnexpectedEOF and e a short read.
func (e *IOError) Is(target error) bool {
	return target == io.ErrUnexpectedEOF && e.Op == engine.Read && e.short()
}

func (e *IOError) short() bool { return errors.Is(e.Err, ErrShort) }

// MarshalJSON encodes e with the errno's name, or null where the I/O was short.
func (e *IOError) MarshalJSON() ([]byte, error) {
	doc := struct {
		Op     string  `json:"op"`
		Offset int64   `json:"offset"`
		Length int     `json:"length"`
		Done   int     `json:"done"`
		Errno  *string `json:"errno"`
	}{Op: e.Op.String(), Offset: e.Offset, Length: e.Length, Done: e.Done}
	var errno unix.Errno
	if errors.As(e.Err, &errno) {
		name := unix.ErrnoName(errno)
		doc.Errno = &name
	}
	return json.Marshal(doc)
}

package dm

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
)

// Error says which operation failed on which device. The kernel's errno, or
// the typed error behind it, is what Unwrap returns:
//
//   - [fs.ErrNotExist]: there is no such device (ENXIO, ENODEV); for a table
//     load it may also be a device that the table names.
//   - [fs.ErrExist]: the name or the UUID is taken (EBUSY of create, rename and
//     set UUID).
//   - [errors.ErrUnsupported]: the kernel is too old, or lacks the target that
//     [Conn.TargetVersion] asks for. Loading a table of such a target is EINVAL.
//   - [*BusyError]: the device is open.
//   - [*NameError], [*TableError]: refused before the kernel saw it.
type Error struct {
	Op      string // "load table", "suspend", …
	Device  string // its name, UUID or number; empty where there is none
	Segment int    // which segment of the table is at fault, from 1; 0: none or unknown
	Err     error
}

// Error prints, for example, `dm: load table of "vg-lv": segment 2: no such device or address`.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("dm: ")
	b.WriteString(e.Op)
	switch {
	case len(e.Device) > ioctl.MaxUUID: // refused for that
		fmt.Fprintf(&b, " %.40q…", e.Device)
	case e.Device != "":
		fmt.Fprintf(&b, " %q", e.Device)
	}
	if e.Segment > 0 {
		fmt.Fprintf(&b, ": segment %d", e.Segment)
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the kernel's errno values match what they mean here.
func (e *Error) Is(target error) bool {
	var errno syscall.Errno
	if !errors.As(e.Err, &errno) {
		return false
	}
	switch target {
	case fs.ErrNotExist:
		return errno == syscall.ENXIO || errno == syscall.ENODEV
	case fs.ErrExist:
		return errno == syscall.EBUSY && (e.Op == ioctl.DevCreate.String() || e.Op == ioctl.DevRename.String() || e.Op == setUUIDOp)
	case errors.ErrUnsupported:
		return errno == syscall.ENOTTY || errno == syscall.EINVAL && e.Op == ioctl.GetTargetVersion.String()
	}
	return false
}

// UnsupportedError says that the running kernel is older than what was asked
// for. It matches [errors.ErrUnsupported].
type UnsupportedError struct {
	Feature string
	Need    ioctl.ABI // the device-mapper ABI that has it
	Have    ioctl.ABI // the kernel's
}

// Error prints, for example, `arm poll needs device-mapper 4.37.0, the kernel has 4.36.0`.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s needs device-mapper %v, the kernel has %v", e.Feature, e.Need, e.Have)
}

// Is matches [errors.ErrUnsupported].
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// BusyError says that a device cannot be removed because it is open. It
// unwraps to EBUSY.
type BusyError struct {
	OpenCount int      // how many times it is open
	Holders   []string // names of the device-mapper devices on top of it
}

// Error says who holds the device, as far as the kernel tells.
func (e *BusyError) Error() string {
	switch {
	case len(e.Holders) > 0:
		return fmt.Sprintf("in use by %s (open count %d)", strings.Join(e.Holders, ", "), e.OpenCount)
	case e.OpenCount > 0:
		return fmt.Sprintf("in use: open count %d; a mount or a program holds it", e.OpenCount)
	}
	return "device or resource busy"
}

// Unwrap returns EBUSY.
func (e *BusyError) Unwrap() error { return syscall.EBUSY }

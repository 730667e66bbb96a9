package dm

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rok-storage/rok/ioctl"
)

// NameError says why a name or a UUID cannot be used. Nothing was done.
type NameError struct {
	Kind   string // "name", "UUID" or "target type"
	Value  string
	Reason string
}

// Error prints, for example, `name "a/b": contains a slash`.
func (e *NameError) Error() string {
	if len(e.Value) > ioctl.MaxUUID {
		return fmt.Sprintf("%s %.40q…: %s", e.Kind, e.Value, e.Reason)
	}
	return fmt.Sprintf("%s %q: %s", e.Kind, e.Value, e.Reason)
}

// CheckName reports whether the kernel and the device nodes can have name:
// 1 to 127 bytes in the form of [NodeName], no slash, no zero byte, and none of
// ".", ".." and "control", which the kernel takes and whose nodes would then
// stand where they must not. The error is a [*NameError].
func CheckName(name string) error {
	reason := checkString(name, ioctl.MaxName)
	switch {
	case reason != "":
	case name == "":
		reason = "empty"
	case strings.Contains(name, "/"):
		reason = "contains a slash"
	case name == "." || name == ".." || name == "control":
		reason = "reserved in /dev/mapper"
	default:
		if reason = checkString(NodeName(name), ioctl.MaxName); reason == "" {
			return nil
		}
		reason = "with what must be escaped, " + reason
	}
	return &NameError{Kind: "name", Value: name, Reason: reason}
}

// CheckUUID reports whether the kernel can have uuid: 1 to 128 bytes in the
// form of [NodeName], no zero byte. It is any text; lvm2's begin with "LVM-".
// The error is a [*NameError].
func CheckUUID(uuid string) error {
	reason := checkString(uuid, ioctl.MaxUUID)
	switch {
	case reason != "":
	case uuid == "":
		reason = "empty"
	default:
		if reason = checkString(NodeName(uuid), ioctl.MaxUUID); reason != "" {
			reason = "with what must be escaped, " + reason
		}
	}
	if reason != "" {
		return &NameError{Kind: "UUID", Value: uuid, Reason: reason}
	}
	return nil
}

func checkString(s string, limit int) string {
	switch {
	case len(s) > limit:
		return fmt.Sprintf("%d bytes long, at most %d fit", len(s), limit)
	case strings.IndexByte(s, 0) >= 0:
		return "contains a zero byte"
	}
	return ""
}

// NodeName is the file name below /dev/mapper of the device with the given
// name: every byte outside of [0-9A-Za-z#+-.:=@_] as \xNN, which is what
// libdevmapper makes of it (libdm-common.c; of a name that has such escapes
// already, in its "hex" mode).
//
// The kernel has the name in the same form. It would take any bytes, but one
// name with a blank makes dmsetup fail for all devices of the machine.
func NodeName(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf || !nodeByte(byte(r)) }) {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; nodeByte(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// plainName is the reverse of [NodeName], for the names and UUIDs that the
// kernel has. What NodeName would not make, because some other program chose
// it, stays as it is.
func plainName(kernel []byte) string {
	if bytes.IndexByte(kernel, '\\') < 0 {
		return string(kernel)
	}
	plain := make([]byte, 0, len(kernel))
	for i := 0; i < len(kernel); i++ {
		if n, err := strconv.ParseUint(string(kernel[min(i+2, len(kernel)):min(i+4, len(kernel))]), 16, 8); err == nil && kernel[i] == '\\' {
			plain, i = append(plain, byte(n)), i+3
			continue
		}
		plain = append(plain, kernel[i])
	}
	if NodeName(string(plain)) != string(kernel) {
		return string(kernel)
	}
	return string(plain)
}

func nodeByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("#+-.:=@_", c) >= 0
}

// ID says which device is meant: by name, by UUID or by number. The zero value
// is none, and refused.
type ID struct {
	name, uuid string
	dev        Dev
	kernel     string // beside name: its form in the kernel, where that is known
}

// ByName is the device with the given name.
func ByName(name string) ID { return ID{name: name} }

// ByUUID is the device with the given UUID.
func ByUUID(uuid string) ID { return ID{uuid: uuid} }

// ByDev is the device with the given number.
func ByDev(dev Dev) ID { return ID{dev: dev} }

// String prints whichever of name, UUID and number is set.
func (id ID) String() string {
	switch {
	case id.name != "":
		return id.name
	case id.uuid != "":
		return id.uuid
	case id.dev != Dev{}:
		return id.dev.String()
	}
	return ""
}

// check refuses what the kernel would cut short or misunderstand.
func (id ID) check() error {
	switch {
	case id.uuid != "":
		if reason := checkString(id.uuid, ioctl.MaxUUID); reason != "" {
			return &NameError{Kind: "UUID", Value: id.uuid, Reason: reason}
		}
		return nil
	case id.dev != Dev{}:
		return nil
	}
	// A device that somebody else made may have a reserved name, and must
	// still be reachable: only what the kernel itself cannot have is refused.
	if reason := checkString(id.name, ioctl.MaxName); reason != "" {
		return &NameError{Kind: "name", Value: id.name, Reason: reason}
	}
	if id.name == "" || strings.Contains(id.name, "/") {
		return CheckName(id.name)
	}
	return nil
}

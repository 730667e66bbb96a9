package dm

import (
	"fmt"
	"strings"

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
// 1 to 127 bytes, no slash, no zero byte, and none of ".", ".." and "control",
// which the kernel takes and whose nodes would then stand where they must not.
// The error is a [*NameError].
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
		return nil
	}
	return &NameError{Kind: "name", Value: name, Reason: reason}
}

// CheckUUID reports whether the kernel can have uuid: 1 to 128 bytes, no zero
// byte. It is any text; lvm2's begin with "LVM-". The error is a [*NameError].
func CheckUUID(uuid string) error {
	reason := checkString(uuid, ioctl.MaxUUID)
	if reason == "" && uuid == "" {
		reason = "empty"
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
// name, as libdevmapper chooses it: bytes outside of [0-9A-Za-z#+-.:=@_]
// become \xNN. A name in which such escapes are the only other bytes was
// escaped by libdevmapper before it went to the kernel, and stays as it is
// (its "auto" mode, libdm-common.c, which does not look at what follows \x). A
// name that mixes the two is refused by libdevmapper; here it is escaped whole.
func NodeName(name string) string {
	if plain, _ := nodeBytes(name, true); plain {
		return name
	}
	_, escaped := nodeBytes(name, false)
	return escaped
}

// nodeBytes reports whether name needs no escaping, and its escaped form.
func nodeBytes(name string, escapesAllowed bool) (plain bool, escaped string) {
	var b strings.Builder
	plain = true
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case nodeByte(c):
			b.WriteByte(c)
		case escapesAllowed && c == '\\' && i+3 < len(name) && name[i+1] == 'x':
			b.WriteString(name[i : i+4])
			i += 3
		default:
			plain = false
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return plain, b.String()
}

func nodeByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("#+-.:=@_", c) >= 0
}

// ID says which device is meant: by name, by UUID or by number. The zero value
// is none, and refused.
type ID struct {
	name, uuid string
	dev        Dev
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
		return CheckUUID(id.uuid)
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

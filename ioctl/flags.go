package ioctl

import (
	"strconv"
	"strings"
)

// Flags is the flags word of a device-mapper request and its reply: the
// status bits of include/uapi/linux/dm-ioctl.h.
type Flags uint32

// The flags. In: the caller sets it. Out: the kernel does.
const (
	FlagReadOnly        Flags = 1 << 0  // in, out: the table is read-only
	FlagSuspend         Flags = 1 << 1  // in, out: suspend; is suspended
	FlagPersistentDev   Flags = 1 << 3  // in: the caller chose the minor number
	FlagStatusTable     Flags = 1 << 4  // in: TableStatus returns table lines
	FlagActivePresent   Flags = 1 << 5  // out: there is an active table
	FlagInactivePresent Flags = 1 << 6  // out: there is an inactive table
	FlagBufferFull      Flags = 1 << 8  // out: the reply did not fit
	FlagSkipBdget       Flags = 1 << 9  // in: ignored by every kernel that is left
	FlagSkipLockFS      Flags = 1 << 10 // in: suspend without freezing the file system
	FlagNoFlush         Flags = 1 << 11 // in: suspend, status without flushing
	FlagQueryInactive   Flags = 1 << 12 // in: the inactive table, 4.16
	FlagUeventGenerated Flags = 1 << 13 // out: a uevent was sent, 4.17
	FlagUUID            Flags = 1 << 14 // in: rename sets the UUID, 4.19; list returns UUIDs, 4.45
	FlagSecureData      Flags = 1 << 15 // in: wipe the buffers, 4.20
	FlagDataOut         Flags = 1 << 16 // out: a message has a reply, 4.23
	FlagDeferredRemove  Flags = 1 << 17 // in, out: remove at the last close, 4.27
	FlagInternalSuspend Flags = 1 << 18 // out: suspended by another target, 4.29
	FlagIMAMeasurement  Flags = 1 << 19 // in: TableStatus returns IMA text, 4.45
)

var flagNames = [...]string{
	0: "readonly", 1: "suspend", 3: "persistent-dev", 4: "status-table", 5: "active-present",
	6: "inactive-present", 8: "buffer-full", 9: "skip-bdget", 10: "skip-lockfs", 11: "noflush",
	12: "query-inactive", 13: "uevent-generated", 14: "uuid", 15: "secure-data", 16: "data-out",
	17: "deferred-remove", 18: "internal-suspend", 19: "ima-measurement",
}

// MinABI is the lowest ABI version that knows every flag in f that a caller
// sets for c. An older kernel would ignore a flag silently.
func (f Flags) MinABI(c Cmd) ABI {
	v := c.MinABI()
	need := func(flag Flags, minor uint32) {
		if f&flag != 0 {
			v.Minor = max(v.Minor, minor)
		}
	}
	need(FlagQueryInactive, 16)
	need(FlagSecureData, 20)
	need(FlagDeferredRemove, 27)
	need(FlagIMAMeasurement, 45)
	if c == DevRename {
		need(FlagUUID, 19)
	}
	if c == ListDevices {
		need(FlagUUID, 45)
	}
	return v
}

// String prints the flags' names, joined by "|".
func (f Flags) String() string {
	var names []string
	for bit := range 32 {
		if f&(1<<bit) == 0 {
			continue
		}
		if bit < len(flagNames) && flagNames[bit] != "" {
			names = append(names, flagNames[bit])
		} else {
			names = append(names, "1<<"+strconv.Itoa(bit))
		}
	}
	return strings.Join(names, "|")
}

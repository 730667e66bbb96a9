package ioctl

import "fmt"

// Cmd is a command of the device-mapper control node: the _CMD numbers of
// include/uapi/linux/dm-ioctl.h. DM_MPATH_PROBE_PATHS (18) is missing: it acts
// on a block device.
type Cmd uint8

// The commands, with the ABI version that brought each.
const (
	Version          Cmd = iota // 4.0  DM_VERSION
	RemoveAll                   // 4.0  DM_REMOVE_ALL
	ListDevices                 // 4.0  DM_LIST_DEVICES
	DevCreate                   // 4.0  DM_DEV_CREATE
	DevRemove                   // 4.0  DM_DEV_REMOVE
	DevRename                   // 4.0  DM_DEV_RENAME
	DevSuspend                  // 4.0  DM_DEV_SUSPEND; resumes without FlagSuspend
	DevStatus                   // 4.0  DM_DEV_STATUS
	DevWait                     // 4.0  DM_DEV_WAIT
	TableLoad                   // 4.0  DM_TABLE_LOAD
	TableClear                  // 4.0  DM_TABLE_CLEAR
	TableDeps                   // 4.0  DM_TABLE_DEPS
	TableStatus                 // 4.0  DM_TABLE_STATUS
	ListVersions                // 4.1  DM_LIST_VERSIONS
	TargetMsg                   // 4.2  DM_TARGET_MSG
	DevSetGeometry              // 4.6  DM_DEV_SET_GEOMETRY
	DevArmPoll                  // 4.37 DM_DEV_ARM_POLL
	GetTargetVersion            // 4.41 DM_GET_TARGET_VERSION

	// Commands is how many there are.
	Commands = int(iota)
)

// commands describes each Cmd: the name in errors, the minor number of the
// ABI that brought it (the major one is 4 throughout), and whether the kernel
// writes behind the header (IOCTL_FLAGS_NO_PARAMS, drivers/md/dm-ioctl.c).
var commands = [Commands]struct {
	name  string
	minor uint32
	reply bool
}{
	Version:          {"version", 0, false},
	RemoveAll:        {"remove all", 0, false},
	ListDevices:      {"list devices", 0, true},
	DevCreate:        {"create", 0, false},
	DevRemove:        {"remove", 0, false},
	DevRename:        {"rename", 0, false},
	DevSuspend:       {"suspend", 0, false},
	DevStatus:        {"info", 0, false},
	DevWait:          {"wait", 0, true},
	TableLoad:        {"load table", 0, false},
	TableClear:       {"clear table", 0, false},
	TableDeps:        {"list dependencies", 0, true},
	TableStatus:      {"table status", 0, true},
	ListVersions:     {"list targets", 1, true},
	TargetMsg:        {"message", 2, true},
	DevSetGeometry:   {"set geometry", 6, false},
	DevArmPoll:       {"arm poll", 37, false},
	GetTargetVersion: {"get target version", 41, true},
}

// String names c as errors do: "load table".
func (c Cmd) String() string {
	if int(c) < Commands {
		return commands[c].name
	}
	return fmt.Sprintf("command %d", uint8(c))
}

// Request is the ioctl number: _IOWR(DM_IOCTL, c, struct dm_ioctl). It is the
// same on every architecture that Linux and Go share.
func (c Cmd) Request() uintptr { return 0xc138fd00 | uintptr(c) }

// MinABI is the lowest ABI version that has c. Requests carry it, because the
// kernel refuses one whose minor version is above its own.
func (c Cmd) MinABI() ABI {
	if int(c) < Commands {
		return ABI{Major: 4, Minor: commands[c].minor}
	}
	return ABI{Major: 4}
}

// HasReply reports whether the kernel may write behind the header, so that
// the buffer's size matters and may have to grow.
func (c Cmd) HasReply() bool { return int(c) < Commands && commands[c].reply }

// ABI is a version of the device-mapper ioctl interface. The zero value is
// older than any.
type ABI struct{ Major, Minor, Patch uint32 }

// Less reports whether v is older than w.
func (v ABI) Less(w ABI) bool {
	if v.Major != w.Major {
		return v.Major < w.Major
	}
	if v.Minor != w.Minor {
		return v.Minor < w.Minor
	}
	return v.Patch < w.Patch
}

// String prints "4.47.0".
func (v ABI) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

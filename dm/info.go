package dm

import (
	"github.com/rok-storage/rok/ioctl"
)

// Info is what the kernel says about a device itself, whatever its targets.
type Info struct {
	Name string
	UUID string // may be empty
	Dev  Dev

	OpenCount int
	EventNr   uint32 // rises with each event of the device's targets
	Segments  int    // of the active table

	Suspended       bool
	ReadOnly        bool
	Active          bool // has an active table
	Inactive        bool // has an inactive table, loaded and waiting for a resume
	DeferredRemove  bool // goes away at the last close
	InternalSuspend bool // suspended by a target on top, such as a snapshot's

	flags ioctl.Flags
}

// read fills i from a reply. Name and UUID keep their memory where they did
// not change, so that reading one device again and again allocates nothing.
func (i *Info) read(b *ioctl.Buffer) {
	h := b.Header()
	if name := h.NameBytes(); string(name) != i.Name {
		i.Name = plainName(name)
	}
	if uuid := h.UUIDBytes(); string(uuid) != i.UUID {
		i.UUID = plainName(uuid)
	}
	i.Dev = DevFromUint64(h.Dev)
	i.OpenCount = int(h.OpenCount)
	i.EventNr = h.EventNr
	i.Segments = int(h.TargetCount)
	i.flags = h.Flags
	i.Suspended = h.Flags&ioctl.FlagSuspend != 0
	i.ReadOnly = h.Flags&ioctl.FlagReadOnly != 0
	i.Active = h.Flags&ioctl.FlagActivePresent != 0
	i.Inactive = h.Flags&ioctl.FlagInactivePresent != 0
	i.DeferredRemove = h.Flags&ioctl.FlagDeferredRemove != 0
	i.InternalSuspend = h.Flags&ioctl.FlagInternalSuspend != 0
}

// uevent reports whether the request sent a uevent, so that udev will answer.
func (i *Info) uevent() bool { return i.flags&ioctl.FlagUeventGenerated != 0 }

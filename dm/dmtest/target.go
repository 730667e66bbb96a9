package dmtest

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// TargetType is a target that the kernel knows: struct target_type.
type TargetType struct {
	Name    string
	Version [3]uint32
	// Singleton targets stand alone in their table; Immutable ones do so
	// too, and stay the device's target for ever; AlwaysWriteable ones are
	// refused in a read-only table.
	Singleton, Immutable, AlwaysWriteable bool
	// New makes a segment of a table. Its errors are errno values.
	New func(*Builder) (Instance, error)
}

// Instance is one segment of a table. It may have further methods, which are
// called with the kernel's lock held:
//
//	Areas() []Area                               the devices below, for their size to be checked
//	Resume() error                               before the device is resumed; an error stops that
//	Suspend()                                    when the device is suspended
//	Message(args []string) (string, bool, error) a message; the reply, if there is one
//	Close()                                      when the table is destroyed
type Instance interface {
	Table() string  // the line of STATUSTYPE_TABLE
	Status() string // the line of STATUSTYPE_INFO
}

type (
	user      interface{ Areas() []Area }
	resumer   interface{ Resume() error }
	suspender interface{ Suspend() }
	messenger interface {
		Message(args []string) (reply string, has bool, err error)
	}
	closer interface{ Close() }
)

// Area is a run of sectors of a device that a segment uses.
type Area struct {
	Dev           dm.Dev
	Start, Length units.Sectors
}

// Builder is what a target gets to make a segment from.
type Builder struct {
	Args     []string
	Length   units.Sectors
	ReadOnly bool

	machine *machine
	device  *device
	table   *table
}

// Open opens a device for the table: dm_get_device. It takes "8:16" and paths,
// and fails with ENODEV for a path and with ENXIO for a number that is no
// device.
func (b *Builder) Open(word string) (dm.Dev, error) {
	dev, err := b.machine.resolve(word)
	if err != nil {
		return dm.Dev{}, err
	}
	for _, open := range b.table.devices {
		if open == dev {
			return dev, nil
		}
	}
	if dev.Major == major {
		d := b.machine.minors[dev.Minor]
		if d == nil || !d.added {
			return dm.Dev{}, syscall.ENXIO
		}
		b.device.hold(b.table.use(dev), d)
	} else if _, there := b.machine.disks[dev]; !there {
		return dm.Dev{}, syscall.ENXIO
	}
	b.table.devices = append([]dm.Dev{dev}, b.table.devices...)
	return dev, nil
}

func (m *machine) resolve(word string) (dm.Dev, error) {
	if dev, err := dm.ParseDev(word); err == nil {
		return dev, nil
	}
	if dev, ok := m.paths[word]; ok {
		return dev, nil
	}
	if n, ok := strings.CutPrefix(word, "/dev/dm-"); ok {
		if minor, err := strconv.ParseUint(n, 10, 20); err == nil && m.minors[uint32(minor)] != nil {
			return dm.Dev{Major: major, Minor: uint32(minor)}, nil
		}
	}
	if name, ok := strings.CutPrefix(word, "/dev/mapper/"); ok {
		for _, d := range m.devices {
			if d.name == name || dm.NodeName(d.name) == name {
				return d.dev, nil
			}
		}
	}
	return dm.Dev{}, syscall.ENODEV
}

// kernelTargets are those of Linux 6.1, with the versions that they have there.
func kernelTargets(m *machine) []TargetType {
	types := []TargetType{
		{Name: "linear", Version: [3]uint32{1, 4, 0}, New: newLinear},
		{Name: "striped", Version: [3]uint32{1, 6, 0}, New: newStriped},
		{Name: "zero", Version: [3]uint32{1, 1, 0}, New: newZero},
		{Name: "error", Version: [3]uint32{1, 5, 0}, New: newError},
		{
			Name: "thin-pool", Version: [3]uint32{1, 22, 0}, Singleton: true, Immutable: true, AlwaysWriteable: true,
			New: m.newPool,
		},
		{Name: "thin", Version: [3]uint32{1, 22, 0}, New: m.newThin},
	}
	for name, version := range map[string][3]uint32{
		"cache": {2, 2, 0}, "clone": {1, 0, 0}, "crypt": {1, 24, 0}, "delay": {1, 3, 0}, "dust": {1, 0, 0},
		"era": {1, 0, 0}, "flakey": {1, 5, 0}, "integrity": {1, 10, 0}, "log-writes": {1, 1, 0}, "mirror": {1, 14, 0},
		"raid": {1, 15, 1}, "snapshot": {1, 16, 0}, "snapshot-merge": {1, 5, 0}, "snapshot-origin": {1, 9, 0},
		"switch": {1, 1, 0}, "unstriped": {1, 1, 0}, "verity": {1, 9, 0}, "writecache": {1, 6, 0},
	} {
		types = append(types, TargetType{Name: name, Version: version, New: newVerbatim})
	}
	return types
}

// verbatim is a target that is not modelled: it keeps its arguments, and has an
// empty status.
type verbatim struct{ args string }

// newVerbatim opens what looks like a device.
func newVerbatim(b *Builder) (Instance, error) {
	for _, word := range b.Args {
		if _, err := dm.ParseDev(word); err != nil {
			continue
		}
		if _, err := b.Open(word); err != nil {
			return nil, err
		}
	}
	return verbatim{strings.Join(b.Args, " ")}, nil
}

func (v verbatim) Table() string { return v.args }
func (verbatim) Status() string  { return "" }

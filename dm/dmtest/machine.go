package dmtest

import (
	"cmp"
	"slices"
	"sync"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// major is the number that devices of the fake have.
const major = 253

// machine is the state that all handles share.
type machine struct {
	cfg     Config
	targets map[string]TargetType

	mu      sync.Mutex
	devices []*device // by name
	minors  map[uint32]*device
	disks   map[dm.Dev]disk
	paths   map[string]dm.Dev
	pools   []*Pool          // that a table has open
	saved   map[area]*poolMD // pools' metadata, by where it lies
	faults  []fault
	events  uint32        // dm_global_event_nr
	changed chan struct{} // closed at each event
}

type disk struct{ size units.Sectors }

// area is a place on a disk that is no device of the fake.
type area struct {
	dev   dm.Dev
	start units.Sectors
}

func newMachine(cfg Config) *machine {
	m := &machine{
		cfg: cfg, targets: map[string]TargetType{}, minors: map[uint32]*device{}, disks: map[dm.Dev]disk{},
		paths: map[string]dm.Dev{}, saved: map[area]*poolMD{}, changed: make(chan struct{}),
	}
	for _, t := range slices.Concat(kernelTargets(m), cfg.Targets) {
		m.targets[t.Name] = t
	}
	return m
}

// event is dm_issue_global_event.
func (m *machine) event() {
	m.events++
	close(m.changed)
	m.changed = make(chan struct{})
}

// AddDisk gives the machine a disk of the given size, for tables to stand on.
// Path is optional.
func (k *Kernel) AddDisk(path string, size units.Sectors) dm.Dev {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	dev := dm.Dev{Major: 8, Minor: uint32(len(k.m.disks))}
	k.m.disks[dev] = disk{size}
	if path != "" {
		k.m.paths[path] = dev
	}
	return dev
}

// ResizeDisk changes the size of a disk that [Kernel.AddDisk] made.
func (k *Kernel) ResizeDisk(dev dm.Dev, size units.Sectors) {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	k.m.disks[dev] = disk{size}
}

// Hold opens the device, as a mount or a program does, until release is called
// for the first time. It fails with ENXIO where there is no such device, or one
// that never had a table.
func (k *Kernel) Hold(name string) (release func(), err error) {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	d := k.m.byName(name)
	if d == nil || !d.added {
		return nil, syscall.ENXIO
	}
	d.opens++
	return sync.OnceFunc(func() {
		k.m.mu.Lock()
		defer k.m.mu.Unlock()
		k.m.closeDevice(d)
	}), nil
}

// Event makes the targets of a device report an event. It fails with ENXIO
// where there is no such device.
func (k *Kernel) Event(name string) error {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	d := k.m.byName(name)
	if d == nil {
		return syscall.ENXIO
	}
	k.m.tableEvent(d)
	return nil
}

// Devices returns the names of all devices, in order.
func (k *Kernel) Devices() []string {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	var names []string
	for _, d := range k.m.devices {
		names = append(names, d.name)
	}
	return names
}

// command is one row of the kernel's table of ioctls.
type command struct {
	do       func(*Kernel, *param) error
	noParams bool // IOCTL_FLAGS_NO_PARAMS
	event    bool // IOCTL_FLAGS_ISSUE_GLOBAL_EVENT
	since    uint32
}

func (m *machine) lookup(cmd ioctl.Cmd) (command, bool) {
	on := func(do func(*machine, *param) error) func(*Kernel, *param) error {
		return func(k *Kernel, p *param) error { return do(k.m, p) }
	}
	var c command
	switch cmd {
	case ioctl.RemoveAll:
		c = command{do: on((*machine).removeAll), noParams: true, event: true}
	case ioctl.ListDevices:
		c = command{do: on((*machine).listDevices)}
	case ioctl.DevCreate:
		c = command{do: on((*machine).create), noParams: true, event: true}
	case ioctl.DevRemove:
		c = command{do: on((*machine).remove), noParams: true, event: true}
	case ioctl.DevRename:
		c = command{do: on((*machine).rename), event: true}
	case ioctl.DevSuspend:
		c = command{do: on((*machine).suspendOrResume), noParams: true}
	case ioctl.DevStatus:
		c = command{do: on((*machine).devStatus), noParams: true}
	case ioctl.DevWait:
		c = command{do: (*Kernel).devWait}
	case ioctl.TableLoad:
		c = command{do: on((*machine).load)}
	case ioctl.TableClear:
		c = command{do: on((*machine).clear), noParams: true}
	case ioctl.TableDeps:
		c = command{do: on((*machine).deps)}
	case ioctl.TableStatus:
		c = command{do: on((*machine).tableStatus)}
	case ioctl.ListVersions:
		c = command{do: on((*machine).listVersions), since: 1}
	case ioctl.TargetMsg:
		c = command{do: on((*machine).message), since: 2}
	case ioctl.DevSetGeometry:
		c = command{do: on((*machine).setGeometry), since: 6}
	case ioctl.DevArmPoll:
		c = command{do: (*Kernel).armPoll, noParams: true, since: 37}
	case ioctl.GetTargetVersion:
		c = command{do: on((*machine).targetVersion), since: 41}
	default:
		return c, false
	}
	return c, m.cfg.ABI.Minor >= c.since
}

func (k *Kernel) armPoll(*param) error {
	k.armed = k.m.events
	return nil
}

func (m *machine) byName(name string) *device {
	at, found := slices.BinarySearchFunc(m.devices, name, func(d *device, name string) int { return cmp.Compare(d.name, name) })
	if !found {
		return nil
	}
	return m.devices[at]
}

func (m *machine) byUUID(uuid string) *device {
	for _, d := range m.devices {
		if uuid != "" && d.uuid == uuid {
			return d
		}
	}
	return nil
}

func (m *machine) insert(d *device) {
	at, _ := slices.BinarySearchFunc(m.devices, d.name, func(d *device, name string) int { return cmp.Compare(d.name, name) })
	m.devices = slices.Insert(m.devices, at, d)
}

func (m *machine) unlink(d *device) {
	m.devices = slices.DeleteFunc(m.devices, func(e *device) bool { return e == d })
}

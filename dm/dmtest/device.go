package dmtest

import (
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// device is one mapped device: struct mapped_device and its hash_cell.
type device struct {
	name, uuid     string
	dev            dm.Dev
	live, inactive *table
	opens          int
	eventNr        uint32
	suspended      bool
	readOnly       bool
	deferred       bool // DMF_DEFERRED_REMOVE
	gone           bool
	added          bool   // the block device exists: a first table was loaded
	immutable      string // the target type that every table must have
	stats          []string
	uses           map[use]int
}

// find is __find_device_hash_cell: exactly one of UUID, name and number. It
// writes the name and the UUID that it found into the request.
func (m *machine) find(p *param) *device {
	name, uuid, dev := p.name(), p.uuid(), p.u64(offDev)
	var d *device
	switch {
	case uuid != "" && (name != "" || dev != 0), name != "" && dev != 0:
		return nil
	case uuid != "":
		d = m.byUUID(uuid)
	case name != "":
		d = m.byName(name)
	case dev != 0:
		if n := dm.DevFromUint64(dev); n.Major == major {
			d = m.minors[n.Minor]
		}
	}
	if d == nil {
		return nil
	}
	copyText(p.b[offName:offName+nameLen], d.name)
	copyText(p.b[offUUID:offUUID+uuidLen], d.uuid)
	p.set(ioctl.FlagInactivePresent, d.inactive != nil)
	return d
}

// copyText is strlcpy: bytes behind the end stay.
func copyText(field []byte, s string) { field[copy(field[:len(field)-1], s)] = 0 }

// describe fills the reply's header: __dev_status.
func (d *device) describe(p *param) {
	p.set(ioctl.FlagSuspend, d.suspended)
	p.set(ioctl.FlagReadOnly|ioctl.FlagActivePresent|ioctl.FlagInternalSuspend, false)
	if d.deferred {
		p.set(ioctl.FlagDeferredRemove, true)
	}
	p.setU64(offDev, d.dev.Uint64())
	p.setU32(offOpenCount, uint32(d.opens))
	p.setU32(offEventNr, d.eventNr)
	p.setU32(offTargetCount, 0)
	p.set(ioctl.FlagActivePresent, d.live != nil)
	inactive := p.has(ioctl.FlagQueryInactive)
	switch {
	case !inactive && d.live != nil:
		p.set(ioctl.FlagReadOnly, d.readOnly)
		p.setU32(offTargetCount, uint32(len(d.live.segments)))
	case inactive && d.inactive != nil:
		p.set(ioctl.FlagReadOnly, d.inactive.readOnly)
		p.setU32(offTargetCount, uint32(len(d.inactive.segments)))
	}
}

func (m *machine) devStatus(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	d.describe(p)
	return nil
}

func (m *machine) checkName(name string) error {
	if strings.Contains(name, "/") {
		return syscall.EINVAL
	}
	if m.strict() && (name == "." || name == ".." || name == "control") {
		return syscall.EINVAL
	}
	return nil
}

// strict reports whether the kernel has the checks of ABI 4.48.
func (m *machine) strict() bool { return m.cfg.ABI.Minor >= 48 }

func (m *machine) create(p *param) error {
	if err := m.checkName(p.name()); err != nil {
		return err
	}
	var minor uint32
	if p.has(ioctl.FlagPersistentDev) {
		minor = dm.DevFromUint64(p.u64(offDev)).Minor
	} else {
		for m.minors[minor] != nil {
			minor++
		}
	}
	if m.minors[minor] != nil {
		return syscall.ENXIO // dm_create knows no other errno
	}
	if m.byName(p.name()) != nil || m.byUUID(p.uuid()) != nil {
		return syscall.EBUSY
	}
	d := &device{name: p.name(), uuid: p.uuid(), dev: dm.Dev{Major: major, Minor: minor}, uses: map[use]int{}}
	m.minors[minor] = d
	m.insert(d)
	p.set(ioctl.FlagInactivePresent, false)
	d.describe(p)
	return nil
}

func (m *machine) remove(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	if d.opens > 0 {
		if p.has(ioctl.FlagDeferredRemove) {
			d.deferred = true
			return nil
		}
		return syscall.EBUSY
	}
	p.set(ioctl.FlagDeferredRemove, false)
	m.destroy(d)
	p.set(ioctl.FlagUeventGenerated, m.sendsUevents(d))
	return nil
}

// sendsUevents reports whether a uevent of d reaches anybody. Since Linux 5.15
// the block device is made with the first table; one that is not there sends
// nothing.
func (m *machine) sendsUevents(d *device) bool { return d.added || m.cfg.ABI.Minor < 45 }

// destroy takes d away with its tables.
func (m *machine) destroy(d *device) {
	m.unlink(d)
	delete(m.minors, d.dev.Minor)
	d.gone = true
	m.tableEvent(d)
	for _, t := range []*table{d.inactive, d.live} {
		m.release(t)
	}
	d.inactive, d.live = nil, nil
}

// tableEvent is dm_table_event of the active table, if there is one.
func (m *machine) tableEvent(d *device) {
	if d.live != nil {
		d.eventNr++
		m.event()
	}
}

// closeDevice takes one user away; at the last a deferred removal happens.
func (m *machine) closeDevice(d *device) {
	d.opens--
	if d.opens == 0 && d.deferred && !d.gone {
		m.destroy(d)
	}
}

func (m *machine) removeAll(p *param) error {
	deferred := p.has(ioctl.FlagDeferredRemove)
	for again := true; again; {
		again = false
		for _, d := range m.devices {
			if d.opens > 0 {
				d.deferred = d.deferred || deferred
				continue
			}
			m.destroy(d)
			again = true
			break
		}
	}
	p.setU32(offDataSize, 0)
	return nil
}

// rename finds the device by its name alone: dm_hash_rename.
func (m *machine) rename(p *param) error {
	isUUID := p.has(ioctl.FlagUUID)
	limit := nameLen - 1
	if isUUID {
		limit = uuidLen - 1
	}
	start := int(p.u32(offDataStart))
	to, ok := p.ended(start)
	if start < minSize || !ok || to == "" || len(to) > limit {
		return syscall.EINVAL
	}
	if !isUUID {
		if err := m.checkName(to); err != nil {
			return err
		}
	}
	if isUUID && m.byUUID(to) != nil || !isUUID && m.byName(to) != nil {
		return syscall.EBUSY
	}
	d := m.byName(p.name())
	switch {
	case d == nil:
		return syscall.ENXIO
	case isUUID && d.uuid != "":
		return syscall.EINVAL
	case isUUID:
		d.uuid = to
	default:
		m.unlink(d)
		d.name = to
		m.insert(d)
	}
	m.tableEvent(d)
	p.set(ioctl.FlagUeventGenerated, m.sendsUevents(d))
	d.describe(p)
	return nil
}

func (k *Kernel) devWait(p *param) error {
	d := k.m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	for wanted := p.u32(offEventNr); d.eventNr == wanted; {
		changed := k.m.changed
		k.m.mu.Unlock()
		select {
		case <-changed:
		case <-k.closed:
		}
		k.m.mu.Lock()
		if k.isClosed() {
			return syscall.EBADF
		}
	}
	d.describe(p)
	k.m.reportTable(d, p)
	return nil
}

package dmtest

import (
	"slices"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// maxSectors is the largest device: LLONG_MAX >> SECTOR_SHIFT.
const maxSectors = (1<<63 - 1) >> 9

// table is struct dm_table.
type table struct {
	owner    *device
	readOnly bool
	segments []segment
	devices  []dm.Dev // that it has open, the last first
}

type segment struct {
	start, length units.Sectors
	target        TargetType
	instance      Instance
}

// all returns the segments; a nil table has none.
func (t *table) all() []segment {
	if t == nil {
		return nil
	}
	return t.segments
}

func (t *table) size() units.Sectors {
	if s := t.all(); len(s) > 0 {
		return s[len(s)-1].start + s[len(s)-1].length
	}
	return 0
}

// immutable is the type that later tables must have as well, or nothing.
func (t *table) immutable() string {
	for _, s := range t.all() {
		if s.target.Immutable {
			return s.target.Name
		}
	}
	return ""
}

// release destroys a table that no device has any more.
func (m *machine) release(t *table) {
	if t == nil {
		return
	}
	for _, s := range t.segments {
		if c, ok := s.instance.(closer); ok {
			c.Close()
		}
	}
	for _, dev := range t.devices {
		if d := m.minors[dev.Minor]; dev.Major == major && d != nil {
			m.letGo(t.owner, t.use(dev), d)
		}
	}
}

// use is how a device has another one open: once for all its tables, as long as
// they want to do the same with it (dm_get_table_device, drivers/md/dm.c).
type use struct {
	dev      dm.Dev
	readOnly bool
}

func (t *table) use(dev dm.Dev) use { return use{dev, t.readOnly} }

func (d *device) hold(u use, below *device) {
	if d.uses[u]++; d.uses[u] == 1 {
		below.opens++
	}
}

func (m *machine) letGo(d *device, u use, below *device) {
	if d.uses[u]--; d.uses[u] == 0 {
		m.closeDevice(below)
	}
}

// load is table_load.
func (m *machine) load(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	t := &table{owner: d, readOnly: p.has(ioctl.FlagReadOnly)}
	err := m.populate(d, t, p)
	if err == nil && d.immutable != "" && t.immutable() != d.immutable && !t.hasWildcard() {
		err = syscall.EINVAL
	}
	if err == nil && !d.added {
		err = m.checkAreas(t)
	}
	if err != nil {
		m.release(t)
		return err
	}
	d.added = true
	old := d.inactive
	d.inactive = t
	p.set(ioctl.FlagInactivePresent, true)
	d.describe(p)
	m.release(old)
	return nil
}

// hasWildcard reports whether a target may take the place of any other.
func (t *table) hasWildcard() bool {
	return slices.ContainsFunc(t.segments, func(s segment) bool { return s.target.Name == "error" })
}

// populate walks the specs of the request: populate_table and next_target.
func (m *machine) populate(d *device, t *table, p *param) error {
	count := p.u32(offTargetCount)
	if count == 0 {
		return syscall.EINVAL
	}
	if count > 1<<20 {
		return syscall.EOVERFLOW
	}
	at, next, least := 0, int(p.u32(offDataStart)), headSize
	for range count {
		if m.strict() && (next < least || next%8 != 0 || at+next+specSize >= len(p.b)) {
			return syscall.EINVAL
		}
		at += next
		params, ok := p.ended(at + specSize)
		if next < specSize || !ok {
			return syscall.EINVAL
		}
		spec := p.b[at:]
		typ := text(spec[specType : specType+typeLen])
		if err := m.addTarget(d, t, typ, host.Uint64(spec), host.Uint64(spec[8:]), params); err != nil {
			return err
		}
		next, least = int(u32(spec, specNext)), specSize+len(params)+1
	}
	return nil
}

// addTarget is dm_table_add_target.
func (m *machine) addTarget(d *device, t *table, typ string, start, length uint64, params string) error {
	target, known := m.targets[typ]
	_, alone := t.singleton()
	switch {
	case alone, length == 0, start+length < start, start+length > maxSectors, !known,
		target.Singleton && len(t.segments) > 0,
		target.AlwaysWriteable && t.readOnly,
		t.immutable() != "" && t.immutable() != typ,
		target.Immutable && t.immutable() == "" && len(t.segments) > 0,
		units.Sectors(start) != t.size():
		return syscall.EINVAL
	}
	b := Builder{Args: splitArgs(params), Length: units.Sectors(length), ReadOnly: t.readOnly, machine: m, device: d, table: t}
	instance, err := target.New(&b)
	if err != nil {
		return err
	}
	t.segments = append(t.segments, segment{units.Sectors(start), b.Length, target, instance})
	return nil
}

func (t *table) singleton() (segment, bool) {
	if len(t.segments) == 1 && t.segments[0].target.Singleton {
		return t.segments[0], true
	}
	return segment{}, false
}

// splitArgs is dm_split_args: words, in which a backslash makes the byte behind
// it an ordinary one.
func splitArgs(s string) []string {
	const space = " \t\n\v\f\r"
	var args []string
	for {
		s = strings.TrimLeft(s, space)
		if s == "" {
			return args
		}
		var word strings.Builder
		i := 0
		for ; i < len(s) && strings.IndexByte(space, s[i]) < 0; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			word.WriteByte(s[i])
		}
		args = append(args, word.String())
		s = s[i:]
	}
}

// checkAreas refuses a table that reaches beyond the end of a device below:
// device_area_is_invalid.
func (m *machine) checkAreas(t *table) error {
	for _, s := range t.segments {
		u, ok := s.instance.(user)
		if !ok {
			continue
		}
		for _, a := range u.Areas() {
			size := m.sizeOf(a.Dev)
			if size != 0 && (a.Start >= size || a.Start+a.Length > size) {
				return syscall.EINVAL
			}
		}
	}
	return nil
}

func (m *machine) sizeOf(dev dm.Dev) units.Sectors {
	if d := m.minors[dev.Minor]; dev.Major == major && d != nil {
		return d.live.size()
	}
	return m.disks[dev].size
}

func (m *machine) clear(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	old := d.inactive
	d.inactive = nil
	p.set(ioctl.FlagInactivePresent, false)
	d.describe(p)
	m.release(old)
	return nil
}

func (d *device) chosen(p *param) *table {
	if p.has(ioctl.FlagQueryInactive) {
		return d.inactive
	}
	return d.live
}

func (m *machine) deps(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	d.describe(p)
	t := d.chosen(p)
	if t == nil {
		return nil
	}
	out := p.result()
	if len(out) < 8+8*len(t.devices) {
		p.full()
		return nil
	}
	host.PutUint32(out, uint32(len(t.devices)))
	for i, dev := range t.devices {
		host.PutUint64(out[8+8*i:], dev.Uint64())
	}
	p.filled(8 + 8*len(t.devices))
	return nil
}

func (m *machine) tableStatus(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	d.describe(p)
	m.reportTable(d, p)
	return nil
}

// reportTable is retrieve_status. Like the kernel's it reports the number of
// targets also where they did not fit.
func (m *machine) reportTable(d *device, p *param) {
	t := d.chosen(p)
	if t == nil {
		return
	}
	out := p.result()
	at, used := 0, 0
	for _, s := range t.segments {
		if len(out)-at <= specSize {
			p.full()
			break
		}
		spec := out[at:]
		host.PutUint64(spec, uint64(s.start))
		host.PutUint64(spec[8:], uint64(s.length))
		host.PutUint32(spec[16:], 0)
		clear(spec[specType:specSize])
		copy(spec[specType:specSize-1], s.target.Name)
		line := s.line(p)
		room := spec[specSize:]
		copy(room, line)
		if len(line)+1 >= len(room) {
			p.full()
			break
		}
		room[len(line)] = 0
		used = at + specSize + len(line) + 1
		if at = align(used); at > len(out) {
			p.full()
			break
		}
		host.PutUint32(spec[specNext:], uint32(at))
	}
	if used > 0 {
		p.filled(used)
	}
	p.setU32(offTargetCount, uint32(len(t.segments)))
}

func (s segment) line(p *param) string {
	switch {
	case p.has(ioctl.FlagStatusTable):
		return s.instance.Table()
	case p.has(ioctl.FlagIMAMeasurement):
		v := s.target.Version
		return "target_name=" + s.target.Name + ",target_version=" + ioctl.ABI{Major: v[0], Minor: v[1], Patch: v[2]}.String() + ";"
	}
	return s.instance.Status()
}

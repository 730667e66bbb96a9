package dmtest

import (
	"slices"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
)

// The flags word of struct dm_name_list.
const (
	listHasUUID = 1
	listNoUUID  = 2
)

// listDevices is list_devices. Event numbers came with ABI 4.37; UUIDs and the
// filter by prefix with 4.45.
func (m *machine) listDevices(p *param) error {
	modern := m.cfg.ABI.Minor >= 45
	withUUID := modern && p.has(ioctl.FlagUUID)
	var all []*device
	needed := 0
	for _, d := range m.devices {
		if modern && !(strings.HasPrefix(d.name, p.name()) && strings.HasPrefix(d.uuid, p.uuid())) {
			continue
		}
		all = append(all, d)
		needed += m.recordSize(d, withUUID)
	}
	out := p.result()
	if len(out) < needed || len(out) < 8 {
		p.full()
		return nil
	}
	host.PutUint64(out, 0)
	p.filled(needed)
	for i, d := range all {
		size := m.recordSize(d, withUUID)
		next := size
		if i == len(all)-1 {
			next = 0
		}
		host.PutUint64(out, d.dev.Uint64())
		host.PutUint32(out[8:], uint32(next))
		at := listName + copy(out[listName:], d.name)
		out[at] = 0
		if at = align(at + 1); m.cfg.ABI.Minor >= 37 {
			host.PutUint32(out[at:], d.eventNr)
			if modern {
				putUUID(out[at+4:], d.uuid, withUUID)
			}
		}
		out = out[size:]
	}
	return nil
}

func putUUID(out []byte, uuid string, wanted bool) {
	switch {
	case !wanted:
		host.PutUint32(out, 0)
	case uuid == "":
		host.PutUint32(out, listNoUUID)
	default:
		host.PutUint32(out, listHasUUID)
		out[4+copy(out[4:], uuid)] = 0
	}
}

func (m *machine) recordSize(d *device, withUUID bool) int {
	size := align(listName + len(d.name) + 1)
	if m.cfg.ABI.Minor >= 37 {
		size += 8
	}
	if withUUID && d.uuid != "" {
		size += align(len(d.uuid) + 1)
	}
	return size
}

func (m *machine) listVersions(p *param) error {
	var all []TargetType
	for _, t := range m.targets {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b TargetType) int { return strings.Compare(a.Name, b.Name) })
	putVersions(p, all)
	return nil
}

func (m *machine) targetVersion(p *param) error {
	t, ok := m.targets[p.name()]
	if !ok {
		return syscall.EINVAL
	}
	putVersions(p, []TargetType{t})
	return nil
}

// putVersions is __list_versions, which reserves more than it writes.
func putVersions(p *param, all []TargetType) {
	needed := 0
	for _, t := range all {
		needed += versionName + len(t.Name) + 1 + 7
	}
	out := p.result()
	if len(out) < needed {
		p.full()
		return
	}
	p.filled(needed)
	for i, t := range all {
		size := align(versionName + len(t.Name) + 1)
		next := size
		if i == len(all)-1 {
			next = 0
		}
		host.PutUint32(out, uint32(next))
		for j, v := range t.Version {
			host.PutUint32(out[4+4*j:], v)
		}
		out[versionName+copy(out[versionName:], t.Name)] = 0
		out = out[size:]
	}
}

package lvm

import (
	"io/fs"
	"strings"

	"github.com/rok-storage/rok/dm"
)

// DeviceStep is what it takes to make one device right. It is a plain value.
type DeviceStep struct {
	Device *MappedDevice
	Has    *KernelDevice // as it is; nil: it must be made

	Rename bool // it has another name
	Reload bool // it has another table, or refuses writes where it must not
	Touch  bool // a pool must look at its metadata device anew, which grows
	Resume bool // it is suspended, or has no table that is active

	table dm.Table // what it is to have, with the VG's devices by path

	// What [transition] did.
	created, loaded, suspended, renamed bool

	late   bool   // made, or resumed, with the resume of the others
	freeze bool   // suspended with its file system frozen: a snapshot begins
	way    string // the name that it has for the moment, so that another one can have its old one
}

// Right reports that there is nothing to be done.
func (s *DeviceStep) Right() bool {
	return s.Has != nil && !s.Rename && !s.Reload && !s.Touch && !s.Resume
}

// String prints, for example, "rename vg-a to vg-b, reload".
func (s *DeviceStep) String() string {
	if s.Has == nil {
		return "create " + s.Device.Name
	}
	var do []string
	if s.Rename {
		do = append(do, "rename "+s.Has.Name+" to")
	}
	verbs := []string{}
	for _, v := range []struct {
		verb string
		set  bool
	}{{"reload", s.Reload}, {"suspend and resume", s.Touch}, {"resume", s.Resume}} {
		if v.set {
			verbs = append(verbs, v.verb)
		}
	}
	switch {
	case s.Rename:
		return strings.Join(append([]string{do[0] + " " + s.Device.Name}, verbs...), ", ")
	case len(verbs) == 0:
		return "leave " + s.Device.Name
	}
	return strings.Join(verbs, ", ") + " " + s.Device.Name
}

// planSteps compares what devices must be with what the kernel has of them, by
// their UUIDs. The devices below them are in has, too, or among them.
func planSteps(devices []*MappedDevice, has func(uuid string) (*KernelDevice, error)) ([]*DeviceStep, error) {
	steps := make([]*DeviceStep, 0, len(devices))
	for _, d := range devices {
		there, err := has(d.UUID)
		if err != nil {
			return nil, err
		}
		s := &DeviceStep{Device: d, Has: there, table: d.Table}
		steps = append(steps, s)
		if there == nil {
			continue
		}
		s.Rename = there.Name != d.Name
		s.table = keepLowWaterMark(d.Table, there.Table)
		below := map[string]dm.Dev{}
		for _, b := range d.Below {
			is, err := has(b.UUID)
			if err != nil {
				return nil, err
			}
			if is == nil {
				continue
			}
			below[b.Name] = is.Dev
			if d.Pool != nil && len(is.Table) > 0 && is.Table.Size() < b.Table.Size() {
				s.Touch = true
			}
		}
		want, made := withNumbers(s.table, func(name string) (dm.Dev, error) {
			dev, ok := below[name]
			if !ok {
				return dm.Dev{}, fs.ErrNotExist
			}
			return dev, nil
		})
		s.Reload = made != nil || there.ReadOnly != d.ReadOnly || !sameTable(want, there.Table) ||
			there.Suspended && there.Inactive // a resume alone would make a table active of a change that was not committed
		s.Resume = there.Suspended && !s.Reload || len(there.Table) == 0
		if s.Reload || s.Resume {
			s.Touch = false
		}
	}
	return steps, nil
}

// sameTable reports whether the kernel's table is the wanted one. A thin volume
// whose pool has failed does not tell.
func sameTable(want, has dm.Table) bool {
	if len(has) == 1 {
		if t, ok := has[0].Target.(dm.Thin); ok && t.State != "" {
			return len(want) == 1 && want[0].Length == has[0].Length
		}
	}
	return want.Equal(has)
}

// keepLowWaterMark returns want with the mark that a pool has, where none is
// wanted: it comes from lvm2's configuration, which rok need not have.
func keepLowWaterMark(want, has dm.Table) dm.Table {
	if len(want) != 1 || len(has) != 1 {
		return want
	}
	w, ok1 := want[0].Target.(dm.ThinPool)
	h, ok2 := has[0].Target.(dm.ThinPool)
	if !ok1 || !ok2 || w.LowWaterMark != 0 || h.LowWaterMark == 0 {
		return want
	}
	w.LowWaterMark = h.LowWaterMark
	return dm.Table{{Length: want[0].Length, Target: w}}
}

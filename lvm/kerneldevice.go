package lvm

import (
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/dm"
)

// KernelDevice is a device of a VG as device-mapper has it.
type KernelDevice struct {
	Name, UUID string
	Dev        dm.Dev
	Table      dm.Table // the active one; empty: none
	ReadOnly   bool
	Suspended  bool
	Inactive   bool // a table waits to be made active
	OpenCount  int

	asked bool // all of the above is known
}

// kernelView is what device-mapper has of a VG. It asks for single devices, or
// for the list of all of them once, and for tables as they are needed.
type kernelView struct {
	conn    *dm.Conn
	vg      ID
	listed  bool
	devices map[string]*KernelDevice // by UUID; nil: it is not there
	lvs     map[ID][]*KernelDevice   // of the list, by LV
}

func newKernelView(conn *dm.Conn, vg ID) *kernelView {
	return &kernelView{conn: conn, vg: vg, devices: map[string]*KernelDevice{}}
}

// list asks for all devices of the VG.
func (k *kernelView) list() error {
	entries, err := k.conn.ListMatching(dm.Filter{UUID: uuidPrefix + k.vg.Compact()})
	if err != nil {
		return err
	}
	k.lvs = make(map[ID][]*KernelDevice, len(entries))
	for _, e := range entries {
		d := &KernelDevice{Name: e.Name, UUID: e.UUID, Dev: e.Dev}
		k.devices[e.UUID] = d
		if _, lv, _, ok := ParseDeviceUUID(e.UUID); ok {
			k.lvs[lv] = append(k.lvs[lv], d)
		}
	}
	k.listed = true
	return nil
}

// ofLV are the devices that an LV had when they were listed.
func (k *kernelView) ofLV(lv ID) []*KernelDevice { return k.lvs[lv] }

// expect lists the devices where so many are asked for that it is quicker.
func (k *kernelView) expect(devices int) error {
	if k.listed || devices <= 8 {
		return nil
	}
	return k.list()
}

// find returns the device with its table, or nil where there is none.
func (k *kernelView) find(uuid string) (*KernelDevice, error) {
	d, known := k.devices[uuid]
	if known && (d == nil || d.asked) || !known && k.listed {
		return d, nil
	}
	info, table, err := k.conn.Device(dm.ByUUID(uuid)).State()
	if errors.Is(err, fs.ErrNotExist) {
		k.devices[uuid] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d = &KernelDevice{
		Name: info.Name, UUID: info.UUID, Dev: info.Dev, Table: table, ReadOnly: info.ReadOnly,
		Suspended: info.Suspended, Inactive: info.Inactive, OpenCount: info.OpenCount, asked: true,
	}
	k.devices[uuid] = d
	return d, nil
}

// KernelDevices returns what device-mapper has of vg, layers and leftovers
// included, in no order.
func (a *Activator) KernelDevices(vg *VG) ([]KernelDevice, error) {
	k := newKernelView(a.conn, vg.ID)
	err := k.list()
	var devices []KernelDevice
	for uuid := range k.devices {
		if err != nil {
			break
		}
		var d *KernelDevice
		if d, err = k.find(uuid); d != nil {
			devices = append(devices, *d)
		}
	}
	if err != nil {
		return nil, &ActivationError{Op: "list devices of", VG: vg.Name, Err: err}
	}
	return devices, nil
}

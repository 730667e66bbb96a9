package lvm

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
)

// ActivationMode says what happens to LVs with extents on PVs that are
// missing: lvm2's activation/activation_mode.
type ActivationMode uint8

const (
	// ActivateComplete refuses them.
	ActivateComplete ActivationMode = iota
	// ActivateDegraded refuses them as long as their data is not all there.
	// Of the types that rok activates none has its data twice.
	ActivateDegraded
	// ActivatePartial puts errors in the place of the extents, for who wants
	// to save what is left. Pools, thin volumes and snapshots are refused all
	// the same: they would change what is left.
	ActivatePartial
)

// StackOptions say how LVs become devices. The zero value is lvm2's defaults.
type StackOptions struct {
	// PVs are the devices of the VG's PVs. One that is not in it is missing.
	PVs  map[ID]dm.Dev
	Mode ActivationMode
	// ReadOnly makes the volumes refuse writes: what lvm2's
	// activation/read_only_volume_list does.
	ReadOnly bool
	// NoScan tells udev's rules not to look at what the volumes hold: they have
	// yet to be wiped.
	NoScan bool
	// ExtendThreshold is lvm2's activation/thin_pool_autoextend_threshold in
	// percent, from which the low water mark of pools comes. Zero: 100, no mark.
	ExtendThreshold int
}

// stack makes the devices of LVs, each of them once.
type stack struct {
	*relations
	opts StackOptions
	// names: only names and UUIDs are wanted. Nothing is refused for what a
	// table would need.
	names bool
	made  map[stackKey]*MappedDevice
	named map[string]*MappedDevice // the same, by name
	open  map[stackKey]bool        // under way: who comes here again goes in a circle
	order []*MappedDevice
}

type stackKey struct {
	lv    *LV
	layer Layer
}

func newStack(r *relations, opts StackOptions) *stack {
	return &stack{relations: r, opts: opts, made: map[stackKey]*MappedDevice{}, named: map[string]*MappedDevice{}, open: map[stackKey]bool{}}
}

// Stack returns the devices that the named LVs are, and what those stand on,
// each behind all that it needs; nil names all of the VG's volumes. It is also
// the order to make them in; they are suspended and removed in the reverse
// order. With an origin come all its snapshots.
//
// The errors are [*ActivationError]s: see there.
func (vg *VG) Stack(names []string, opts StackOptions) ([]*MappedDevice, error) {
	s := newStack(relationsOf(vg), opts)
	if names == nil {
		for _, lv := range vg.LVs {
			if s.isVolume(lv) {
				names = append(names, lv.Name)
			}
		}
	}
	var devices []*MappedDevice
	for _, name := range names {
		more, err := s.of(name)
		if err != nil {
			return nil, err
		}
		devices = append(devices, more...)
	}
	return devices, nil
}

// of returns the devices of the named volume that were not made before.
func (s *stack) of(name string) ([]*MappedDevice, error) {
	lv := s.lvs[name]
	if lv == nil {
		return nil, s.fault("find", name, ErrReference)
	}
	if !s.isVolume(lv) {
		return nil, s.fault("activate", name, ErrNotVolume)
	}
	from := len(s.order)
	if _, err := s.top(s.volume(lv)); err != nil {
		s.forget(from)
		return nil, s.fault("activate", name, err)
	}
	return s.order[from:], nil
}

// forget drops the devices from the given one on, of a volume that failed.
func (s *stack) forget(from int) {
	for _, d := range s.order[from:] {
		s.drop(d)
	}
	s.order = s.order[:from]
	clear(s.open)
}

// drop drops one device.
func (s *stack) drop(d *MappedDevice) {
	delete(s.made, stackKey{d.LV, d.Layer})
	delete(s.named, d.Name)
}

func (s *stack) fault(op, name string, err error) error {
	if e, ok := errors.AsType[*ActivationError](err); ok {
		err = e.Err
	}
	return &ActivationError{Op: op, VG: s.vg.Name, LV: name, Err: err}
}

// top makes the device that is lv.
func (s *stack) top(lv *LV) (*MappedDevice, error) {
	switch pool, isPool := only(lv).(*ThinPool); {
	case isPool && s.newPool(lv, pool):
		return s.thinPool(lv)
	case isPool:
		return s.layer(lv, LayerPool, s.readablePool)
	case len(s.snapshots[lv.Name]) > 0:
		return s.origin(lv)
	case s.external[lv.Name]:
		return s.layer(lv, LayerNone, s.overReal)
	}
	return s.layer(lv, LayerNone, s.segments)
}

// layer makes one device of lv, unless it is made: fill adds what it does.
func (s *stack) layer(lv *LV, layer Layer, fill func(*MappedDevice) error) (*MappedDevice, error) {
	key := stackKey{lv, layer}
	if d := s.made[key]; d != nil {
		return d, nil
	}
	if s.open[key] {
		return nil, &StackError{LV: lv.Name, Reason: "is built on itself"}
	}
	s.open[key] = true
	defer delete(s.open, key)
	d := &MappedDevice{
		LV: lv, Layer: layer, Name: DeviceName(s.vg.Name, lv.Name, layer), UUID: DeviceUUID(s.vg.ID, lv.ID, layer),
		ReadOnly: !lv.Writable(), ReadAhead: lv.ReadAhead,
	}
	if layer == LayerNone && s.isVolume(lv) {
		d.Link = true
		if s.opts.NoScan {
			d.Udev = udevNoScan
		}
		d.ReadOnly = d.ReadOnly || s.opts.ReadOnly
		if lv.Status.Has(FlagFixedMinor) && lv.Minor >= 0 {
			minor := uint32(lv.Minor)
			d.Minor = &minor
		}
	} else {
		d.Udev = udevHidden
	}
	if err := fill(d); err != nil {
		return nil, err
	}
	if err := dm.CheckName(d.Name); err != nil {
		return nil, err
	}
	if other := s.named[d.Name]; other != nil && !s.names {
		// One LV in two places, such as a pool's data and metadata.
		return nil, &StackError{LV: lv.Name, Reason: fmt.Sprintf("its device %q is needed twice, for %q and for %q", d.Name, other.UUID, d.UUID)}
	}
	s.made[key], s.named[d.Name] = d, d
	s.order = append(s.order, d)
	return d, nil
}

// on adds one device below d, and returns how d's table names it.
func (d *MappedDevice) on(below *MappedDevice) dm.BlockDev {
	d.Below = append(d.Below, below)
	return below.reference()
}

// origin makes an LV that has snapshots, and them: they go before it, so that
// nothing is written to it while one of them is not there to keep what was.
func (s *stack) origin(lv *LV) (*MappedDevice, error) {
	return s.layer(lv, LayerNone, func(d *MappedDevice) error {
		data, err := s.real(lv)
		if err != nil {
			return err
		}
		for _, tie := range s.snapshots[lv.Name] {
			if err := s.snapshot(tie, data); err != nil {
				return err
			}
		}
		d.Table = dm.Table{{Length: data.Table.Size(), Target: dm.SnapshotOrigin{Origin: d.on(data)}}}
		return nil
	})
}

// overReal makes the table of an LV that is a way to its own data.
func (s *stack) overReal(d *MappedDevice) error {
	data, err := s.real(d.LV)
	if err != nil {
		return err
	}
	d.Table = dm.Table{{Length: data.Table.Size(), Target: dm.Linear{Dev: d.on(data)}}}
	return nil
}

// real makes the device of lv's data, for an origin.
func (s *stack) real(lv *LV) (*MappedDevice, error) {
	return s.layer(lv, LayerReal, func(d *MappedDevice) error {
		d.ReadOnly = d.ReadOnly || s.opts.ReadOnly && s.isVolume(lv) && len(s.snapshots[lv.Name]) > 0
		return s.segments(d)
	})
}

// snapshot makes one snapshot of the origin with the given data.
func (s *stack) snapshot(tie *LV, data *MappedDevice) error {
	t, ok := only(tie).(*Snapshot)
	if !ok {
		return &StackError{LV: tie.Name, Reason: "a snapshot with more than one segment"}
	}
	if t.Merging && !s.names {
		return &SegmentTypeError{LV: tie.Name, Type: "snapshot-merge"}
	}
	store := s.lvs[t.COW]
	if store == nil {
		return &StackError{LV: tie.Name, Reason: fmt.Sprintf("its store %q is not there", t.COW)}
	}
	_, err := s.layer(store, LayerNone, func(d *MappedDevice) error {
		cow, err := s.layer(store, LayerCOW, func(d *MappedDevice) error {
			// The kernel writes there also where the snapshot is read-only.
			d.ReadOnly = false
			d.Udev |= dm.UdevLowPriority
			return s.segments(d)
		})
		if err != nil {
			return err
		}
		// As long as the origin was when it was taken, however long that is by now.
		length, err := s.length(tie, tie.Size())
		if err != nil {
			return err
		}
		if length == 0 && !s.names {
			return &StackError{LV: tie.Name, Reason: "a snapshot of no extents"}
		}
		d.Snapshot = true
		d.Udev |= dm.UdevLowPriority
		d.Table = dm.Table{{Length: length, Target: dm.Snapshot{
			Origin: d.on(data), COW: d.on(cow), Persistence: dm.SnapshotPersistent, ChunkSize: t.ChunkSize,
		}}}
		return nil
	})
	return err
}

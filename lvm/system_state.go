package lvm

import (
	"cmp"
	"errors"
	"io/fs"
	"math"
	"slices"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// States tells what the kernel has of LVs of a VG, for reports: of the named ones,
// which alone it is asked for, or where none is named of all. Others are as if it
// had not been asked. It is nil where the kernel is not to be asked, and where there
// is no device-mapper. One request lists the VG's devices, unless few LVs are named;
// then there is one for each LV, and a second for those that tell how full they are.
func (s *System) States(vg *VG, lvs ...string) (func(*LV) DeviceState, error) {
	conn, err := s.dm()
	if conn == nil || err != nil {
		return nil, err
	}
	asked := vg.LVs
	if len(lvs) > 0 {
		asked = lvsNamed(vg, lvs)
	}
	k := stateReader{conn: conn, vg: vg, tied: tiedBySnapshots(vg)}
	if len(lvs) == 0 || len(lvs) > few {
		if err := k.list(); err != nil {
			return nil, err
		}
	}
	states := make(map[ID]DeviceState, len(asked))
	for _, lv := range asked {
		if states[lv.ID], err = k.read(lv); err != nil {
			return nil, err
		}
	}
	return func(lv *LV) DeviceState { return states[lv.ID] }, nil
}

// StatesAfter is [System.States] of LVs after a change of their VG. New LVs of which
// the kernel cannot have devices, since the change left them inactive, it is not
// asked for.
func (s *System) StatesAfter(c *Change, lvs ...string) (func(*LV) DeviceState, error) {
	had := func(name string) bool { return c.Before.LV(name) != nil }
	if !c.unmapped || s.cfg.Offline || len(lvs) == 0 || slices.ContainsFunc(lvs, had) {
		return s.States(c.After, lvs...)
	}
	return func(*LV) DeviceState { return withoutDevice() }, nil
}

// few LVs are found, and asked for, one by one.
const few = 8

// lvsNamed are the LVs of vg that have one of the names.
func lvsNamed(vg *VG, names []string) []*LV {
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	lvs := make([]*LV, 0, len(names))
	for _, lv := range vg.LVs {
		if wanted[lv.Name] {
			lvs = append(lvs, lv)
		}
	}
	return lvs
}

// tiedBySnapshots are the names of vg's origins and stores of classic snapshots.
func tiedBySnapshots(vg *VG) map[string]bool {
	tied := map[string]bool{}
	for _, lv := range vg.LVs {
		if t, ok := only(lv).(*Snapshot); ok {
			tied[t.Origin], tied[t.COW] = true, true
		}
	}
	return tied
}

// stateReader asks for the states of the LVs of one VG.
type stateReader struct {
	conn   *dm.Conn
	vg     *VG
	r      *relations // nil: not needed so far
	tied   map[string]bool
	listed map[layerOfLV]dm.Dev // nil: not listed
}

type layerOfLV struct {
	lv    ID
	layer Layer
}

// list asks which devices the VG has.
func (k *stateReader) list() error {
	entries, err := k.conn.ListMatching(dm.Filter{UUID: uuidPrefix + k.vg.ID.Compact()})
	if err != nil {
		return err
	}
	k.listed = make(map[layerOfLV]dm.Dev, len(entries))
	for _, e := range entries {
		if _, lv, layer, ok := ParseDeviceUUID(e.UUID); ok {
			k.listed[layerOfLV{lv, layer}] = e.Dev
		}
	}
	return nil
}

// shownLayers are those that lvm2 shows the state of, the first that is there.
func shownLayers(lv *LV) []Layer {
	if _, pool := only(lv).(*ThinPool); pool {
		return []Layer{LayerNone, LayerThinPool, LayerPool}
	}
	if lv.Visible() {
		return []Layer{LayerNone}
	}
	return []Layer{LayerNone, LayerThinData, LayerThinMeta}
}

// read asks for one LV's device.
func (k *stateReader) read(lv *LV) (DeviceState, error) {
	for _, layer := range shownLayers(lv) {
		device, there := k.device(lv, layer)
		if !there {
			continue
		}
		s := withoutDevice()
		chunk := k.chunkOf(lv)
		err := s.ask(device, k.tellsMore(lv), chunk)
		if err == nil && layer == LayerThinPool && s.Health != HealthNeedsCheck {
			s.Exists, err = k.ownPool(lv)
		}
		if err == nil && chunk != 0 && layer == LayerNone && k.tied[lv.Name] {
			// A thin volume with snapshots is below what they are of.
			below := DeviceState{Used: -1}
			if real, there := k.device(lv, LayerReal); there {
				if err = below.ask(real, true, chunk); errors.Is(err, fs.ErrNotExist) {
					err = nil
				}
			}
			s.Used, s.Health = max(s.Used, below.Used), cmp.Or(s.Health, below.Health)
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		// It is not there, or went since it was listed.
	}
	return withoutDevice(), nil
}

// withoutDevice is the state of an LV without a device.
func withoutDevice() DeviceState { return DeviceState{Known: true, Used: -1, MetadataUsed: -1} }

// device is one of the devices that an LV may have; where they were listed, it is
// known whether it is there.
func (k *stateReader) device(lv *LV, layer Layer) (_ *dm.Device, there bool) {
	if k.listed == nil {
		return k.conn.Device(dm.ByUUID(DeviceUUID(k.vg.ID, lv.ID, layer))), true
	}
	dev, ok := k.listed[layerOfLV{lv.ID, layer}]
	return k.conn.Device(dm.ByDev(dev)), ok
}

// relations are those of the VG.
func (k *stateReader) relations() *relations {
	if k.r == nil {
		k.r = relationsOf(k.vg)
	}
	return k.r
}

// chunkOf is the size of the chunks of a thin volume's pool; of others it is 0.
func (k *stateReader) chunkOf(lv *LV) units.Sectors {
	t, ok := only(lv).(*Thin)
	if !ok {
		return 0
	}
	pool := k.relations().lvs[t.Pool]
	if pool == nil {
		return 0
	}
	if p, ok := only(pool).(*ThinPool); ok {
		return p.ChunkSize
	}
	return 0
}

// ownPool reports whether a pool that the kernel has is active. Without a device of
// its own it is there for its volumes only, unless it has none: lv_info_with_seg_status
// of lib/activate/activate.c.
func (k *stateReader) ownPool(lv *LV) (bool, error) {
	if pool, ok := only(lv).(*ThinPool); ok && k.relations().newPool(lv, pool) {
		return true, nil
	}
	return k.exists(lv, LayerPool)
}

// exists asks whether a device is there.
func (k *stateReader) exists(lv *LV, layer Layer) (bool, error) {
	d, there := k.device(lv, layer)
	if !there || k.listed != nil {
		return there, nil
	}
	_, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// tellsMore reports whether the status of an LV's device has more to show.
func (k *stateReader) tellsMore(lv *LV) bool {
	for i := range lv.Segments {
		if _, plain := lv.Segments[i].Type.(*Striped); !plain {
			return true
		}
	}
	return k.tied[lv.Name]
}

// ask reads a device's state, and its status. chunk is of a thin volume.
func (s *DeviceState) ask(d *dm.Device, status bool, chunk units.Sectors) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	s.Exists, s.Table, s.Waiting = true, info.Active, info.Inactive
	s.ReadOnly, s.Suspended, s.Open = info.ReadOnly, info.Suspended, info.OpenCount > 0
	s.Major, s.Minor = int32(info.Dev.Major), int32(info.Dev.Minor)
	if !status {
		return nil
	}
	// A status of what is suspended may wait for ever.
	lines, err := d.Status(dm.StatusOptions{NoFlush: true})
	if err != nil || len(lines) != 1 {
		return err
	}
	switch status := lines[0].Status.(type) {
	case dm.ThinPoolStatus:
		s.ofPool(thin.StatusOf(status))
	case dm.ThinStatus:
		s.ofThin(status, lines[0].Length, chunk)
	case dm.SnapshotStatus:
		s.ofSnapshot(status)
	}
	return nil
}

// ofPool is what a pool says of itself: the letters of lv_attr_dup_with_info_and_seg_status,
// lib/metadata/lv.c.
func (s *DeviceState) ofPool(p thin.Status) {
	switch {
	case p.State == thin.Failed:
		s.Health = HealthFailed
		return
	case p.NeedsCheck:
		s.Health = HealthNeedsCheck
	case p.State == thin.OutOfDataSpace:
		s.Health = HealthOutOfData
	case p.State == thin.ReadOnly || p.State == thin.OutOfMetadataSpace:
		s.Health = HealthMetadataReadOnly
	}
	s.Used = shownPercent(p.Data.Used, p.Data.Total)
	s.MetadataUsed = shownPercent(p.Metadata.Used, p.Metadata.Total)
}

// ofThin is of whole chunks: lvseg_percent_with_info_and_seg_status, lib/metadata/lv.c.
func (s *DeviceState) ofThin(t dm.ThinStatus, size, chunk units.Sectors) {
	if t.State != "" {
		s.Health = HealthFailed
		return
	}
	chunk = max(chunk, 1)
	s.Used = shownPercent(uint64(t.MappedSectors), uint64((size+chunk-1)/chunk*chunk))
}

func (s *DeviceState) ofSnapshot(t dm.SnapshotStatus) {
	if t.State != "" {
		s.Health, s.Used = HealthInvalid, 100
		return
	}
	// A store that holds nothing but its own table is empty.
	if t.AllocatedSectors == t.MetadataSectors {
		s.Used = 0
		return
	}
	s.Used = shownPercent(uint64(t.AllocatedSectors), uint64(t.TotalSectors))
}

// shownPercent is a share in percent, to hundredths as lvm2 prints it: neither 0
// nor 100 for what is not quite. What is cut off and rounded is as in dm_make_percent
// and in dm_percent_to_round_float of libdm/libdm-common.c.
func shownPercent(part, whole uint64) float64 {
	switch {
	case whole == 0 || part == 0:
		return 0
	case part >= whole:
		return 100
	}
	const one = 1_000_000 // DM_PERCENT_1
	percent := float32(int32(100*one*(float64(part)/float64(whole)))) / one
	return min(max(math.RoundToEven(float64(percent)*100)/100, 0.01), 99.99)
}

package lvm

import (
	"cmp"
	"errors"
	"io/fs"
	"math"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// States tells what the kernel has of the LVs of a VG, for reports. It is nil
// where the kernel is not to be asked, and where there is no device-mapper.
func (s *System) States(vg *VG) (func(*LV) DeviceState, error) {
	conn, err := s.dm()
	if conn == nil || err != nil {
		return nil, err
	}
	entries, err := conn.ListMatching(dm.Filter{UUID: uuidPrefix + vg.ID.Compact()})
	if err != nil {
		return nil, err
	}
	r := relationsOf(vg)
	chunks := map[ID]units.Sectors{} // of thin volumes, their pool's
	for _, lv := range vg.LVs {
		if t, ok := only(lv).(*Thin); ok && r.lvs[t.Pool] != nil {
			if pool, ok := only(r.lvs[t.Pool]).(*ThinPool); ok {
				chunks[lv.ID] = pool.ChunkSize
			}
		}
	}
	states := make(map[ID]DeviceState, len(entries))
	byLV := make(map[ID]map[Layer]dm.Entry, len(entries))
	for _, e := range entries {
		_, lv, layer, ok := ParseDeviceUUID(e.UUID)
		if !ok {
			continue
		}
		if byLV[lv] == nil {
			byLV[lv] = map[Layer]dm.Entry{}
		}
		byLV[lv][layer] = e
	}
	for id, layers := range byLV {
		state, err := deviceState(conn, layers, chunks[id])
		if err != nil {
			return nil, err
		}
		states[id] = state
	}
	for _, lv := range vg.LVs {
		pool, isPool := only(lv).(*ThinPool)
		state, there := states[lv.ID]
		if _, own := byLV[lv.ID][LayerPool]; !isPool || !there || own || r.newPool(lv, pool) {
			continue
		}
		state.Exists = state.Health == HealthNeedsCheck // lv_info_with_seg_status, lib/activate/activate.c
		states[lv.ID] = state
	}
	return func(lv *LV) DeviceState {
		if state, ok := states[lv.ID]; ok {
			return state
		}
		return DeviceState{Known: true, Used: -1, MetadataUsed: -1}
	}, nil
}

// shownLayers are those that lvm2 shows the state of, the first that is there.
var shownLayers = [...]Layer{LayerNone, LayerThinPool, LayerPool, LayerThinData, LayerThinMeta}

// deviceState asks for one LV's device. chunk is of a thin volume.
func deviceState(conn *dm.Conn, layers map[Layer]dm.Entry, chunk units.Sectors) (DeviceState, error) {
	s := DeviceState{Known: true, Used: -1, MetadataUsed: -1}
	for _, layer := range shownLayers {
		entry, ok := layers[layer]
		if !ok {
			continue
		}
		err := s.ask(conn.Device(dm.ByDev(entry.Dev)), chunk)
		if errors.Is(err, fs.ErrNotExist) {
			return DeviceState{Known: true, Used: -1, MetadataUsed: -1}, nil // it went since it was listed
		}
		if real, ok := layers[LayerReal]; ok && err == nil && layer == LayerNone {
			// A thin volume with snapshots is below what they are of.
			below := DeviceState{Used: -1}
			err = below.ask(conn.Device(dm.ByDev(real.Dev)), chunk)
			s.Used, s.Health = max(s.Used, below.Used), cmp.Or(s.Health, below.Health)
		}
		return s, err
	}
	return s, nil
}

func (s *DeviceState) ask(d *dm.Device, chunk units.Sectors) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	s.Exists, s.Table, s.Waiting = true, info.Active, info.Inactive
	s.ReadOnly, s.Suspended, s.Open = info.ReadOnly, info.Suspended, info.OpenCount > 0
	s.Major, s.Minor = int32(info.Dev.Major), int32(info.Dev.Minor)
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
// nor 100 for what is not quite: dm_percent_to_round_float of libdm/libdm-common.c.
func shownPercent(part, whole uint64) float64 {
	switch {
	case whole == 0 || part == 0:
		return 0
	case part >= whole:
		return 100
	}
	p := math.Round(100*100*float64(part)/float64(whole)) / 100
	return min(max(p, 0.01), 99.99)
}

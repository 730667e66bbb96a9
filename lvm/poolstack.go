package lvm

import (
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// cropMetadata is what "crop_metadata = 1" leaves of a pool's metadata:
// DM_THIN_MAX_METADATA_SIZE of lvm2's device_mapper/libdevmapper.h, 15.81 GiB.
const cropMetadata units.Sectors = 255*(1<<14)*(4096/units.SectorSize) - 256*1024

// readablePool makes the device of a used pool's LV: the pool as it would be
// read. It keeps the pool active without a volume.
func (s *stack) readablePool(d *MappedDevice) error {
	pool, err := s.thinPool(d.LV)
	if err != nil {
		return err
	}
	d.ReadOnly = true
	d.Table = dm.Table{{Length: pool.Table.Size(), Target: dm.Linear{Dev: d.on(pool)}}}
	return nil
}

// thinPool makes the thin-pool of a pool's LV, and its data and metadata.
func (s *stack) thinPool(lv *LV) (*MappedDevice, error) {
	return s.layer(lv, LayerThinPool, func(d *MappedDevice) error {
		t, ok := only(lv).(*ThinPool)
		if !ok {
			return &StackError{LV: lv.Name, Reason: "is no thin pool"}
		}
		meta, err := s.poolPart(lv, t.Metadata, LayerThinMeta)
		if err != nil {
			return err
		}
		if crop := t.CropMetadata; crop != nil && *crop {
			meta.Table = cut(meta.Table, cropMetadata)
		}
		data, err := s.poolPart(lv, t.Data, LayerThinData)
		if err != nil {
			return err
		}
		d.Pool = t
		if s.newPool(lv, t) {
			d.Name = DeviceName(s.vg.Name, lv.Name, LayerNone)
			d.Udev = udevNewPool
			d.Link = true
		}
		d.Table, err = s.poolTable(d, t, meta, data)
		return err
	})
}

func (s *stack) poolPart(pool *LV, name string, layer Layer) (*MappedDevice, error) {
	lv := s.lvs[name]
	if lv == nil {
		return nil, &StackError{LV: pool.Name, Reason: fmt.Sprintf("its LV %q is not there", name)}
	}
	return s.layer(lv, layer, s.segments)
}

func (s *stack) poolTable(d *MappedDevice, t *ThinPool, meta, data *MappedDevice) (dm.Table, error) {
	d.Below = append(d.Below, meta, data)
	if s.names {
		return nil, nil
	}
	if d.ReadOnly {
		// DM_TARGET_ALWAYS_WRITEABLE of drivers/md/dm-thin.c.
		return nil, &StackError{LV: d.LV.Name, Reason: "a thin pool must be writable"}
	}
	length, err := s.length(d.LV, d.LV.Size())
	if err != nil {
		return nil, err
	}
	if data.Table.Size() < length {
		return nil, &StackError{LV: d.LV.Name, Reason: "is larger than its data"}
	}
	cfg := thin.PoolConfig{
		Metadata: meta.reference(), Data: data.reference(), Size: length, BlockSize: t.ChunkSize,
		NoZeroing: !t.ZeroNewBlocks,
	}
	if d.LV.Flags.Has(FlagErrorWhenFull) {
		cfg.NoSpace = thin.ErrorIfNoSpace
	}
	switch t.Discards {
	case "passdown":
	case "nopassdown":
		cfg.Discard = thin.DiscardNoPassdown
	case "ignore", "":
		cfg.Discard = thin.DiscardIgnore
	default:
		return nil, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("discards %q are not known", t.Discards)}
	}
	if t.ChunkSize > 0 {
		cfg.LowWaterMark = s.lowWaterMark(uint64(length / t.ChunkSize))
	}
	table, err := cfg.Table()
	if err != nil {
		return nil, &StackError{LV: d.LV.Name, Reason: err.Error()}
	}
	return table, nil
}

// lowWaterMark is how many of so many chunks are free when a pool reaches the
// threshold; lvm2 knows none below 50 %. _thin_pool_add_target_line of
// lib/thin/thin.c.
func (s *stack) lowWaterMark(chunks uint64) uint64 {
	threshold := uint64(s.opts.ExtendThreshold)
	if s.opts.ExtendThreshold <= 0 || threshold >= 100 {
		return 0
	}
	free := 100 - max(threshold, 50)
	return chunks/100*free + chunks%100*free/100
}

// cut returns t without what is behind the given size.
func cut(t dm.Table, size units.Sectors) dm.Table {
	for i, s := range t {
		if s.Start+s.Length > size {
			t = append(dm.Table(nil), t[:i+1]...)
			t[i].Length = size - s.Start
			if t[i].Length == 0 {
				t = t[:i]
			}
			return t
		}
	}
	return t
}

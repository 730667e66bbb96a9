package lvm

import (
	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// BlankArea is a run of bytes of a PV that must be zeros.
type BlankArea struct {
	PV             ID
	Offset, Length units.Bytes
}

// BlankAreas are what must be zeros on the PVs before the named LV, a new one,
// is active for the first time: of a pool, the first block of its metadata; of
// a snapshot, the first chunk of its store; of others, the first 4 KiB, which
// lvcreate's --zero clears. A thin volume has none. They are free in the VG
// that does not have the LV yet, so they can be written before vg is committed,
// with its lock held, and then no crash leaves an LV with somebody's old data
// for metadata. Nothing need be active for that.
//
// It fails with an [*ActivationError].
func (vg *VG) BlankAreas(name string) ([]BlankArea, error) {
	return relationsOf(vg).blankAreas(name)
}

// blankAreas is [VG.BlankAreas], for who asks about many LVs.
func (r *relations) blankAreas(name string) ([]BlankArea, error) {
	vg := r.vg
	fault := func(err error) error { return &ActivationError{Op: "blank", VG: vg.Name, LV: name, Err: err} }
	lv := r.lvs[name]
	if lv == nil {
		return nil, fault(ErrReference)
	}
	length := units.Bytes(metadata.BlockSize)
	switch t := only(lv).(type) {
	case *ThinPool:
		if lv = r.lvs[t.Metadata]; lv == nil {
			return nil, fault(&StackError{LV: name, Reason: "its metadata LV is not there"})
		}
	case *Thin:
		return nil, nil
	}
	if tie := r.cow[name]; tie != nil {
		if t, ok := only(tie).(*Snapshot); ok {
			chunk, err := t.ChunkSize.Bytes()
			if err != nil {
				return nil, fault(err)
			}
			length = max(length, chunk)
		}
	}
	areas, err := r.start(lv, length)
	if err != nil {
		return nil, fault(err)
	}
	return areas, nil
}

// start is where the first bytes of an LV are.
func (r *relations) start(lv *LV, length units.Bytes) ([]BlankArea, error) {
	s := newStack(r, StackOptions{PVs: map[ID]dm.Dev{}})
	// Each PV is a device of a number that tells which it is.
	ids := map[dm.Dev]ID{}
	for i, pv := range r.vg.PVs {
		dev := dm.Dev{Major: 1, Minor: uint32(i)}
		s.opts.PVs[pv.ID], ids[dev] = dev, pv.ID
	}
	d, err := s.layer(lv, LayerNone, s.segments)
	if err != nil {
		return nil, err
	}
	var areas []BlankArea
	sectors := length.SectorsRoundUp()
	add := func(at dm.Area, n units.Sectors) error {
		id, ok := ids[at.Dev.Dev]
		if !ok {
			return &StackError{LV: lv.Name, Reason: "does not begin on a PV"}
		}
		offset, err := at.Offset.Bytes()
		if err != nil {
			return err
		}
		bytes, err := n.Bytes()
		areas = append(areas, BlankArea{PV: id, Offset: offset, Length: bytes})
		return err
	}
	for _, segment := range d.Table {
		if sectors == 0 {
			break
		}
		n := min(sectors, segment.Length)
		sectors -= n
		switch t := segment.Target.(type) {
		case dm.Linear:
			err = add(dm.Area{Dev: t.Dev, Offset: t.Offset}, n)
		case dm.Striped:
			for at := units.Sectors(0); at < n && err == nil; at += t.ChunkSize {
				chunk := at / t.ChunkSize
				stripe := t.Stripes[chunk%units.Sectors(len(t.Stripes))]
				stripe.Offset += chunk / units.Sectors(len(t.Stripes)) * t.ChunkSize
				err = add(stripe, min(t.ChunkSize, n-at))
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return areas, nil
}

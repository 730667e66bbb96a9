package lvm

import (
	"fmt"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// clearedStart is how much of a new LV is overwritten, as lvm2 does it: wipe_lv of
// lib/metadata/lv_manip.c.
const clearedStart = 4 * units.KiB

// prepare makes the extents of LVs that next has and g does not have ready: what
// they begin with is overwritten where they are, on PVs, before anybody can know
// of them. lvm2 does it through the new LV, which it then has to remove again if
// that fails.
func (t *session) prepare(c *Change, g *DiskVG, next *VG, o ChangeOptions) error {
	had := make(map[ID]bool, len(g.VG.LVs))
	for _, lv := range g.VG.LVs {
		had[lv.ID] = true
	}
	devices := make(map[ID]*Device, len(g.PVs))
	for i, pv := range g.VG.PVs {
		if g.PVs[i] != nil {
			devices[pv.ID] = g.PVs[i].Device
		}
	}
	parts := internalStarts(next)
	touched := map[*Device]bool{}
	for _, lv := range next.LVs {
		if had[lv.ID] {
			continue
		}
		part := parts[lv.Name]
		if o.KeepStart && !part || !onPVs(lv) {
			continue
		}
		data := &lvData{next, lv, devices}
		if err := t.openMembers(g, nil); err != nil {
			return err
		}
		if !part && o.Signatures != KeepSignatures {
			if err := t.clearSignatures(c, data, o.Signatures); err != nil {
				return err
			}
		}
		if _, err := data.WriteAt(make([]byte, min(clearedStart, data.size())), 0); err != nil {
			return fmt.Errorf("clear LV %s/%s: %w", next.Name, lv.Name, err)
		}
		for _, a := range lv.Segments[0].Type.(*Striped).Areas {
			touched[devices[a.PV]] = true
		}
	}
	for d := range touched {
		if err := d.Sync(); err != nil {
			return fmt.Errorf("flush %s: %w", d.Path, err)
		}
	}
	return nil
}

// internalStarts are the LVs whose first block the kernel reads: the metadata of
// pools, and the stores of snapshots. It must be zeros for a new one.
func internalStarts(vg *VG) map[string]bool {
	parts := map[string]bool{}
	for _, lv := range vg.LVs {
		switch t := only(lv).(type) {
		case *ThinPool:
			parts[t.Metadata] = true
		case *Snapshot:
			parts[t.COW] = true
		}
	}
	return parts
}

// onPVs reports whether all of lv's data is on PVs.
func onPVs(lv *LV) bool {
	for i := range lv.Segments {
		t, ok := lv.Segments[i].Type.(*Striped)
		if !ok {
			return false
		}
		for _, a := range t.Areas {
			if a.LV != "" {
				return false
			}
		}
	}
	return len(lv.Segments) > 0
}

// clearSignatures finds what is on a new LV.
func (t *session) clearSignatures(c *Change, data *lvData, policy SignaturePolicy) error {
	found, err := disk.Signatures(data, data.size())
	if err != nil {
		return fmt.Errorf("look at LV %s: %w", data.lv.Name, err)
	}
	if len(found) == 0 {
		return nil
	}
	name := data.vg.Name + "/" + data.lv.Name
	if policy == RefuseSignatures {
		return &NotEmptyError{Path: name, Found: found}
	}
	for _, f := range found {
		r := f.Sectors()
		if _, err := data.WriteAt(make([]byte, r.Size), int64(r.Start)); err != nil {
			return fmt.Errorf("wipe %s on LV %s: %w", f.Type, name, err)
		}
	}
	c.Wiped = append(c.Wiped, NotEmptyError{Path: name, Found: found})
	return nil
}

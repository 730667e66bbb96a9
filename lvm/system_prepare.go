package lvm

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// clearedStart is how much of a new thin volume is overwritten, as lvm2 does it:
// wipe_lv of lib/metadata/lv_manip.c. See [VG.BlankAreas] for others.
const clearedStart = 4 * units.KiB

// prepare makes the extents of volumes that next has and g does not have ready:
// what they begin with is overwritten where they are, on PVs, before anybody can
// know of them. lvm2 does it through the new LV, which it then has to remove again
// if that fails. What is plain and not activated is neither looked at nor
// overwritten, as with lvm2, which cannot reach it.
func (t *session) prepare(c *Change, g *DiskVG, next *VG, o ChangeOptions) error {
	had := byID(g.VG)
	r := relationsOf(next)
	var clears map[string]bool
	if !o.KeepStart && !o.Inactive {
		clears = t.clears(r, g.VG)
	}
	devices := make(map[ID]*Device, len(g.PVs))
	for i, pv := range g.VG.PVs {
		if g.PVs[i] != nil {
			devices[pv.ID] = g.PVs[i].Device
		}
	}
	touched := map[*Device]bool{}
	for _, lv := range next.LVs {
		if had[lv.ID] != nil || !r.isVolume(lv) {
			continue
		}
		plain := onPVs(lv) && r.cow[lv.Name] == nil
		if plain && !clears[lv.Name] {
			continue
		}
		if err := t.openMembers(g, nil); err != nil {
			return err
		}
		if plain && o.Signatures != KeepSignatures {
			if err := t.clearSignatures(c, &lvData{next, lv, devices}, o.Signatures); err != nil {
				return err
			}
		}
		areas, err := r.blankAreas(lv.Name)
		if err != nil {
			return err
		}
		for _, a := range areas {
			d := devices[a.PV]
			if _, err := d.WriteAt(make([]byte, a.Length), int64(a.Offset)); err != nil {
				return fmt.Errorf("clear LV %s/%s: %w", next.Name, lv.Name, err)
			}
			touched[d] = true
		}
	}
	for d := range touched {
		if err := d.Sync(); err != nil {
			return fmt.Errorf("flush %s: %w", d.Path, err)
		}
	}
	return nil
}

// clears are the new volumes of next that begin with zeros, if they are plain: those
// that are activated, and may be written to. _should_wipe_lv of
// lib/metadata/lv_manip.c.
func (t *session) clears(r *relations, old *VG) map[string]bool {
	fresh, _ := t.mayActivate(r, newVolumes(r, old), false)
	names := make(map[string]bool, len(fresh))
	for _, name := range fresh {
		lv := r.lvs[name]
		names[name] = t.writableHere(r, lv) && !lv.Flags.Has(FlagActivationSkip)
	}
	return names
}

// writableHere reports whether an active lv can be written to: by its own permission, and by
// this machine's.
func (t *session) writableHere(r *relations, lv *LV) bool {
	set := t.s.Settings()
	return lv.Writable() && !set.ActivateReadOnly(r.vg.Name, lv.Name, slices.Concat(lv.Tags, r.vg.Tags)...)
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

package lvm

// relations says how the LVs of a VG are built on each other. It is made in
// one pass, since looking for an LV by its name goes through all of them.
type relations struct {
	vg        *VG
	lvs       map[string]*LV
	pvs       map[ID]*PV
	snapshots map[string][]*LV // by the origin: the hidden LVs with *Snapshot
	cow       map[string]*LV   // by the store: the same
	external  map[string]bool  // thin volumes have it as external origin
	poolOf    map[string]*LV   // by the LV with a pool's data or metadata
	thins     map[string]int   // by the pool: how many volumes it has
}

func relationsOf(vg *VG) *relations {
	r := &relations{
		vg: vg, lvs: make(map[string]*LV, len(vg.LVs)), pvs: make(map[ID]*PV, len(vg.PVs)),
		snapshots: map[string][]*LV{}, cow: map[string]*LV{}, external: map[string]bool{},
		poolOf: map[string]*LV{}, thins: map[string]int{},
	}
	for _, pv := range vg.PVs {
		r.pvs[pv.ID] = pv
	}
	for _, lv := range vg.LVs {
		r.lvs[lv.Name] = lv
		for i := range lv.Segments {
			switch t := lv.Segments[i].Type.(type) {
			case *Snapshot:
				r.snapshots[t.Origin] = append(r.snapshots[t.Origin], lv)
				r.cow[t.COW] = lv
			case *ThinPool:
				r.poolOf[t.Data], r.poolOf[t.Metadata] = lv, lv
			case *Thin:
				r.thins[t.Pool]++
				if t.ExternalOrigin != "" {
					r.external[t.ExternalOrigin] = true
				}
			}
		}
	}
	return r
}

// only returns the type of lv's only segment, or nil where lv has more, or none.
func only(lv *LV) SegmentType {
	if len(lv.Segments) != 1 {
		return nil
	}
	return lv.Segments[0].Type
}

// newPool reports whether the pool never had a volume: lv_is_new_thin_pool of
// lib/metadata/thin_manip.c.
func (r *relations) newPool(pool *LV, t *ThinPool) bool {
	return t.TransactionID == 0 && r.thins[pool.Name] == 0
}

// volume is the volume that lv is a part of, as far as the kernel is
// concerned: the pool of its data or metadata, the origin of a snapshot.
// Otherwise it is lv.
func (r *relations) volume(lv *LV) *LV {
	// A snapshot's store may not be another's origin, nor a pool's data a
	// pool; nonsense ends after a few steps, and is found out later.
	for range 4 {
		owner := r.poolOf[lv.Name]
		snapshot := r.cow[lv.Name]
		if t, ok := only(lv).(*Snapshot); ok {
			owner = r.lvs[t.Origin]
		} else if snapshot != nil {
			if t, ok := only(snapshot).(*Snapshot); ok {
				owner = r.lvs[t.Origin]
			}
		}
		if owner == nil {
			return lv
		}
		lv = owner
	}
	return lv
}

// isVolume reports whether lv is a volume of the user's. A snapshot is, under
// the name of its store, and the hidden LV that ties the two together is not.
func (r *relations) isVolume(lv *LV) bool {
	if _, tie := only(lv).(*Snapshot); tie {
		return false
	}
	return lv.Visible() || r.cow[lv.Name] != nil
}

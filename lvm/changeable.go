package lvm

// changeable refuses a VG that nobody may change, or that rok does not
// understand.
func changeable(vg *VG) *OpError {
	refused := func(err error, reason string, args ...any) *OpError {
		return refuse(err, reason, args...).as("change VG", vg.Name)
	}
	switch {
	case vg.Status.Has(FlagExported):
		return refused(ErrReadOnly, "it is exported")
	case vg.Status.Has(FlagClustered):
		return refused(ErrReadOnly, "it is clustered, which lvm2 no longer has")
	case vg.LockType != "" && vg.LockType != "none":
		return refused(ErrReadOnly, "lvmlockd locks it (%s)", vg.LockType)
	case !vg.Status.Has(FlagWrite) && !vg.Flags.Has(FlagWriteLocked):
		return refused(ErrReadOnly, "it is read-only")
	}
	for _, lv := range vg.LVs {
		for i := range lv.Segments {
			if t, ok := lv.Segments[i].Type.(*Held); ok && !t.Known {
				e := refused(ErrNotSupported, "of LV %s", lv.Name)
				e.Type = t.Type
				return e
			}
		}
	}
	return nil
}

// complete refuses a VG with PVs that were missing when it was written. Without
// them lvm2 removes LVs and changes their tags and flags, and no more.
func (b *Batch) complete() error {
	for _, pv := range b.pvs {
		if pv.Missing() {
			return refuse(ErrReadOnly, "PV %s is missing", pv.ID)
		}
	}
	return nil
}

// settled refuses an LV on which lvm2 is at work.
func (b *Batch) settled(m *member) error {
	switch {
	case m.lv.Status.Has(FlagLocked) || m.lv.Status.Has(FlagPVMove):
		return refuse(ErrInUse, "a pvmove works on it")
	case b.merging(m):
		return refuse(ErrInUse, "a snapshot is being merged")
	}
	return nil
}

// merging reports whether m is merged into its origin, or has a snapshot
// merged into it.
func (b *Batch) merging(m *member) (found bool) {
	if t, ok := segmentOf[*Thin](m.lv); ok && t.Merge != "" {
		return true
	}
	b.links.each(m.lv.Name, func(user *member, as role) bool {
		pair, ok := segmentOf[*Snapshot](user.lv)
		found = as == roleMerge || ok && pair.Merging
		return !found
	})
	return found
}

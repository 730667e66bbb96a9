package lvm

import "slices"

// RemoveMissingPVs takes PVs out of the VG whose devices are gone. LVs that have
// extents there, and what is built on them, are in its way, and go along with them
// where that is asked for.
type RemoveMissingPVs struct {
	PVs     []ID
	WithLVs bool
}

// RestoreMissingPVs takes PVs back that were not there when the VG was written,
// and are there again, as they are.
type RestoreMissingPVs struct{ PVs []ID }

func (op RemoveMissingPVs) about(vg *VG) (string, string) { return "remove missing PVs", vg.Name }

func (op RestoreMissingPVs) about(vg *VG) (string, string) { return "restore missing PVs", vg.Name }

func (op RemoveMissingPVs) apply(b *Batch) (string, error) {
	for _, id := range op.PVs {
		if _, err := b.findPV(id); err != nil {
			return "", err
		}
	}
	if len(op.PVs) >= len(b.pvs) {
		return "", refuse(ErrInUse, "no other PV would be left")
	}
	lost := b.lostLVs(op.PVs)
	if len(lost) > 0 && !op.WithLVs {
		return "", refuse(ErrInUse, "by %s", nameList(lost))
	}
	for _, m := range lost {
		if m.gone {
			continue
		}
		if err := b.removeLost(m); err != nil {
			return "", err
		}
	}
	b.pvs = slices.Clone(b.pvs)
	for _, id := range op.PVs {
		i := b.pvIndex(id)
		if used := b.pvs[i].Count - b.space[i].total; used > 0 {
			return "", refuse(ErrNotSupported, "%d extents on PV %s are in use by what rok does not take apart", used, id)
		}
		b.pvs, b.space = slices.Delete(b.pvs, i, i+1), slices.Delete(b.space, i, i+1)
	}
	return b.vg.Name, nil
}

// lostLVs are the volumes that have to do with extents of the PVs: those that are
// users of a part that lies there.
func (b *Batch) lostLVs(pvs []ID) (lost []*member) {
	seen := map[*member]bool{}
	var visit func(m *member)
	visit = func(m *member) {
		if seen[m] {
			return
		}
		seen[m] = true
		part := false
		b.links.each(m.lv.Name, func(user *member, as role) bool {
			switch as {
			case roleArea, rolePoolData, rolePoolMetadata, roleHeld:
				part = true
				visit(user)
			}
			return true
		})
		if !part {
			lost = append(lost, m)
		}
	}
	for _, m := range b.members {
		if m.gone {
			continue
		}
		for i := range m.lv.Segments {
			areas, _ := m.lv.Segments[i].References()
			if slices.ContainsFunc(areas, func(a Area) bool { return a.LV == "" && slices.Contains(pvs, a.PV) }) {
				visit(m)
				break
			}
		}
	}
	return lost
}

// removeLost removes a volume whose data is gone, with what is built on it. Its
// pool, if it has one that stays, is told.
func (b *Batch) removeLost(m *member) error {
	if isSpare(m.lv) {
		b.drop(m)
		return nil
	}
	_, err := RemoveLV{Name: m.lv.Name, WithDependents: true}.apply(b)
	return err
}

func (op RestoreMissingPVs) apply(b *Batch) (string, error) {
	var found []int
	for _, id := range op.PVs {
		i, err := b.findPV(id)
		if err != nil {
			return "", err
		}
		if !b.pvs[i].Missing() {
			return "", refuse(ErrUnchanged, "PV %s is not missing", id)
		}
		found = append(found, i)
	}
	for _, i := range found {
		pv := b.editPV(i)
		pv.Status, pv.Flags = pv.Status.Without(FlagMissing), pv.Flags.Without(FlagMissing)
	}
	return b.vg.Name, nil
}

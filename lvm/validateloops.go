package lvm

// checkLoops checks that no LV stands on itself, be it by way of others: who goes
// down from it, to change or to activate it, would not come to an end.
func (v *validation) checkLoops() {
	const (
		open = iota + 1
		done
	)
	state := make([]uint8, len(v.vg.LVs))
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for s := range v.vg.LVs[i].Segments {
			v.vg.LVs[i].Segments[s].standsOn(func(name string) {
				below, there := v.lvs[name]
				switch {
				case !there || state[below] == done:
				case state[below] == open:
					v.lv = i
					v.add(ErrReference, "", "it stands on %s, which stands on it", name)
				default:
					visit(below)
				}
			})
		}
		state[i] = done
	}
	for i := range v.vg.LVs {
		if state[i] == 0 {
			visit(i)
		}
	}
	v.lv = -1
}

// standsOn calls yield with the names of the LVs that the segment's device is made
// of. A snapshot is made of what ties it to its origin, which is no device.
func (s *Segment) standsOn(yield func(name string)) {
	switch t := s.Type.(type) {
	case *Striped:
		for i := range t.Areas {
			if t.Areas[i].LV != "" {
				yield(t.Areas[i].LV)
			}
		}
	case *ThinPool:
		yield(t.Metadata)
		yield(t.Data)
	case *Thin:
		yield(t.Pool)
		if t.ExternalOrigin != "" {
			yield(t.ExternalOrigin)
		}
	case *Held:
		if !t.Known {
			return
		}
		for _, a := range t.Areas() {
			if a.LV != "" {
				yield(a.LV)
			}
		}
		for _, name := range t.LVs() {
			yield(name)
		}
	}
}

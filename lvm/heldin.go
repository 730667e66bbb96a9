package lvm

// heldIn returns the held type that m is one of, or a part of, or built on;
// nil where there is none. Beyond LVs in seen it does not look.
func (b *Batch) heldIn(m *member) *Held {
	return b.heldAround(m, map[*member]bool{})
}

func (b *Batch) heldAround(m *member, seen map[*member]bool) *Held {
	if seen[m] {
		return nil
	}
	seen[m] = true
	for i := range m.lv.Segments {
		if t, ok := m.lv.Segments[i].Type.(*Held); ok {
			return t
		}
	}
	var found *Held
	// What it is a part of.
	b.links.each(m.lv.Name, func(user *member, as role) bool {
		if as == roleHeld || as == roleArea {
			found = b.heldAround(user, seen)
		}
		return found == nil
	})
	if found != nil {
		return found
	}
	// What it lies on.
	eachLink(m.lv, func(name string, as role) bool {
		switch part := b.names[name]; {
		case part == nil:
		case as == roleArea || as == rolePoolData || as == rolePoolMetadata || as == roleCOW:
			found = b.heldAround(part, seen)
		}
		return found == nil
	})
	return found
}

// notHeld refuses m where it has to do with a type that rok does not act on.
func (b *Batch) notHeld(m *member) error {
	if t := b.heldIn(m); t != nil {
		return &OpError{Err: ErrNotSupported, Type: t.Type}
	}
	return nil
}

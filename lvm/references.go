package lvm

// References are the parts of PVs and LVs that a segment is mapped to, and the
// names of the LVs that it has to do with otherwise. Of a type that lvm2 2.03
// does not have, they are all that may be such. Areas must not be written to.
func (s *Segment) References() (areas []Area, lvs []string) {
	named := func(names ...string) {
		for _, name := range names {
			if name != "" {
				lvs = append(lvs, name)
			}
		}
	}
	switch t := s.Type.(type) {
	case *Striped:
		return t.Areas, nil
	case *ThinPool:
		named(t.Metadata, t.Data)
		for _, m := range t.Messages {
			named(m.Create)
		}
	case *Thin:
		named(t.Pool, t.ExternalOrigin, t.Origin, t.Merge)
	case *Snapshot:
		named(t.Origin, t.COW)
	case *Held:
		return t.Areas(), t.LVs()
	}
	return nil, lvs
}

// AreaLength is how many extents each area of s has.
func (s *Segment) AreaLength() Extents {
	if t, ok := s.Type.(*Striped); ok && len(t.Areas) > 1 {
		return s.Length / Extents(len(t.Areas))
	}
	return s.Length
}

package lvm

// role is what one LV is to another that refers to it.
type role int

const (
	roleArea         role = iota // a part of it, or what it lies on
	rolePoolData                 // a thin pool's data
	rolePoolMetadata             // and metadata
	rolePool                     // a thin volume's pool
	roleExternal                 // a thin volume's external origin
	roleThinOrigin               // a thin snapshot's origin, for information
	roleMessage                  // what a pool is yet to be told of
	roleMerge                    // what a thin snapshot is merged into
	roleOrigin                   // a copy-on-write snapshot's origin
	roleCOW                      // and store
	roleHeld                     // something that rok does not know
)

// eachLink calls yield with each name that lv refers to, until it returns false.
func eachLink(lv *LV, yield func(name string, as role) bool) {
	for i := range lv.Segments {
		switch t := lv.Segments[i].Type.(type) {
		case *Striped:
			for j := range t.Areas {
				if t.Areas[j].LV != "" && !yield(t.Areas[j].LV, roleArea) {
					return
				}
			}
		case *ThinPool:
			if !yield(t.Data, rolePoolData) || !yield(t.Metadata, rolePoolMetadata) {
				return
			}
			for _, m := range t.Messages {
				if m.Create != "" && !yield(m.Create, roleMessage) {
					return
				}
			}
		case *Thin:
			if !yield(t.Pool, rolePool) ||
				t.ExternalOrigin != "" && !yield(t.ExternalOrigin, roleExternal) ||
				t.Origin != "" && !yield(t.Origin, roleThinOrigin) ||
				t.Merge != "" && !yield(t.Merge, roleMerge) {
				return
			}
		case *Snapshot:
			if !yield(t.Origin, roleOrigin) || !yield(t.COW, roleCOW) {
				return
			}
		case *Held:
			for _, a := range t.Areas() {
				if a.LV != "" && !yield(a.LV, roleHeld) {
					return
				}
			}
			for _, name := range t.LVs() {
				if !yield(name, roleHeld) {
					return
				}
			}
		}
	}
}

// renamed returns t with the LV from called to. Held types are not touched:
// what they refer to is not renamed.
func renamed(t SegmentType, from, to string) SegmentType {
	change := func(name *string) {
		if *name == from {
			*name = to
		}
	}
	switch t := t.(type) {
	case *Striped:
		c := *t
		c.Areas = append([]Area(nil), t.Areas...)
		for i := range c.Areas {
			change(&c.Areas[i].LV)
		}
		return &c
	case *ThinPool:
		c := *t
		change(&c.Data)
		change(&c.Metadata)
		c.Messages = append([]ThinMessage(nil), t.Messages...)
		for i := range c.Messages {
			change(&c.Messages[i].Create)
		}
		return &c
	case *Thin:
		c := *t
		change(&c.Pool)
		change(&c.ExternalOrigin)
		change(&c.Origin)
		change(&c.Merge)
		return &c
	case *Snapshot:
		c := *t
		change(&c.Origin)
		change(&c.COW)
		return &c
	}
	return t
}

// links is who refers to a name. It may hold who did so once: of checks.
type links map[string][]*member

func (l links) add(m *member) {
	eachLink(m.lv, func(name string, _ role) bool {
		l.note(name, m)
		return true
	})
}

// note adds m to those that refer to name.
func (l links) note(name string, m *member) {
	if users := l[name]; len(users) == 0 || users[len(users)-1] != m {
		l[name] = append(users, m)
	}
}

// of returns the LVs that refer to name, each once.
func (l links) of(name string) []*member {
	var users []*member
	seen := map[*member]bool{}
	for _, m := range l[name] {
		if !m.gone && !seen[m] && refers(m.lv, name) {
			seen[m] = true
			users = append(users, m)
		}
	}
	return users
}

// each calls yield with each LV that refers to name, once for each way.
func (l links) each(name string, yield func(user *member, as role) bool) {
	for _, m := range l.of(name) {
		done := false
		eachLink(m.lv, func(other string, as role) bool {
			done = other == name && !yield(m, as)
			return !done
		})
		if done {
			return
		}
	}
}

func (l links) rename(from, to string) {
	if users := l[from]; users != nil {
		delete(l, from)
		l[to] = append(l[to], users...)
	}
}

func refers(lv *LV, name string) (found bool) {
	eachLink(lv, func(other string, _ role) bool {
		found = other == name
		return !found
	})
	return found
}

package model

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/rok-storage/rok/store"
)

// model is a world, and what is known of its maps.
type model struct {
	*world
	t      *testing.T
	seed   uint64
	did    *Counts
	inside *store.Store // what the world does not see
	last   *store.Store // of who is left when all others have ended
	key    []byte

	maps map[string]*knowledge
}

// knowledge is what is known of a map: the contents that it may have. It is one, unless a change was not
// answered.
type knowledge struct {
	may     map[string]bool
	changes int // that were begun
	under   int // and have not ended
}

func (k *knowledge) only(content string) bool { return len(k.may) == 1 && k.may[content] }

// settled reports whether no change is under way, and each was answered.
func (k *knowledge) settled() bool { return k.under == 0 && len(k.may) == 1 }

// absent is the content of no map.
const absent = "-"

// knows is what is known of the map of a name.
func (m *model) knows(name string) *knowledge {
	known := m.maps[name]
	if known == nil {
		known = &knowledge{may: map[string]bool{absent: true}}
		m.maps[name] = known
	}
	return known
}

// change is a change of a map: as long as it was not answered, it may have been done or not; also if
// others change the map meanwhile.
func (m *model) change(name, content string, do func() error) error {
	known := m.knows(name)
	known.may[content] = true
	known.changes++
	known.under++
	mine, alone := known.changes, known.under == 1
	err := do()
	known.under--
	if err == nil && alone && mine == known.changes {
		known.may = map[string]bool{content: true}
	}
	return err
}

// names are those of maps that there may be, in order.
func (m *model) mapNames() (names []string) {
	for name, known := range m.maps {
		if !known.only(absent) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (m *model) timing(a *actor) store.Timing {
	return store.Timing{TTL: m.ttl, Delay: delay, Margin: margin, Clock: a, Manual: true}
}

// expected reports whether an error is one that a program has to live with.
func expected(err error) bool {
	for _, known := range []error{errKilled, errLost, store.ErrLeaseLost, store.ErrLocked, store.ErrExists, store.ErrChanged, store.ErrMissing} {
		if errors.Is(err, known) && !errors.Is(err, store.ErrCorrupt) {
			return true
		}
	}
	return false
}

// verify reads all maps that there are.
func (m *model) verify() { m.verifyIn(m.inside) }

func (m *model) verifyIn(s *store.Store) {
	there := map[string]bool{}
	for info, err := range s.Maps(context.Background(), "") {
		if err != nil {
			m.errorf("list: %v", err)
			return
		}
		there[info.Name] = true
		content, err := Read(s, info.Name)
		if err != nil {
			m.errorf("map %s: %v", info.Name, err)
		} else if !m.knows(info.Name).may[content] {
			m.errorf("map %s is %q, may be %v", info.Name, content, m.maps[info.Name].may)
		}
	}
	for name, known := range m.maps {
		if !there[name] && !known.may[absent] {
			m.errorf("map %s is gone, may be %v", name, known.may)
		}
	}
	if m.t.Failed() {
		m.changed = func() {}
	}
}

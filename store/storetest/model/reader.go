package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// reader reads maps as verification does, without a session: one that nobody changes is whole, whatever is collected meanwhile. Some objects
// it takes for damaged, for a while.
func (m *model) reader(name string, times int) {
	m.start(name, func(a *actor) {
		s, err := store.New(context.Background(), a.bucket(), store.Options{Key: m.key})
		for ; err == nil && times > 0 && !a.killed; times-- {
			a.pause(30 * time.Second)
			if names := m.mapNames(); len(names) > 0 {
				m.readOne(a, s, names[a.rng.IntN(len(names))])
			}
		}
		if a.killed && times > 0 {
			m.did.Killed++
			m.reader(name+"'", times)
		}
	})
}

func (m *model) readOne(a *actor, s *store.Store, name string) {
	known := m.knows(name)
	settled, changes := known.settled(), known.changes
	content, err := Read(s, name)
	if errors.Is(err, store.ErrMissing) && known.may[absent] {
		content, err = absent, nil
	}
	m.log(fmt.Sprintf("%s: read %s: %s", a.name, name, outcome(err)))
	switch {
	case !settled, changes != known.changes, errors.Is(err, errKilled), errors.Is(err, errLost):
		return
	case err != nil:
		m.errorf("%s: map %s that nobody changes: %v", a.name, name, err)
		return
	case !known.may[content]:
		m.errorf("%s: map %s that nobody changes is %q, may be %v", a.name, name, content, known.may)
		return
	}
	m.did.Read++
	i := a.rng.IntN(len(content))
	switch id := BlockID(content[i]); {
	case content == absent, content[i] == '0':
	case a.rng.IntN(3) == 0:
		if s.MarkBad(context.Background(), maps.Block, id) == nil {
			m.did.Marked++
		}
	default:
		_ = s.UnmarkBad(context.Background(), maps.Block, id) // it stays marked where that fails
	}
}

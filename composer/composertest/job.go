package composertest

import (
	"context"
	"errors"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// job is a call of the composer, and what it makes of the maps.
type job struct {
	what string
	// after is what each map may be if the call succeeds, and one more that it may be if not. Nil is no map.
	after map[string][][]byte
	// kept are those of them of which the volume stays what it is, whoever comes in between.
	kept map[string]bool
	// sure is what is known to be behind the call, also where it failed; nil: as after has it.
	sure map[string][]byte
	// made is what a registration that succeeded says.
	made map[string]composer.Registered
	run  func(ctx context.Context, st *store.Store) error
	// done, where it is set, is called behind a call that succeeded while nobody else was there.
	done func()
}

// onto is a job that makes one map of a volume.
func onto(what, name string, data []byte, run func(ctx context.Context, st *store.Store) error) *job {
	return &job{what: what, after: map[string][][]byte{name: {data}}, run: run}
}

// settle notes what maps may be behind a call that nobody else's was mixed with.
func (h *history) settle(j *job, failed bool) {
	for name, m := range j.after {
		if sure, ok := j.sure[name]; ok {
			h.may[name] = [][]byte{sure}
			continue
		}
		if failed {
			m = append(m[:len(m):len(m)], h.before(name)...)
		}
		h.may[name] = m
	}
}

// before is what a map may be already.
func (h *history) before(name string) [][]byte {
	if len(h.may[name]) == 0 {
		return [][]byte{nil}
	}
	return h.may[name]
}

// isOthers tells whether an error says that somebody else came in between: the map is gone, or another.
func isOthers(err error) bool {
	var object *maps.ObjectError // which nobody may take away
	if errors.As(err, &object) || errors.Is(err, maps.ErrCorrupt) {
		return false
	}
	var stale *composer.RefusedError
	return errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrMissing) || errors.Is(err, composer.ErrBase) || errors.As(err, &stale)
}

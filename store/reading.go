package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/maps"
)

// ChangedError says that a map was replaced or removed while it was read, so that what it needed may be gone. It matches
// [ErrChanged].
type ChangedError struct {
	Map     string
	Removed bool // there is no map of that name any more
}

func (e *ChangedError) Error() string {
	if e.Removed {
		return fmt.Sprintf("map %s was removed while it was read", e.Map)
	}
	return fmt.Sprintf("map %s was replaced while it was read; read it again", e.Map)
}

// Is reports whether target is ErrChanged.
func (e *ChangedError) Is(target error) bool { return target == ErrChanged }

// Reading reads the objects of a map for who has no session, and so needs no right to write: the collector does not
// wait for it. It is a [maps.Getter].
type Reading struct {
	store *Store
	of    MapInfo
}

// Reading reads what the map needs that [Store.OpenMap] told of.
func (s *Store) Reading(of MapInfo) *Reading { return &Reading{s, of} }

// Get is [Store.Get]. What is missing or damaged of a map that is not as it was opened is no damage: the error is a
// [*ChangedError] then.
func (r *Reading) Get(ctx context.Context, kind maps.Kind, id maps.ID, dst []byte) (int, error) {
	n, err := r.store.Get(ctx, kind, id, dst)
	if !errors.Is(err, ErrMissing) && !errors.Is(err, ErrCorrupt) {
		return n, err
	}
	// The map that is there now as it was, was there all the time: nobody was to delete what it needs.
	now, statErr := r.store.bucket.Stat(ctx, mapKey(r.of.Name))
	switch {
	case errors.Is(statErr, ErrMissing):
		return 0, &ChangedError{r.of.Name, true}
	case errors.Is(statErr, ErrCorrupt):
		return 0, err
	case statErr != nil:
		return 0, statErr
	case now.Version != r.of.Version:
		return 0, &ChangedError{r.of.Name, false}
	}
	return 0, err
}

package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/maps"
)

// MarkError is a map that could not be read as a whole, so that it is not known what it needs: nothing was
// freed.
type MarkError struct {
	Map string
	Err error
}

func (e *MarkError) Error() string {
	return fmt.Sprintf("map %s cannot be read, so nothing is freed: %v", e.Map, e.Err)
}

func (e *MarkError) Unwrap() error { return e.Err }

// marker finds what maps need.
type marker struct {
	s    *Store
	live *nameSet
	// visited are nodes below which all is live, so that each is read once; of many
	// millions some are forgotten, and read again.
	visited map[maps.ID]struct{}
	seen    map[string]string // the versions of the maps that were read
	held    func() error      // asked before each map, and each node
}

// visitedNodes is how many nodes are remembered: some 60 MiB.
const visitedNodes = 1 << 20

func newMarker(s *Store, dir string, held func() error) (*marker, error) {
	live, err := newNameSet(dir)
	if err != nil {
		return nil, err
	}
	return &marker{s: s, live: live, visited: map[maps.ID]struct{}{}, seen: map[string]string{}, held: held}, nil
}

// all reads all maps that are there, but those that it has read already. Errors are a [*MarkError], or
// the bucket's.
func (k *marker) all(ctx context.Context) error {
	for info, err := range k.s.Maps(ctx, "") {
		if err == nil {
			err = k.held()
		}
		if err != nil {
			return err
		}
		if version, ok := k.seen[info.Name]; ok && version != "" && version == info.Version {
			continue
		}
		if err := k.one(ctx, info.Name); err != nil {
			return err
		}
	}
	return nil
}

// one reads a map as it is now; one that is gone needs nothing.
func (k *marker) one(ctx context.Context, name string) error {
	for {
		m, info, err := k.s.OpenMap(ctx, name)
		if err == nil {
			err = k.objects(ctx, m)
		}
		if err == nil {
			k.seen[name] = info.Version
			return nil
		}
		// It may have been replaced or removed while it was read.
		now, statErr := k.s.bucket.Stat(ctx, mapKey(name))
		switch {
		case errors.Is(statErr, ErrMissing):
			return nil
		case info.Name == "" && errors.Is(err, ErrMissing): // made meanwhile
		case statErr != nil || info.Name == "" || now.Version == info.Version:
			return &MarkError{name, errors.Join(err, statErr)}
		}
	}
}

func (k *marker) objects(ctx context.Context, m *maps.Map) error {
	skip := func(o maps.Object) bool {
		_, ok := k.visited[o.ID]
		return ok
	}
	for o, err := range m.Objects(ctx, k.s, skip) {
		if err != nil {
			return err
		}
		if o.Kind == maps.Node {
			if err := k.held(); err != nil {
				return err
			}
			if len(k.visited) < visitedNodes {
				k.visited[o.ID] = struct{}{}
			}
		}
		if err := k.live.add(o.Kind, k.s.name(o.Kind, o.ID)); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"context"
	"iter"

	"github.com/rok-storage/rok/maps"
)

// Name is what an object is called in keys: its id, or what an encrypted store makes of it.
func (s *Store) Name(kind maps.Kind, id maps.ID) maps.ID { return s.name(kind, id) }

// Names are those of all objects of a kind that the store has and that begin with a byte, in order, each once. Who wants to know whether
// many objects are there, lists them so, and asks for none alone. An error is the last that comes.
func (s *Store) Names(ctx context.Context, kind maps.Kind, first byte) iter.Seq2[maps.ID, error] {
	return func(yield func(maps.ID, error) bool) {
		var last maps.ID
		for info, err := range s.bucket.List(ctx, shardPrefix(kind, first)) {
			if err != nil {
				yield(maps.ID{}, err)
				return
			}
			name, _, ok := parseCopy(info.Key)
			if !ok || name == last { // a copy
				continue
			}
			last = name
			if !yield(name, nil) {
				return
			}
		}
	}
}

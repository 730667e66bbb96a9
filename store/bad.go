package store

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/rok-storage/rok/maps"
)

// A bad mark says that verification found an object damaged or missing: no session counts on
// it. The first that has the data puts it again, and removes the mark.

const badPrefix = "bad/"

func badKey(kind maps.Kind, name maps.ID) string {
	return badPrefix + kind.String() + "/" + name.String()
}

// MarkBad says that an object is damaged: sessions that begin from now on do not count on it.
func (s *Store) MarkBad(ctx context.Context, kind maps.Kind, id maps.ID) error {
	_, err := s.bucket.Put(ctx, badKey(kind, s.name(kind, id)), strings.NewReader(kind.String()+" "+id.String()+"\n"), Condition{})
	return err
}

// UnmarkBad says that an object is sound, as it was read and verified.
func (s *Store) UnmarkBad(ctx context.Context, kind maps.Kind, id maps.ID) error {
	return s.bucket.Delete(ctx, badKey(kind, s.name(kind, id)))
}

// BadObject is an object that is marked as damaged.
type BadObject struct {
	Kind maps.Kind
	// Name is its id; in an encrypted store, what it is called in keys.
	Name   maps.ID
	Marked time.Time // by the bucket's clock
}

// Bad tells of all objects that are marked as damaged. An error is the last that comes.
func (s *Store) Bad(ctx context.Context) iter.Seq2[BadObject, error] {
	return func(yield func(BadObject, error) bool) {
		for info, err := range s.bucket.List(ctx, badPrefix) {
			if err != nil {
				yield(BadObject{}, err)
				return
			}
			if b, ok := parseBad(info.Key); ok {
				b.Marked = info.Modified
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

func parseBad(key string) (b BadObject, ok bool) {
	kind, text, _ := strings.Cut(strings.TrimPrefix(key, badPrefix), "/")
	name, err := maps.ParseID(text)
	for _, k := range []maps.Kind{maps.Block, maps.Node} {
		if k.String() == kind && err == nil {
			return BadObject{Kind: k, Name: name}, true
		}
	}
	return b, false
}

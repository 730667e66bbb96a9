package model

import (
	"context"
	"time"

	"github.com/rok-storage/rok/store"
)

// History is what a [Place] may want to know of the one that is played on it.
type History struct {
	Seed uint64
	// Now is its clock. A place whose objects are dated by it has old ones that are old.
	Now func() time.Time
}

// Place is an empty bucket for one history.
type Place struct {
	// Bucket is what the store is on. Where it is [store.Local] the actors are processes of one machine: they are
	// killed, and nothing of theirs is on its way.
	Bucket store.Bucket
	// Inside are the same objects, without the way to them: what is read after each change that may have broken a map. nil is Bucket.
	Inside store.Bucket
	// Keys are those of everything that is kept, one for each version and each mark of a version that was deleted. nil is what Bucket lists.
	Keys func() ([]string, error)
	// Close ends it; nil does nothing.
	Close func() error
}

// Open makes a place.
type Open func(History) (Place, error)

func (p Place) complete() Place {
	if p.Inside == nil {
		p.Inside = p.Bucket
	}
	if p.Keys == nil {
		p.Keys = KeysOf(p.Bucket)
	}
	if p.Close == nil {
		p.Close = func() error { return nil }
	}
	return p
}

// KeysOf lists a bucket whose objects have one version each.
func KeysOf(b store.Bucket) func() ([]string, error) {
	return func() (keys []string, err error) {
		for info, err := range b.List(context.Background(), "") {
			if err != nil {
				return nil, err
			}
			keys = append(keys, info.Key)
		}
		return keys, nil
	}
}

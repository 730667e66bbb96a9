package model

import (
	"errors"
	"slices"
	"strings"

	"github.com/rok-storage/rok/store"
)

// keySet are the keys that the bucket may have, in order. Collectors look at hundreds of prefixes below which there is nothing: what
// cannot be there is not asked for, since nothing can happen meanwhile, and others would have ended before they are through.
type keySet struct{ keys []string }

// any reports whether a key begins so.
func (s *keySet) any(prefix string) bool {
	i, _ := slices.BinarySearch(s.keys, prefix)
	return i < len(s.keys) && strings.HasPrefix(s.keys[i], prefix)
}

// put notes what a Put answered.
func (s *keySet) put(key string, err error) {
	if errors.Is(err, store.ErrChanged) {
		return // it is as it was
	}
	if i, found := slices.BinarySearch(s.keys, key); !found {
		s.keys = slices.Insert(s.keys, i, key)
	}
}

// deleted notes keys that are gone.
func (s *keySet) deleted(keys ...string) {
	for _, key := range keys {
		if i, found := slices.BinarySearch(s.keys, key); found {
			s.keys = slices.Delete(s.keys, i, i+1)
		}
	}
}

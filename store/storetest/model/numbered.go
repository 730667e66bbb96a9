package model

import (
	"fmt"
	"strings"
)

// numbered puts a number in front of random names in keys, so that they are listed in the same order whenever a history is played.
type numbered map[string]string

// inside is the key that the bucket has for one of the store.
func (n numbered) inside(key string) string {
	for _, prefix := range []string{"lease/", "probe/"} {
		random, ok := strings.CutPrefix(key, prefix)
		if !ok || random == "" {
			continue
		}
		number, known := n[key]
		if !known {
			number = fmt.Sprintf("%06d-", len(n))
			n[key] = number
		}
		return prefix + number + random
	}
	return key
}

// shown is the bucket's key without what is random.
func (numbered) shown(key string) string {
	for _, prefix := range []string{"lease/", "probe/"} {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			number, _, _ := strings.Cut(rest, "-")
			return prefix + number
		}
	}
	return key
}

// outside is the store's key for one of the bucket.
func (numbered) outside(key string) string {
	for _, prefix := range []string{"lease/", "probe/"} {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			_, random, _ := strings.Cut(rest, "-")
			return prefix + random
		}
	}
	return key
}

package rules

import (
	"strings"

	"github.com/rok-storage/rok/cluster/kv"
)

// Matching are the events of keys that begin with prefix.
func Matching(events []kv.Event, prefix string) []kv.Event {
	var out []kv.Event
	for _, e := range events {
		if strings.HasPrefix(e.Key, prefix) {
			out = append(out, e)
		}
	}
	return out
}

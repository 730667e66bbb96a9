package bolt

import (
	"fmt"

	"github.com/rok-storage/rok/cluster/kv"
)

const (
	historyRevisions = 1000
	historyBytes     = 8 << 20
)

// AddEvents keeps a revision's changes, and forgets the oldest that are too many or too large.
func (t *table) AddEvents(revision int64, events []kv.Event) error {
	b := appendEvents(nil, events)
	if err := t.write(historyBucket, ordered(revision), b); err != nil {
		return err
	}
	if t.state.first == 0 {
		t.state.first = revision
	}
	t.state.bytes += int64(len(b))
	for t.state.first < revision && (revision-t.state.first >= t.history || t.state.bytes > historyBytes) {
		key := ordered(t.state.first)
		t.state.bytes -= max(int64(len(t.read(historyBucket, key)))-4, 0)
		if err := t.drop(historyBucket, key); err != nil {
			return err
		}
		t.state.first++
	}
	return t.setState()
}

// since are the changes after a revision, in order. Errors match [kv.ErrCompacted], also for
// a revision that the store has not reached: it is another one by now.
func (t *table) since(after int64) ([][]kv.Event, error) {
	first := t.state.first
	if first == 0 {
		first = t.state.revision + 1
	}
	switch {
	case after > t.state.revision:
		return nil, fmt.Errorf("store is at revision %d, and was at %d: %w", t.state.revision, after, kv.ErrCompacted)
	case after+1 < first:
		return nil, fmt.Errorf("changes are known from revision %d on: %w", first, kv.ErrCompacted)
	}
	var all [][]kv.Event
	for r := after + 1; r <= t.state.revision; r++ {
		f := unseal(historyBucket, ordered(r), t.read(historyBucket, ordered(r)))
		events := f.events()
		if err := f.end(); err != nil {
			return nil, err
		}
		all = append(all, events)
	}
	return all, nil
}

package kvtest

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

// table is a [rules.Table] in memory.
type table struct {
	revision int64
	entries  map[string]kv.Entry
	leases   map[kv.LeaseID]rules.Lease
	batches  []batch // of the last revisions
}

type batch struct {
	revision int64
	events   []kv.Event
}

// since are the changes after a revision.
func (t *table) since(after int64) ([]batch, error) {
	known := t.revision // the last that is not in batches
	if len(t.batches) > 0 {
		known = t.batches[0].revision - 1
	}
	if after < known {
		return nil, kv.ErrCompacted
	}
	var out []batch
	for _, b := range t.batches[min(after-known, int64(len(t.batches))):] {
		c := batch{revision: b.revision}
		for _, e := range b.events {
			e.Value, e.Previous = bytes.Clone(e.Value), bytes.Clone(e.Previous)
			c.events = append(c.events, e)
		}
		out = append(out, c)
	}
	return out, nil
}

func (t *table) Revision() (int64, error) { return t.revision, nil }

func (t *table) SetRevision(revision int64) error {
	t.revision = revision
	return nil
}

func (t *table) Entry(key string) (kv.Entry, error) {
	e := t.entries[key]
	e.Key, e.Value = key, bytes.Clone(e.Value)
	return e, nil
}

func (t *table) Entries(prefix string) ([]kv.Entry, error) {
	var out []kv.Entry
	for _, e := range t.entries {
		if strings.HasPrefix(e.Key, prefix) {
			e.Value = bytes.Clone(e.Value)
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b kv.Entry) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

func (t *table) SetEntry(e kv.Entry) error {
	if t.entries == nil {
		t.entries = map[string]kv.Entry{}
	}
	t.entries[e.Key] = e
	return nil
}

func (t *table) DropEntry(key string) error {
	delete(t.entries, key)
	return nil
}

func (t *table) Lease(id kv.LeaseID) (rules.Lease, error) { return t.leases[id], nil }

func (t *table) Leases() ([]rules.Lease, error) {
	return slices.SortedFunc(maps.Values(t.leases), func(a, b rules.Lease) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func (t *table) SetLease(l rules.Lease) error {
	if t.leases == nil {
		t.leases = map[kv.LeaseID]rules.Lease{}
	}
	t.leases[l.ID] = l
	return nil
}

func (t *table) DropLease(id kv.LeaseID) error {
	delete(t.leases, id)
	return nil
}

func (t *table) AddEvents(revision int64, events []kv.Event) error {
	t.batches = append(t.batches, batch{revision, events})
	return nil
}

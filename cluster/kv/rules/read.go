package rules

import "github.com/rok-storage/rok/cluster/kv"

// Get reads a key. One whose lease has ended is not there, also before it was reaped.
func Get(t Table, now Instant, key string) (kv.Entry, error) {
	e, err := t.Entry(key)
	if err != nil || e.Lease == 0 {
		return e, err
	}
	l, err := t.Lease(e.Lease)
	if err != nil || l.ID == 0 || l.Ended(now) {
		return kv.Entry{Key: key}, err
	}
	return e, nil
}

// List reads the keys that begin with prefix, as Get does.
func List(t Table, now Instant, prefix string) (kv.Snapshot, error) {
	revision, err := t.Revision()
	if err != nil {
		return kv.Snapshot{}, err
	}
	all, err := t.Entries(prefix)
	if err != nil {
		return kv.Snapshot{}, err
	}
	ended := map[kv.LeaseID]bool{}
	there := all[:0]
	for _, e := range all {
		gone, known := ended[e.Lease]
		if e.Lease != 0 && !known {
			l, err := t.Lease(e.Lease)
			if err != nil {
				return kv.Snapshot{}, err
			}
			gone = l.ID == 0 || l.Ended(now)
			ended[e.Lease] = gone
		}
		if !gone {
			there = append(there, e)
		}
	}
	return kv.Snapshot{Entries: there, Revision: revision}, nil
}

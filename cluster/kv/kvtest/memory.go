package kvtest

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

// Memory is a store in memory. The zero value is empty and ready. Its time stands still but for
// [Memory.Advance]. Closing it changes nothing: each member of a cluster may have the same one.
type Memory struct {
	mu      sync.Mutex
	table   table
	now     time.Duration
	lease   kv.LeaseID
	down    bool
	changed chan struct{} // closed at the next change; nil: nobody waits
}

// NewMemory returns an empty one.
func NewMemory() *Memory { return &Memory{} }

// Advance lets time pass: leases end.
func (m *Memory) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now += d
	_, _, _ = rules.Reap(&m.table, m.instant()) // a table in memory has no errors
	m.wake()
}

// SetDown makes the store unreachable, or reachable again. Time goes on in one that is not.
func (m *Memory) SetDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
	m.wake()
}

// Compact forgets all changes so far.
func (m *Memory) Compact() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.table.batches = nil
}

func (m *Memory) instant() rules.Instant { return rules.Instant{At: m.now} }

func (m *Memory) wake() {
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// do calls f with the table, if the store can be reached and ctx has not ended.
func (m *Memory) do(ctx context.Context, op, key string, check error, f func(t *table, now rules.Instant) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := check
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && m.down {
		err = kv.ErrUnreachable
	}
	if err == nil {
		before := m.table.revision
		err = f(&m.table, m.instant())
		if m.table.revision != before {
			m.wake()
		}
	}
	if err != nil {
		return m.fail(op, key, err)
	}
	return nil
}

func (m *Memory) fail(op, key string, err error) error {
	return &kv.Error{Op: op, Key: key, Addr: m.Address(), Err: err}
}

// Address is "memory:".
func (m *Memory) Address() string { return "memory:" }

// Get is [kv.Store.Get].
func (m *Memory) Get(ctx context.Context, key string) (e kv.Entry, err error) {
	err = m.do(ctx, "get", key, kv.CheckKey(key), func(t *table, now rules.Instant) (err error) {
		e, err = rules.Get(t, now, key)
		return err
	})
	return e, err
}

// List is [kv.Store.List].
func (m *Memory) List(ctx context.Context, prefix string) (s kv.Snapshot, err error) {
	err = m.do(ctx, "list", prefix, kv.CheckPrefix(prefix), func(t *table, now rules.Instant) (err error) {
		s, err = rules.List(t, now, prefix)
		return err
	})
	return s, err
}

// Txn is [kv.Store.Txn].
func (m *Memory) Txn(ctx context.Context, txn kv.Txn) (r kv.Result, err error) {
	err = m.do(ctx, "txn", "", txn.Check(), func(t *table, now rules.Instant) (err error) {
		r, err = rules.Apply(t, now, txn)
		return err
	})
	return r, err
}

// Watch is [kv.Store.Watch]. One that is not reachable ends it.
func (m *Memory) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[[]kv.Event, error] {
	return func(yield func([]kv.Event, error) bool) {
		if err := kv.CheckPrefix(prefix); err != nil {
			yield(nil, m.fail("watch", prefix, err))
			return
		}
		for {
			batches, wait, err := m.since(after)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				yield(nil, m.fail("watch", prefix, err))
				return
			}
			for _, b := range batches {
				after = b.revision
				events := rules.Matching(b.events, prefix)
				if ctx.Err() != nil || len(events) > 0 && !yield(events, nil) {
					return
				}
			}
			if len(batches) > 0 {
				continue
			}
			select {
			case <-wait:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (m *Memory) since(after int64) ([]batch, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, nil, kv.ErrUnreachable
	}
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	batches, err := m.table.since(after)
	return batches, m.changed, err
}

// Grant is [kv.Store.Grant].
func (m *Memory) Grant(ctx context.Context, ttl time.Duration) (id kv.LeaseID, err error) {
	err = m.do(ctx, "grant", "", kv.CheckTTL(ttl), func(t *table, now rules.Instant) error {
		m.lease++
		id = m.lease
		return rules.Grant(t, now, ttl, id)
	})
	return id, err
}

// Renew is [kv.Store.Renew].
func (m *Memory) Renew(ctx context.Context, lease kv.LeaseID) error {
	return m.do(ctx, "renew", "", nil, func(t *table, now rules.Instant) error { return rules.Renew(t, now, lease) })
}

// Revoke is [kv.Store.Revoke].
func (m *Memory) Revoke(ctx context.Context, lease kv.LeaseID) error {
	return m.do(ctx, "revoke", "", nil, func(t *table, _ rules.Instant) error { return rules.Revoke(t, lease) })
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

// String has what the store is at, for messages of tests.
func (m *Memory) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("memory at revision %d, %d keys", m.table.revision, len(m.table.entries))
}

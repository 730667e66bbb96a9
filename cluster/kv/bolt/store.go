package bolt

import (
	"cmp"
	"context"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

// Options are how a store is used. The zero value is good.
type Options struct {
	// Timeout is how long a lock is waited for; 0: 10 s. A context that ends earlier counts.
	Timeout time.Duration
	// MakeDir makes the file's directory with the file, at the first change. Otherwise one that is
	// missing is an error then ([fs.ErrNotExist]).
	MakeDir bool
	// Clock is what leases end by; nil: the time since the machine's start.
	Clock func() (rules.Instant, error)
	// History is how many revisions' changes are kept; 0: 1,000.
	History int
}

// Store is a [kv.Store] in a file.
type Store struct {
	path    string
	timeout time.Duration
	makeDir bool
	clock   func() (rules.Instant, error)
	history int64
}

var _ kv.Store = (*Store)(nil)

// Open returns the store in a file, which it does not look at yet.
func Open(path string, o Options) *Store {
	s := &Store{path: path, makeDir: o.MakeDir, clock: o.Clock}
	s.timeout = cmp.Or(o.Timeout, 10*time.Second)
	s.history = int64(cmp.Or(o.History, historyRevisions))
	if s.clock == nil {
		s.clock = bootClock
	}
	return s
}

// Address is the path of the file.
func (s *Store) Address() string { return s.path }

// Close does nothing: between calls nothing is open.
func (s *Store) Close() error { return nil }

func (s *Store) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &kv.Error{Op: op, Key: key, Addr: s.path, Err: err}
}

// transaction is s.read or s.write.
type transaction func(context.Context, func(*table) error) error

// do calls f in a transaction, with the time.
func (s *Store) do(ctx context.Context, in transaction, op, key string, check error, f func(t *table, now rules.Instant) error) error {
	err := check
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = in(ctx, func(t *table) error {
			now, err := s.clock() // when the lock is had
			if err == nil {
				err = f(t, now)
			}
			return err
		})
	}
	return s.fail(op, key, err)
}

// Get is [kv.Store.Get].
func (s *Store) Get(ctx context.Context, key string) (e kv.Entry, err error) {
	err = s.do(ctx, s.read, "get", key, kv.CheckKey(key), func(t *table, now rules.Instant) (err error) {
		e, err = rules.Get(t, now, key)
		return err
	})
	return e, err
}

// List is [kv.Store.List].
func (s *Store) List(ctx context.Context, prefix string) (l kv.Snapshot, err error) {
	err = s.do(ctx, s.read, "list", prefix, kv.CheckPrefix(prefix), func(t *table, now rules.Instant) (err error) {
		l, err = rules.List(t, now, prefix)
		return err
	})
	return l, err
}

// Txn is [kv.Store.Txn].
func (s *Store) Txn(ctx context.Context, txn kv.Txn) (r kv.Result, err error) {
	in, apply := s.write, rules.Apply
	if !rules.Changes(txn) {
		in, apply = s.read, rules.Read
	}
	err = s.do(ctx, in, "txn", "", txn.Check(), func(t *table, now rules.Instant) (err error) {
		r, err = apply(t, now, txn)
		return err
	})
	if err != nil {
		return kv.Result{}, err
	}
	return r, nil
}

// Grant is [kv.Store.Grant].
func (s *Store) Grant(ctx context.Context, ttl time.Duration) (kv.LeaseID, error) {
	random := uuid.New()
	id := kv.LeaseID(binary.BigEndian.Uint64(random[:]) >> 1)
	return id, s.do(ctx, s.write, "grant", "", kv.CheckTTL(ttl), func(t *table, now rules.Instant) error {
		if _, _, err := rules.Reap(t, now); err != nil {
			return err
		}
		return rules.Grant(t, now, ttl, id)
	})
}

// Renew is [kv.Store.Renew].
func (s *Store) Renew(ctx context.Context, lease kv.LeaseID) error {
	return s.do(ctx, s.write, "renew", "", nil, func(t *table, now rules.Instant) error { return rules.Renew(t, now, lease) })
}

// Revoke is [kv.Store.Revoke].
func (s *Store) Revoke(ctx context.Context, lease kv.LeaseID) error {
	return s.do(ctx, s.write, "revoke", "", nil, func(t *table, _ rules.Instant) error { return rules.Revoke(t, lease) })
}

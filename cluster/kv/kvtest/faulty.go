package kvtest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// ErrKilled is what every call of a [Faulty] returns from its crash on: the process is
// dead, and what runs on is to be ignored.
var ErrKilled = errors.New("killed by the test")

// Fault is what a [Faulty] does at one call.
type Fault uint8

// The faults.
const (
	// None does the call as it is. Before is called all the same: it may let a rival do
	// something, or time pass.
	None Fault = iota
	// CrashBefore and CrashAfter end the process before the store has heard of the call, or after it
	// was done.
	CrashBefore
	CrashAfter
	// RequestLost and ReplyLost answer the call with [kv.ErrUnreachable]: the store has not heard of
	// it, or has done it.
	RequestLost
	ReplyLost
)

// String is the fault's name.
func (f Fault) String() string {
	return [...]string{"none", "crash before", "crash after", "request lost", "reply lost"}[f]
}

// Faults are all but None.
func Faults() []Fault { return []Fault{CrashBefore, CrashAfter, RequestLost, ReplyLost} }

// Faulty is a store that fails at one call. Each call of Get, List, Txn, Watch, Grant, Renew and
// Revoke counts, from 1 on; one that At does not name is done as it is.
type Faulty struct {
	kv.Store
	At    int   // the call; 0: none
	Fault Fault // what becomes of it
	// Before, where it is not nil, is called before call At: with what a rival does to the same
	// store, or with [Memory.Advance] for a delay.
	Before func(ctx context.Context, inner kv.Store)

	mu    sync.Mutex
	calls []string
	dead  bool
}

// Calls are what was called: "txn", or "get KEY".
func (f *Faulty) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

// begin counts a call and returns what becomes of it.
func (f *Faulty) begin(ctx context.Context, op, key string) (Fault, error) {
	f.mu.Lock()
	if key != "" {
		op += " " + key
	}
	f.calls = append(f.calls, op)
	hit := len(f.calls) == f.At && !f.dead
	fault := None
	if hit {
		fault = f.Fault
		f.dead = fault == CrashBefore || fault == CrashAfter
	} else if f.dead {
		f.mu.Unlock()
		return None, ErrKilled
	}
	f.mu.Unlock()
	if hit && f.Before != nil {
		f.Before(ctx, f.Store)
	}
	switch fault {
	case CrashBefore:
		return fault, ErrKilled
	case RequestLost:
		return fault, kv.ErrUnreachable
	}
	return fault, nil
}

// lost is what the caller hears of a call that the store has done; nil: its answer.
func (f Fault) lost() error {
	switch f {
	case CrashAfter:
		return ErrKilled
	case ReplyLost:
		return kv.ErrUnreachable
	}
	return nil
}

// call does a call with its fault.
func call[T any](ctx context.Context, f *Faulty, op, key string, do func() (T, error)) (T, error) {
	var zero T
	fault, err := f.begin(ctx, op, key)
	if err != nil {
		return zero, f.fail(op, key, err)
	}
	v, err := do()
	if failed := fault.lost(); failed != nil {
		return zero, f.fail(op, key, failed)
	}
	return v, err
}

func (f *Faulty) fail(op, key string, err error) error {
	return &kv.Error{Op: op, Key: key, Addr: f.Address(), Err: err}
}

// Get is [kv.Store.Get].
func (f *Faulty) Get(ctx context.Context, key string) (kv.Entry, error) {
	return call(ctx, f, "get", key, func() (kv.Entry, error) { return f.Store.Get(ctx, key) })
}

// List is [kv.Store.List].
func (f *Faulty) List(ctx context.Context, prefix string) (kv.Snapshot, error) {
	return call(ctx, f, "list", prefix, func() (kv.Snapshot, error) { return f.Store.List(ctx, prefix) })
}

// Txn is [kv.Store.Txn].
func (f *Faulty) Txn(ctx context.Context, txn kv.Txn) (kv.Result, error) {
	return call(ctx, f, "txn", "", func() (kv.Result, error) { return f.Store.Txn(ctx, txn) })
}

// Watch is [kv.Store.Watch]. What comes after it was done is its first event.
func (f *Faulty) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[[]kv.Event, error] {
	return func(yield func([]kv.Event, error) bool) {
		fault, err := f.begin(ctx, "watch", prefix)
		if err != nil {
			yield(nil, f.fail("watch", prefix, err))
			return
		}
		for events, err := range f.Store.Watch(ctx, prefix, after) {
			if !yield(events, err) || err != nil {
				return
			}
			if failed := fault.lost(); failed != nil {
				yield(nil, f.fail("watch", prefix, failed))
				return
			}
		}
	}
}

// Grant is [kv.Store.Grant].
func (f *Faulty) Grant(ctx context.Context, ttl time.Duration) (kv.LeaseID, error) {
	return call(ctx, f, "grant", "", func() (kv.LeaseID, error) { return f.Store.Grant(ctx, ttl) })
}

// Renew is [kv.Store.Renew].
func (f *Faulty) Renew(ctx context.Context, lease kv.LeaseID) error {
	_, err := call(ctx, f, "renew", "", func() (struct{}, error) { return struct{}{}, f.Store.Renew(ctx, lease) })
	return err
}

// Revoke is [kv.Store.Revoke].
func (f *Faulty) Revoke(ctx context.Context, lease kv.LeaseID) error {
	_, err := call(ctx, f, "revoke", "", func() (struct{}, error) { return struct{}{}, f.Store.Revoke(ctx, lease) })
	return err
}

package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"

	"github.com/rok-storage/rok/store"
)

// ErrKilled is what calls of a bucket answer after [Fault.Kill] or [Faulty.Kill], and do nothing.
var ErrKilled = errors.New("killed")

// Call is a call of a bucket that is about to be made.
type Call struct {
	N   int    // counted from 1
	Op  string // "get", "stat", "put", "list", "delete"
	Key string // or the prefix; of delete the first key
}

// Fault is what goes wrong at a call. The zero value is: nothing. What is set happens in the order of
// the fields.
type Fault struct {
	// Hook is called first, where the call came from: it may wait, count, look, or change the bucket below.
	Hook func(ctx context.Context)
	// Kill: this call and all later ones do nothing, and answer [ErrKilled]; with After set, this
	// one is made first.
	Kill bool
	// Before: the call is not made, and answers this: [store.ErrUnreachable], [store.ErrNoSpace], …
	Before error
	// Late: the call answers After, or store.ErrUnreachable, and is made by [Faulty.Release]. For put
	// and delete; others are as with Before.
	Late bool
	// Repeat: the call is made so many times more, as by a network that repeats, and answers what
	// the last of them does.
	Repeat int
	// Short: get reads and tells of so many bytes less, as if the rest were lost, at least 0.
	Short int
	// After: the call is made, and its answer is lost: it answers this. A list stops in the middle.
	After error
}

// Faulty is a bucket in which calls go wrong. Those that Plan has nothing against are made as they are.
type Faulty struct {
	// Bucket is the one below. Address and Close are its own.
	store.Bucket
	// Plan says what goes wrong; nil is: nothing. It is asked by one call at a time, in the order of N.
	Plan func(Call) Fault

	mu    sync.Mutex
	calls int
	dead  bool
	late  []func(context.Context) error
}

// Nth is a plan with one fault, at the n-th call, counted from 1.
func Nth(n int, fault Fault) func(Call) Fault {
	return func(c Call) Fault {
		if c.N == n {
			return fault
		}
		return Fault{}
	}
}

// Conditional is that of the bucket below: yes, where it does not say. It is no call.
func (f *Faulty) Conditional(ctx context.Context) (bool, error) {
	if b, ok := f.Bucket.(store.Conditional); ok {
		return b.Conditional(ctx)
	}
	return true, nil
}

// Calls is how many calls were made so far.
func (f *Faulty) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Kill has all further calls answer [ErrKilled]: who uses the bucket is as good as dead, and can be
// waited for.
func (f *Faulty) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

// Release makes the calls that were held back as [Fault.Late], the last first. Their own errors
// are nobody's; they come back joined.
func (f *Faulty) Release(ctx context.Context) error {
	f.mu.Lock()
	late := f.late
	f.late = nil
	f.mu.Unlock()
	var errs []error
	for _, call := range slices.Backward(late) {
		errs = append(errs, call(ctx))
	}
	return errors.Join(errs...)
}

func (f *Faulty) fail(op, key string, err error) error {
	return &store.Error{Op: op, Address: f.Address(), Key: key, Err: err}
}

// plan counts a call and asks for its fault. Where it answers an error, the call is not to be made.
func (f *Faulty) plan(ctx context.Context, op, key string) (Fault, error) {
	f.mu.Lock()
	if f.dead {
		f.mu.Unlock()
		return Fault{}, f.fail(op, key, ErrKilled)
	}
	f.calls++
	var fault Fault
	if f.Plan != nil {
		fault = f.Plan(Call{f.calls, op, key})
	}
	if fault.Kill {
		f.dead = true
	}
	f.mu.Unlock()
	if fault.Hook != nil {
		fault.Hook(ctx)
	}
	switch {
	case fault.Kill && fault.After == nil:
		return fault, f.fail(op, key, ErrKilled)
	case fault.Kill:
		fault.After = ErrKilled
	case fault.Before != nil:
		return fault, f.fail(op, key, fault.Before)
	}
	return fault, nil
}

// hold keeps a call for Release, and gives its answer.
func (f *Faulty) hold(op, key string, fault Fault, call func(context.Context) error) error {
	f.mu.Lock()
	f.late = append(f.late, call)
	f.mu.Unlock()
	if fault.After != nil {
		return f.fail(op, key, fault.After)
	}
	return f.fail(op, key, store.ErrUnreachable)
}

// made is the answer of a call that was made.
func (f *Faulty) made(op, key string, fault Fault, err error) error {
	if fault.After != nil {
		return f.fail(op, key, fault.After)
	}
	return err
}

// Get is the bucket's.
func (f *Faulty) Get(ctx context.Context, key string, off int64, dst []byte) (n int, info store.Info, err error) {
	fault, err := f.plan(ctx, "get", key)
	if err == nil && fault.Late {
		err = f.fail("get", key, store.ErrUnreachable)
	}
	if err != nil {
		return 0, store.Info{}, err
	}
	for range 1 + fault.Repeat {
		n, info, err = f.Bucket.Get(ctx, key, off, dst)
	}
	if err = f.made("get", key, fault, err); err != nil {
		return 0, store.Info{}, err
	}
	return max(0, n-fault.Short), info, nil
}

// Stat is the bucket's.
func (f *Faulty) Stat(ctx context.Context, key string) (info store.Info, err error) {
	fault, err := f.plan(ctx, "stat", key)
	if err == nil && fault.Late {
		err = f.fail("stat", key, store.ErrUnreachable)
	}
	if err != nil {
		return store.Info{}, err
	}
	for range 1 + fault.Repeat {
		info, err = f.Bucket.Stat(ctx, key)
	}
	if err = f.made("stat", key, fault, err); err != nil {
		return store.Info{}, err
	}
	return info, nil
}

// Put is the bucket's.
func (f *Faulty) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (info store.Info, err error) {
	fault, err := f.plan(ctx, "put", key)
	if err != nil {
		return store.Info{}, err
	}
	if fault.Late {
		kept := make([]byte, body.Size())
		if n, err := body.ReadAt(kept, 0); n < len(kept) {
			return store.Info{}, f.fail("put", key, errors.Join(io.ErrUnexpectedEOF, err))
		}
		return store.Info{}, f.hold("put", key, fault, func(ctx context.Context) error {
			_, err := f.Bucket.Put(ctx, key, bytes.NewReader(kept), condition)
			return err
		})
	}
	for range 1 + fault.Repeat {
		info, err = f.Bucket.Put(ctx, key, body, condition)
	}
	if err = f.made("put", key, fault, err); err != nil {
		return store.Info{}, err
	}
	return info, nil
}

// List is the bucket's.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		fault, err := f.plan(ctx, "list", prefix)
		if err == nil && fault.Late {
			err = f.fail("list", prefix, store.ErrUnreachable)
		}
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		var all []store.Info // so that the caller's own calls are not made in the midst of it
		for info, err := range f.Bucket.List(ctx, prefix) {
			if err != nil {
				yield(store.Info{}, err)
				return
			}
			all = append(all, info)
		}
		if fault.After != nil {
			all = all[:len(all)/2]
		}
		for _, info := range all {
			if !yield(info, nil) {
				return
			}
		}
		if fault.After != nil {
			yield(store.Info{}, f.fail("list", prefix, fault.After))
		}
	}
}

// Delete is the bucket's.
func (f *Faulty) Delete(ctx context.Context, keys ...string) (err error) {
	first := ""
	if len(keys) > 0 {
		first = keys[0]
	}
	fault, err := f.plan(ctx, "delete", first)
	if err != nil {
		return err
	}
	keys = slices.Clone(keys)
	if fault.Late {
		return f.hold("delete", first, fault, func(ctx context.Context) error { return f.Bucket.Delete(ctx, keys...) })
	}
	for range 1 + fault.Repeat {
		err = f.Bucket.Delete(ctx, keys...)
	}
	return f.made("delete", first, fault, err)
}

// DeleteSuperseded is the bucket's, where that keeps what objects were before. As a call it is a delete.
func (f *Faulty) DeleteSuperseded(ctx context.Context, prefix string) (store.Amount, error) {
	b, ok := f.Bucket.(store.Versioned)
	if !ok {
		return store.Amount{}, nil
	}
	fault, err := f.plan(ctx, "delete", prefix)
	if err != nil {
		return store.Amount{}, err
	}
	remove := func(ctx context.Context) error { _, err := b.DeleteSuperseded(ctx, prefix); return err }
	if fault.Late {
		return store.Amount{}, f.hold("delete", prefix, fault, remove)
	}
	for range fault.Repeat {
		if err := remove(ctx); err != nil {
			return store.Amount{}, f.made("delete", prefix, fault, err)
		}
	}
	freed, err := b.DeleteSuperseded(ctx, prefix)
	return freed, f.made("delete", prefix, fault, err)
}

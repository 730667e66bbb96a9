package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/rok-storage/rok/store"
)

// An actor is a bucket: that of its world, in which each call waits for its turn.

func (a *actor) fail(op, key string, err error) error {
	return &store.Error{Op: op, Address: a.Address(), Key: key, Err: err}
}

// wrapped gives faults the form that all errors of buckets have.
func (a *actor) wrapped(op, key string, err error) error {
	if errors.Is(err, errKilled) || errors.Is(err, errLost) {
		return a.fail(op, key, err)
	}
	return err
}

func (a *actor) Address() string { return "world:" }
func (a *actor) Close() error    { return nil }

func (a *actor) Conditional(context.Context) (bool, error) { return true, nil }

func (a *actor) Get(ctx context.Context, key string, off int64, dst []byte) (n int, info store.Info, err error) {
	err = a.call("get "+key, false, func() (err error) {
		n, info, err = a.w.memory.Get(ctx, key, off, dst)
		return err
	})
	return n, info, a.wrapped("get", key, err)
}

func (a *actor) Stat(ctx context.Context, key string) (info store.Info, err error) {
	if strings.HasPrefix(key, "gc/condemned/") && a.w.nothing(key) && !a.killed {
		return a.w.memory.Stat(ctx, key)
	}
	err = a.call("stat "+key, false, func() (err error) {
		info, err = a.w.memory.Stat(ctx, key)
		return err
	})
	return info, a.wrapped("stat", key, err)
}

func (a *actor) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (info store.Info, err error) {
	data, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
	if err != nil {
		return info, a.fail("put", key, err)
	}
	switch {
	case strings.HasPrefix(key, "lease/"): // a condition tells whether it is too late
		a.hesitate(a.w.ttl + 2*(delay+margin))
	case strings.HasPrefix(key, "map/"): // so much its lease lasts at least
		a.hesitate(a.w.ttl / 2)
	}
	first := true
	err = a.call(fmt.Sprintf("put %s %+v", key, condition), true, func() error {
		got, err := a.w.memory.Put(context.Background(), key, bytes.NewReader(data), condition)
		if first {
			info, first = got, false
		} else if err == nil {
			info = got
		}
		if strings.HasPrefix(key, "map/") && err == nil {
			a.w.changed()
		}
		return err
	})
	return info, a.wrapped("put", key, err)
}

func (a *actor) Delete(ctx context.Context, keys ...string) error {
	err := a.call("delete "+strings.Join(keys, " "), true, func() error {
		for _, key := range keys {
			if err := a.w.memory.Delete(context.Background(), key); err != nil {
				return err
			}
		}
		for _, key := range keys {
			if strings.HasPrefix(key, "map/") || strings.HasPrefix(key, "blk/") || strings.HasPrefix(key, "node/") {
				a.w.changed()
				break
			}
		}
		return nil
	})
	return a.wrapped("delete", "", err)
}

// nothing reports whether no key begins so. Collectors look at many such, in which nothing can
// happen, and others would have ended before they are through.
func (w *world) nothing(prefix string) bool {
	for range w.memory.List(context.Background(), prefix) {
		return false
	}
	return true
}

// List comes in pages, between which others do things.
func (a *actor) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if a.w.nothing(prefix) && !a.killed {
			return
		}
		for last := ""; ; {
			var page []store.Info
			size := 1 + a.rng.IntN(8)
			err := a.call("list "+prefix, false, func() error {
				for info, err := range a.w.memory.List(ctx, prefix) {
					if err != nil {
						return err
					}
					if info.Key > last && len(page) < size {
						page = append(page, info)
					}
				}
				return nil
			})
			if err != nil {
				yield(store.Info{}, a.wrapped("list", prefix, err))
				return
			}
			for _, info := range page {
				last = info.Key
				if !yield(info, nil) {
					return
				}
			}
			if len(page) < size {
				return
			}
		}
	}
}

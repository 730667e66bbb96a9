package model

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/rok-storage/rok/store"
)

// bucket is the actor as a bucket that says what the one of its world does.
func (a *actor) bucket() store.Bucket {
	says, ok := a.w.place.Bucket.(store.Conditional)
	if !ok {
		return a
	}
	if versions, ok := a.w.place.Bucket.(store.Versioned); ok {
		return versioned{conditional{a, says}, versions}
	}
	return conditional{a, says}
}

// versioned is an actor whose bucket may have kept versions.
type versioned struct {
	conditional
	bucket store.Versioned
}

func (v versioned) DeleteSuperseded(ctx context.Context, prefix string) (freed store.Amount, err error) {
	if !v.w.there.any(prefix) && !v.killed {
		return freed, nil
	}
	err = v.call("delete superseded "+prefix, true, func() (err error) {
		freed, err = v.bucket.DeleteSuperseded(context.WithoutCancel(ctx), prefix)
		v.w.changed()
		return err
	})
	return freed, v.wrapped("delete", prefix, err)
}

// conditional is an actor whose bucket tells whether it keeps conditions.
type conditional struct {
	*actor
	says store.Conditional
}

func (c conditional) Conditional(ctx context.Context) (kept bool, err error) {
	err = c.call("conditional", true, func() (err error) {
		kept, err = c.says.Conditional(context.WithoutCancel(ctx))
		return err
	})
	return kept, c.wrapped("probe", "", err)
}

// Local is what the world is.
func (a *actor) Local() bool { return a.w.local }

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

func (a *actor) Get(ctx context.Context, key string, off int64, dst []byte) (n int, info store.Info, err error) {
	key = a.w.names.inside(key)
	err = a.call("get "+a.w.names.shown(key), false, func() (err error) {
		n, info, err = a.w.place.Bucket.Get(ctx, key, off, dst)
		return err
	})
	return n, info, a.wrapped("get", key, err)
}

func (a *actor) Stat(ctx context.Context, key string) (info store.Info, err error) {
	if strings.HasPrefix(key, "gc/condemned/") && !a.w.there.any(key) && !a.killed {
		return info, a.fail("stat", key, store.ErrMissing)
	}
	key = a.w.names.inside(key)
	err = a.call("stat "+a.w.names.shown(key), false, func() (err error) {
		info, err = a.w.place.Bucket.Stat(ctx, key)
		return err
	})
	return info, a.wrapped("stat", key, err)
}

// asks is a condition in words.
func asks(c store.Condition) string {
	switch {
	case c.Absent:
		return " if absent"
	case c.Version != "":
		return " if the same"
	}
	return ""
}

func (a *actor) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (info store.Info, err error) {
	data, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
	if err != nil {
		return info, a.fail("put", key, err)
	}
	switch {
	case strings.HasPrefix(key, "lease/"): // a condition tells whether it is too late
		most := a.w.ttl + 2*(delay+margin)
		if a.w.habits.tight && a.rng.IntN(2) == 0 { // and what is left is just enough
			most = a.w.ttl / 2
		}
		a.hesitate(most)
	case strings.HasPrefix(key, "map/"), strings.HasPrefix(key, "gc/"): // so much its lease, or lock, lasts at least
		a.hesitate(a.w.ttl / 2)
	}
	key = a.w.names.inside(key)
	first := true
	err = a.call("put "+a.w.names.shown(key)+asks(condition), true, func() error {
		got, err := a.w.place.Bucket.Put(context.WithoutCancel(ctx), key, bytes.NewReader(data), condition)
		a.w.there.put(key, err)
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
	inside, text := make([]string, len(keys)), "delete"
	for i, key := range keys {
		inside[i] = a.w.names.inside(key)
		text += " " + a.w.names.shown(inside[i])
	}
	if !strings.HasPrefix(text, "delete lease/") && !strings.HasPrefix(text, "delete lock/") {
		a.hesitate(a.w.ttl / 2)
	}
	err := a.call(text, true, func() error {
		if err := a.w.place.Bucket.Delete(context.WithoutCancel(ctx), inside...); err != nil {
			return err
		}
		a.w.there.deleted(inside...)
		for _, key := range inside {
			if strings.HasPrefix(key, "map/") || strings.HasPrefix(key, "blk/") || strings.HasPrefix(key, "node/") {
				a.w.changed()
				break
			}
		}
		return nil
	})
	return a.wrapped("delete", "", err)
}

// List comes in pages, between which others do things.
func (a *actor) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if !a.w.there.any(prefix) && !a.killed {
			return
		}
		for last := ""; ; {
			page, size := []store.Info(nil), 1+a.rng.IntN(8)
			err := a.call("list "+prefix, false, func() error {
				for info, err := range a.w.place.Bucket.List(ctx, prefix) {
					if err != nil {
						return err
					}
					if info.Key > last {
						page = append(page, info)
					}
					if len(page) == size {
						break
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
				info.Key = a.w.names.outside(info.Key)
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

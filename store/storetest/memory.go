package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rok-storage/rok/store"
)

// Memory is a bucket in memory. The zero value is empty and ready.
type Memory struct {
	// Now is the bucket's clock; nil is time.Now.
	Now func() time.Time
	// Unconditional: a [store.Condition] is not looked at, as by services that do not know it.
	Unconditional bool
	// Sums: versions are sums of contents, as the ETags of many services, so that equal contents have equal versions.
	Sums bool

	mu       sync.Mutex
	objects  map[string]object
	versions int64
}

type object struct {
	data []byte
	info store.Info
}

// Address is "memory:".
func (m *Memory) Address() string { return "memory:" }

func (m *Memory) fail(op, key string, err error) error {
	return &store.Error{Op: op, Address: m.Address(), Key: key, Err: err}
}

func (m *Memory) get(ctx context.Context, op, key string) (object, error) {
	if err := errors.Join(ctx.Err(), store.CheckKey(key)); err != nil {
		return object{}, m.fail(op, key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		return object{}, m.fail(op, key, store.ErrMissing)
	}
	return o, nil
}

// Get reads a part of an object.
func (m *Memory) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	o, err := m.get(ctx, "get", key)
	if err != nil {
		return 0, store.Info{}, err
	}
	return copy(dst, o.data[min(off, int64(len(o.data))):]), o.info, nil
}

// Stat tells of an object.
func (m *Memory) Stat(ctx context.Context, key string) (store.Info, error) {
	o, err := m.get(ctx, "stat", key)
	return o.info, err
}

// Put stores an object.
func (m *Memory) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	if err := errors.Join(ctx.Err(), store.CheckKey(key)); err != nil {
		return store.Info{}, m.fail("put", key, err)
	}
	if err := m.holds(key, condition); err != nil {
		return store.Info{}, err
	}
	data := make([]byte, body.Size())
	if n, err := body.ReadAt(data, 0); n < len(data) {
		return store.Info{}, m.fail("put", key, err)
	}
	if err := ctx.Err(); err != nil {
		return store.Info{}, m.fail("put", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.holdsLocked(key, condition); err != nil {
		return store.Info{}, err
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	m.versions++
	o := object{data, store.Info{Size: int64(len(data)), Version: strconv.FormatInt(m.versions, 10), Modified: now()}}
	if m.Sums {
		o.info.Version = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	if m.objects == nil {
		m.objects = map[string]object{}
	}
	m.objects[key] = o
	return o.info, nil
}

func (m *Memory) holds(key string, condition store.Condition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.holdsLocked(key, condition)
}

func (m *Memory) holdsLocked(key string, condition store.Condition) error {
	old, there := m.objects[key]
	switch {
	case m.Unconditional:
	case condition.Absent && there:
		return m.fail("put", key, store.ErrExists)
	case condition.Version != "" && condition.Version != old.info.Version:
		return m.fail("put", key, store.ErrChanged)
	}
	return nil
}

// Conditional is what [store.Conditional] says.
func (m *Memory) Conditional(context.Context) (bool, error) { return !m.Unconditional, nil }

// List tells of the objects under prefix, as they are when it begins.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(store.Info{}, m.fail("list", prefix, err))
			return
		}
		m.mu.Lock()
		var found []store.Info
		for key, o := range m.objects {
			if strings.HasPrefix(key, prefix) {
				info := o.info
				info.Key = key
				found = append(found, info)
			}
		}
		m.mu.Unlock()
		slices.SortFunc(found, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
		for _, info := range found {
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Delete removes objects.
func (m *Memory) Delete(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return m.fail("delete", strings.Join(keys, " "), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, key := range keys {
		if err := store.CheckKey(key); err != nil {
			errs = append(errs, m.fail("delete", key, err))
		}
		delete(m.objects, key)
	}
	return errors.Join(errs...)
}

// Close does nothing: what was put stays.
func (m *Memory) Close() error { return nil }

var _ interface {
	store.Bucket
	io.Closer
} = (*Memory)(nil)

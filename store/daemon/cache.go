package daemon

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/rok-storage/rok/store"
)

// Cache is a bucket over a bucket, which keeps blocks and nodes that were read whole in a directory. Those that were read
// last stay. Stat, List and changes always go to the bucket.
//
// It may know an object that others have deleted, and what is kept of one is what it was when it was
// read: a scrub of the bucket itself must not go through it.
type Cache struct {
	store.Bucket
	dir  string
	lock *os.File
	most int64

	mu     sync.Mutex
	byName map[string]*list.Element // of *cached
	order  *list.List               // the one read last in front
	state  CacheState
	// changes are counted by the first byte of a name: what was read before one is not kept.
	changes [256]int64
}

// CacheState is how a cache is doing.
type CacheState struct {
	Objects      int
	Bytes        int64 // on the disk
	Hits, Misses int64
}

type cached struct {
	name string
	size int64
}

// OpenCache opens a cache with at most so many bytes in the directory, which is its own, and made where it is missing.
// Errors match [store.ErrLocked] where another process has it.
func OpenCache(bucket store.Bucket, dir string, most int64) (*Cache, error) {
	c := &Cache{Bucket: bucket, dir: dir, most: most, byName: map[string]*list.Element{}, order: list.New()}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if c.lock, err = lockDir(dir); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	found, err := cacheFiles(dir)
	if err != nil {
		return nil, errors.Join(err, c.lock.Close())
	}
	for _, f := range found {
		c.add(f)
	}
	return c, nil
}

// State tells how the cache is doing.
func (c *Cache) State() CacheState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state
	s.Objects = len(c.byName)
	return s
}

// nameOf is the file of a key, and its first byte.
func nameOf(key string) (name string, first byte) {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:]), sum[0]
}

// Get reads a part of an object.
func (c *Cache) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	if !journaled(key) || off < 0 || ctx.Err() != nil {
		return c.Bucket.Get(ctx, key, off, dst)
	}
	name, first := nameOf(key)
	c.mu.Lock()
	at, known := c.byName[name]
	if known {
		c.order.MoveToFront(at)
	}
	changes := c.changes[first]
	c.mu.Unlock()
	if known {
		n, info, err := readCached(filepath.Join(c.dir, name), key, off, dst)
		if err == nil {
			c.counted(&c.state.Hits)
			return n, info, nil
		}
		c.remove(name) // torn, or gone: it is only a copy
	}
	c.counted(&c.state.Misses)
	n, info, err := c.Bucket.Get(ctx, key, off, dst)
	if err == nil && off == 0 && int64(n) == info.Size {
		c.keep(name, key, info, dst[:n], func() bool { return c.changes[first] == changes })
	}
	return n, info, err
}

func (c *Cache) counted(n *int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// keep writes a copy. That it cannot is nobody's error: the next read asks the bucket again.
func (c *Cache) keep(name, key string, info store.Info, body []byte, unchanged func() bool) {
	size := cachedSize(key, info, body)
	if size > c.most/4 {
		return
	}
	path, err := writeCached(c.dir, key, info, body)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.byName[name]
	if known || !unchanged() || os.Rename(path, filepath.Join(c.dir, name)) != nil {
		_ = os.Remove(path)
		return
	}
	c.addLocked(cached{name, size})
}

func (c *Cache) add(f cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addLocked(f)
}

// addLocked takes a file in, and removes those that were read longest ago.
func (c *Cache) addLocked(f cached) {
	c.byName[f.name] = c.order.PushFront(&f)
	c.state.Bytes += f.size
	for c.state.Bytes > c.most && c.order.Len() > 0 {
		c.removeLocked(c.order.Back().Value.(*cached).name)
	}
}

func (c *Cache) remove(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeLocked(name)
}

func (c *Cache) removeLocked(name string) {
	at, known := c.byName[name]
	if !known {
		return
	}
	_ = os.Remove(filepath.Join(c.dir, name)) // where that fails, the next start finds it again
	delete(c.byName, name)
	c.state.Bytes -= at.Value.(*cached).size
	c.order.Remove(at)
}

// forget is called on both sides of a change: what was read before its end is not kept.
func (c *Cache) forget(keys ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if journaled(key) {
			name, first := nameOf(key)
			c.changes[first]++
			c.removeLocked(name)
		}
	}
}

// Put puts an object.
func (c *Cache) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	c.forget(key)
	defer c.forget(key)
	return c.Bucket.Put(ctx, key, body, condition)
}

// Delete removes objects.
func (c *Cache) Delete(ctx context.Context, keys ...string) error {
	c.forget(keys...)
	defer c.forget(keys...)
	return c.Bucket.Delete(ctx, keys...)
}

// Close gives the directory back. The bucket is its owner's to close, and what is kept stays.
func (c *Cache) Close() error { return c.lock.Close() }

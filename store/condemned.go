package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"sync"

	"github.com/rok-storage/rok/maps"
)

// A list of condemned keys is a magic and entries of 49 bytes in ascending order: the name, 32
// bytes; the copy's epoch, 0 for the one without; its size as it is stored, both 8 bytes, big endian; and
// 1 where it is a spare, else 0. All names of a list have the same first byte.

const (
	condemnedMagic  = "RKC1"
	condemnedPrefix = "gc/condemned/"
	condemnedPlace  = maps.IDSize + 8 // name and epoch
	condemnedEntry  = condemnedPlace + 8 + 1
)

// condemned are the entries of one list.
type condemned []byte

// condemnedCopy is one entry.
type condemnedCopy struct {
	name  maps.ID
	epoch uint64
	size  int64
	// spare: another copy of the object is not condemned. Whether a map needs the object does not
	// matter then.
	spare bool
}

// parseCondemned verifies a list. Errors match [ErrCorrupt].
func parseCondemned(b []byte, first byte) (condemned, error) {
	c, ok := bytes.CutPrefix(b, []byte(condemnedMagic))
	if !ok || len(c)%condemnedEntry != 0 {
		return nil, fmt.Errorf("%w: not a list of condemned objects", ErrCorrupt)
	}
	for i := 0; i < len(c); i += condemnedEntry {
		e := c[i : i+condemnedEntry]
		if e[0] != first || e[condemnedPlace] > 127 || e[condemnedEntry-1] > 1 {
			return nil, fmt.Errorf("%w: condemned object %x", ErrCorrupt, e)
		}
		if i == 0 {
			continue
		}
		before := c[i-condemnedEntry : i]
		if bytes.Compare(before[:condemnedPlace], e[:condemnedPlace]) >= 0 {
			return nil, fmt.Errorf("%w: condemned objects out of order", ErrCorrupt)
		}
		if bytes.Equal(before[:maps.IDSize], e[:maps.IDSize]) && before[condemnedEntry-1] != e[condemnedEntry-1] {
			return nil, fmt.Errorf("%w: copies of %x are spare and are not", ErrCorrupt, e[:maps.IDSize])
		}
	}
	return condemned(c), nil
}

func (c condemned) add(o condemnedCopy) condemned {
	c = append(c, o.name[:]...)
	c = binary.BigEndian.AppendUint64(c, o.epoch)
	c = binary.BigEndian.AppendUint64(c, uint64(o.size))
	if o.spare {
		return append(c, 1)
	}
	return append(c, 0)
}

func (c condemned) len() int { return len(c) / condemnedEntry }

func (c condemned) at(i int) condemnedCopy {
	e := c[i*condemnedEntry:]
	return condemnedCopy{
		name:  maps.ID(e),
		epoch: binary.BigEndian.Uint64(e[maps.IDSize:]),
		size:  int64(binary.BigEndian.Uint64(e[condemnedPlace:])),
		spare: e[condemnedEntry-1] == 1,
	}
}

// has reports whether all copies of the name are condemned that there were.
func (c condemned) has(name maps.ID) bool {
	i := sort.Search(c.len(), func(i int) bool {
		return bytes.Compare(c[i*condemnedEntry:][:maps.IDSize], name[:]) >= 0
	})
	if i == c.len() {
		return false
	}
	found := c.at(i) // all of a name are spare, or none is
	return found.name == name && !found.spare
}

func condemnedKey(epoch uint64, kind maps.Kind, shard byte) string {
	return fmt.Sprintf("%s%d/%s-%02x", condemnedPrefix, epoch, kind, shard)
}

// parseCondemnedKey is the epoch of a list's key.
func parseCondemnedKey(key string) (uint64, bool) {
	number, _, _ := bytes.Cut([]byte(key[min(len(key), len(condemnedPrefix)):]), []byte("/"))
	epoch, err := strconv.ParseUint(string(number), 10, 64)
	return epoch, err == nil
}

// condemned reads a list; where there is none, nothing is on it.
func (s *Store) condemned(ctx context.Context, epoch uint64, kind maps.Kind, shard byte) (condemned, error) {
	key := condemnedKey(epoch, kind, shard)
	b, err := s.whole(ctx, key)
	if errors.Is(err, ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parseCondemned(b, shard)
	if err != nil {
		return nil, &Error{Op: "read", Address: s.Address(), Key: key, Err: err}
	}
	return c, nil
}

// whole reads an object of any size.
func (s *Store) whole(ctx context.Context, key string) ([]byte, error) {
	info, err := s.bucket.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size)
	n, got, err := s.bucket.Get(ctx, key, 0, b)
	if err == nil && got.Size != info.Size {
		err = &Error{Op: "get", Address: s.Address(), Key: key, Err: ErrChanged}
	}
	return b[:n], err
}

// condemnedCache are the lists of one epoch, each read when it is first asked for. It keeps those
// that were read last, of some 32 MiB in all.
type condemnedCache struct {
	s     *Store
	epoch uint64

	mu    sync.Mutex // guards what follows; held while a list is read
	lists map[string]condemned
	order []string // as they were read
	size  int
}

const condemnedCacheSize = 32 << 20

func (c *condemnedCache) has(ctx context.Context, kind maps.Kind, name maps.ID) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := condemnedKey(c.epoch, kind, name[0])
	list, ok := c.lists[key]
	if !ok {
		var err error
		if list, err = c.s.condemned(ctx, c.epoch, kind, name[0]); err != nil {
			return false, err
		}
		if c.lists == nil {
			c.lists = map[string]condemned{}
		}
		c.lists[key] = list
		c.order = append(c.order, key)
		for c.size += len(list); c.size > condemnedCacheSize && len(c.order) > 1; c.order = c.order[1:] {
			c.size -= len(c.lists[c.order[0]])
			delete(c.lists, c.order[0])
		}
	}
	return list.has(name), nil
}

package store

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/maps"
)

// An object has one key in most cases. It has copies where it was condemned and a writer needed
// it again: the writer does not count on what may be deleted any time, and puts it under a key of
// its epoch.

// name is what an object is called in keys.
func (s *Store) name(kind maps.Kind, id maps.ID) maps.ID {
	key := s.key(kind, id)
	var name maps.ID
	if _, err := hex.Decode(name[:], []byte(key[len(key)-2*maps.IDSize:])); err != nil {
		panic(err) // all keys of objects end so
	}
	return name
}

// kindPrefix is what keys of a kind begin with.
func kindPrefix(kind maps.Kind) string {
	if kind == maps.Block {
		return "blk/"
	}
	return "node/"
}

func shardPrefix(kind maps.Kind, shard byte) string {
	return kindPrefix(kind) + hex.EncodeToString([]byte{shard}) + "/"
}

// copyKey is where the copy of an epoch is; 0 is the first, without an epoch.
func copyKey(kind maps.Kind, name maps.ID, epoch uint64) string {
	key := shardPrefix(kind, name[0]) + name.String()
	if epoch != 0 {
		key += "~" + strconv.FormatUint(epoch, 10)
	}
	return key
}

// parseCopy reads a key of a shard. It is false for a key that no store made.
func parseCopy(kind maps.Kind, key string) (name maps.ID, epoch uint64, ok bool) {
	text, number, later := strings.Cut(key[strings.LastIndexByte(key, '/')+1:], "~")
	name, err := maps.ParseID(text)
	if err != nil {
		return name, 0, false
	}
	if later {
		epoch, err = strconv.ParseUint(number, 10, 64)
	}
	return name, epoch, err == nil && copyKey(kind, name, epoch) == key
}

// copies are the keys of an object's copies beside the first, the latest first.
func (s *Store) copies(ctx context.Context, kind maps.Kind, name maps.ID) ([]string, error) {
	var keys []string
	for info, err := range s.bucket.List(ctx, copyKey(kind, name, 0)+"~") {
		if err != nil {
			return nil, err
		}
		keys = append(keys, info.Key)
	}
	slices.SortFunc(keys, func(a, b string) int { // by the number's length, then as text
		return cmp.Or(len(b)-len(a), strings.Compare(b, a))
	})
	return keys, nil
}

// getLater reads an object whose first copy is not to be had. The collector may be
// removing spare copies meanwhile: then another is there.
func (s *Store) getLater(ctx context.Context, kind maps.Kind, id maps.ID, dst []byte, first error) (int, error) {
	name := s.name(kind, id)
	for range 3 {
		keys, err := s.copies(ctx, kind, name)
		if err != nil {
			return 0, err
		}
		for _, key := range append(keys, copyKey(kind, name, 0)) {
			n, err := s.getCopy(ctx, key, kind, id, dst)
			if err == nil || !errors.Is(err, ErrMissing) && !errors.Is(err, ErrCorrupt) {
				return n, err
			}
			if errors.Is(err, ErrCorrupt) {
				first = err
			}
		}
		if len(keys) == 0 {
			break
		}
	}
	return 0, first
}

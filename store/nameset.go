package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/rok-storage/rok/maps"
)

// nameSet are the names of all objects that maps need, in a shard for each kind and first byte. Shards
// are files in a directory, so that memory does not depend on their number; or in
// memory where there is none.
type nameSet struct {
	dir    string
	shards [2][256]nameShard
}

type nameShard struct {
	young     []maps.ID // in no order
	old       []maps.ID // in order; without a directory only
	path      string    // else this file, of parts in order
	size      int64     // of the file
	compacted int64     // the file's size when it was last in order
}

const (
	youngNames = 1 << 10 // 32 KiB for each shard
	// A file is put in order when it has doubled, and grown by so much.
	shardGrowth = 1 << 20
)

// newNameSet makes an empty set. dir is a directory for temporary files, or "".
func newNameSet(dir string) (*nameSet, error) {
	if dir == "" {
		return &nameSet{}, nil
	}
	dir, err := os.MkdirTemp(dir, "rok-gc-")
	if err != nil {
		return nil, fmt.Errorf("store: live names: %w", err)
	}
	return &nameSet{dir: dir}, nil
}

// close removes the files.
func (s *nameSet) close() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

func (s *nameSet) shard(kind maps.Kind, first byte) *nameShard { return &s.shards[kind-1][first] }

func (s *nameSet) add(kind maps.Kind, name maps.ID) error {
	shard := s.shard(kind, name[0])
	shard.young = append(shard.young, name)
	limit := youngNames
	if s.dir == "" {
		limit = max(limit, len(shard.old))
	} else if shard.path == "" {
		shard.path = filepath.Join(s.dir, fmt.Sprintf("%s-%02x", kind, name[0]))
	}
	if len(shard.young) < limit {
		return nil
	}
	return shard.flush()
}

// flush empties what is young into the old.
func (h *nameShard) flush() error {
	if h.path == "" {
		h.old = ordered(append(h.old, h.young...))
		h.young = h.young[:0]
		return nil
	}
	h.young = ordered(h.young)
	f, err := os.OpenFile(h.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("store: live names: %w", err)
	}
	_, err = f.Write(bytesOf(h.young))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("store: live names: %w", err)
	}
	h.size += int64(len(h.young)) * maps.IDSize
	h.young = h.young[:0]
	if h.size > 2*h.compacted+shardGrowth {
		_, err = h.compact()
	}
	return err
}

// compact puts the file in order, and returns what it has.
func (h *nameShard) compact() ([]maps.ID, error) {
	b, err := os.ReadFile(h.path)
	if err != nil {
		return nil, fmt.Errorf("store: live names: %w", err)
	}
	names := make([]maps.ID, len(b)/maps.IDSize)
	for i := range names {
		names[i] = maps.ID(b[i*maps.IDSize:])
	}
	if h.size == h.compacted {
		return names, nil
	}
	names = ordered(names)
	if err := os.WriteFile(h.path, bytesOf(names), 0o600); err != nil {
		return nil, fmt.Errorf("store: live names: %w", err)
	}
	h.size = int64(len(names)) * maps.IDSize
	h.compacted = h.size
	return names, nil
}

// names are those of a shard, in order, each once.
func (s *nameSet) names(kind maps.Kind, first byte) ([]maps.ID, error) {
	shard := s.shard(kind, first)
	if len(shard.young) > 0 {
		if err := shard.flush(); err != nil {
			return nil, err
		}
	}
	if shard.path == "" {
		return shard.old, nil
	}
	return shard.compact()
}

// ordered sorts names in place, and leaves out what is there twice.
func ordered(names []maps.ID) []maps.ID {
	slices.SortFunc(names, compareNames)
	return slices.Compact(names)
}

func compareNames(a, b maps.ID) int { return bytes.Compare(a[:], b[:]) }

func bytesOf(names []maps.ID) []byte {
	b := make([]byte, 0, len(names)*maps.IDSize)
	for i := range names {
		b = append(b, names[i][:]...)
	}
	return b
}

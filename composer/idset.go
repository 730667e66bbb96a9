package composer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/rok-storage/rok/maps"
)

// blockName is a block, by what it is called in keys and by its id.
type blockName struct{ name, id maps.ID }

// idSet are the blocks that maps need, in 256 shards by the first bytes of their names. A shard is in a file
// that is put in order now and then, so that memory depends on the number of blocks that there are, over 256, and not on how
// often maps have them.
type idSet struct {
	dir    string
	shards [256]idShard
}

type idShard struct {
	young     []blockName
	size      int64 // of the file
	compacted int64 // the file's size when it was last in order
}

const (
	blockNameSize = 2 * maps.IDSize
	youngSize     = 512 // blocks: 8 MiB for all shards
	shardGrowth   = 1 << 20
)

// newIDSet makes an empty set, in a new directory below dir.
func newIDSet(dir string) (*idSet, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(dir, "verify-")
	if err != nil {
		return nil, fmt.Errorf("composer: ids of blocks: %w", err)
	}
	return &idSet{dir: dir}, nil
}

func (s *idSet) close() error { return os.RemoveAll(s.dir) }

func (s *idSet) path(shard int) string { return filepath.Join(s.dir, fmt.Sprintf("%02x", shard)) }

func (s *idSet) add(b blockName) error {
	shard := int(b.name[0])
	h := &s.shards[shard]
	if h.young = append(h.young, b); len(h.young) < youngSize {
		return nil
	}
	return s.flush(shard)
}

// flush writes what is young behind what is in the file.
func (s *idSet) flush(shard int) error {
	h := &s.shards[shard]
	h.young = inNameOrder(h.young)
	f, err := os.OpenFile(s.path(shard), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(blockNameBytes(h.young))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("composer: ids of blocks: %w", err)
	}
	h.size += int64(len(h.young) * blockNameSize)
	h.young = h.young[:0]
	if h.size > 2*h.compacted+shardGrowth {
		_, err = s.compact(shard)
	}
	return err
}

// compact puts a shard's file in order, and returns what it has.
func (s *idSet) compact(shard int) ([]blockName, error) {
	b, err := os.ReadFile(s.path(shard))
	if err != nil {
		return nil, err
	}
	if len(b)%blockNameSize != 0 {
		return nil, fmt.Errorf("composer: ids of blocks: %s: %w", s.path(shard), io.ErrUnexpectedEOF)
	}
	all := make([]blockName, len(b)/blockNameSize)
	for i := range all {
		at := b[i*blockNameSize:]
		all[i] = blockName{maps.ID(at[:maps.IDSize]), maps.ID(at[maps.IDSize:])}
	}
	all = inNameOrder(all)
	h := &s.shards[shard]
	h.size = int64(len(all) * blockNameSize)
	h.compacted = h.size
	return all, os.WriteFile(s.path(shard), blockNameBytes(all), 0o600)
}

// blocks are those of a shard, in the order of their names, each once.
func (s *idSet) blocks(shard int) ([]blockName, error) {
	h := &s.shards[shard]
	if h.size == 0 {
		h.young = inNameOrder(h.young)
		return h.young, nil
	}
	if len(h.young) > 0 {
		if err := s.flush(shard); err != nil {
			return nil, err
		}
	}
	return s.compact(shard)
}

func inNameOrder(all []blockName) []blockName {
	slices.SortFunc(all, func(a, b blockName) int { return bytes.Compare(a.name[:], b.name[:]) })
	return slices.Compact(all)
}

func blockNameBytes(all []blockName) []byte {
	b := make([]byte, 0, len(all)*blockNameSize)
	for _, x := range all {
		b = append(append(b, x.name[:]...), x.id[:]...)
	}
	return b
}

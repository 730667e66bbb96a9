package model

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// A map's content is a text with a byte for each block; '0' is a hole.

// BlockID is the id of the block that a byte stands for.
func BlockID(b byte) maps.ID {
	if b == '0' {
		return maps.ID{}
	}
	return maps.SHA256.Sum([]byte{b})
}

// PutBlocks puts the blocks of a content.
func PutBlocks(s *store.Session, content string) error {
	for i := range len(content) {
		if content[i] == '0' {
			continue
		}
		if err := s.Put(context.Background(), maps.Block, BlockID(content[i]), []byte{content[i]}); err != nil {
			return err
		}
	}
	return nil
}

// Read reads the content of a map.
func Read(s *store.Store, name string) (string, error) {
	mp, _, err := s.OpenMap(context.Background(), name)
	if err != nil {
		return "", err
	}
	return contentOf(s, mp)
}

func contentOf(s maps.Getter, mp *maps.Map) (string, error) {
	content := bytes.Repeat([]byte{'0'}, int(mp.Blocks()))
	buf := make([]byte, 16)
	for e, err := range mp.Entries(context.Background(), s) {
		if err != nil {
			return "", err
		}
		n, err := s.Get(context.Background(), maps.Block, e.ID, buf)
		if err != nil || n != 1 {
			return "", fmt.Errorf("block %d, %d bytes: %w", e.Index, n, err)
		}
		content[e.Index] = buf[0]
	}
	return string(content), nil
}

// SizeOf is that of a volume with the content.
func SizeOf(content string) units.Bytes { return maps.MinBlockSize * units.Bytes(len(content)) }

// content is any that a volume may have.
func (a *actor) content() string {
	b := bytes.Repeat([]byte{'0'}, 1+a.rng.IntN(40))
	for i := range b {
		if a.rng.IntN(3) == 0 {
			b[i] = byte('a' + a.rng.IntN(6))
		}
	}
	return string(b)
}

func (a *actor) shape(content string) maps.Shape {
	s := maps.Shape{Version: 3 + a.rng.IntN(2), BlockSize: maps.MinBlockSize}
	if s.Version == 4 && a.rng.IntN(4) > 0 {
		s.Degree = 16
	}
	s.Size = SizeOf(content)
	return s
}

// changes are what makes one content of another.
func changes(from, to string) iter.Seq2[maps.Change, error] {
	return func(yield func(maps.Change, error) bool) {
		for i := range to {
			if i < len(from) && from[i] == to[i] || i >= len(from) && to[i] == '0' {
				continue
			}
			if !yield(maps.Change{Index: uint64(i), ID: BlockID(to[i])}, nil) {
				return
			}
		}
	}
}

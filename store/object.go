package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/rok-storage/rok/maps"
)

// pack makes what is kept of an object: a header and the bytes, compressed where that pays, and
// all of it sealed in an encrypted store. key is the object's without an epoch. The result lives in
// scratch, which grows to what is needed, until it is used again.
func (s *Store) pack(key string, kind maps.Kind, data []byte, scratch *[]byte) ([]byte, error) {
	if len(data) > maxPlain {
		return nil, s.fail("pack", key, fmt.Errorf("%d bytes, at most %d", len(data), maxPlain))
	}
	how := s.compression
	if kind == maps.Node {
		how = None // ids do not compress
	}
	buf := room(scratch, maxPacked(len(data))+sealedOverhead)
	if s.sealing != nil {
		buf = buf[:nonceSize]
	}
	buf, err := s.codecs.appendPacked(buf, how, data)
	if err != nil {
		return nil, s.fail("pack", key, err)
	}
	if s.sealing != nil {
		buf = s.sealing.seal(key, buf)
	}
	return buf, nil
}

// unpack is the way back: it puts an object's plain bytes into dst, and returns how many they are. What
// packed points at is overwritten. Errors match [ErrCorrupt], or io.ErrShortBuffer where dst is too short.
// It does not verify the hash.
func (s *Store) unpack(key string, kind maps.Kind, packed, dst []byte) (int, error) {
	if s.sealing != nil {
		plain, err := s.sealing.open(key, packed)
		if err != nil {
			return 0, err
		}
		packed = plain
	}
	if len(packed) > 0 && kind == maps.Node && packed[0] != codecRaw && packed[0] <= codecS2 {
		return 0, damaged("a node that is compressed")
	}
	return s.codecs.unpack(packed, dst)
}

// putObject packs an object and puts it, and returns how many bytes that took.
func (s *Store) putObject(ctx context.Context, key objectKey, data []byte, condition Condition) (int, error) {
	scratch := s.scratch.Get().(*[]byte)
	defer s.scratch.Put(scratch)
	packed, err := s.pack(key.base(), key.kind, data, scratch)
	if err != nil {
		return 0, err
	}
	_, err = s.bucket.Put(ctx, key.String(), bytes.NewReader(packed), condition)
	return len(packed), err
}

package store

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/rok-storage/rok/maps"
)

// Get reads and verifies an object. Where it is damaged, and a copy is there that was put anew, that is
// read; else the error matches [ErrCorrupt]. It is what [maps.Getter] says.
func (s *Store) Get(ctx context.Context, kind maps.Kind, id maps.ID, dst []byte) (int, error) {
	n, err := s.getAny(ctx, kind, id, dst)
	if errors.Is(err, ErrMissing) {
		// It was put again, and the collector removed the copy before that was looked for: or it is
		// missing.
		return s.getAny(ctx, kind, id, dst)
	}
	return n, err
}

func (s *Store) getAny(ctx context.Context, kind maps.Kind, id maps.ID, dst []byte) (int, error) {
	key := s.objectKey(kind, id)
	n, err := s.getCopy(ctx, key, id, dst)
	if !errors.Is(err, ErrMissing) && !errors.Is(err, ErrCorrupt) {
		return n, err
	}
	copies, errList := s.copies(ctx, key)
	if errList != nil {
		if errors.Is(err, ErrMissing) {
			return 0, errList // it may be there
		}
		return 0, errors.Join(err, errList)
	}
	for _, other := range copies {
		n, errCopy := s.getCopy(ctx, other, id, dst)
		switch {
		case errCopy == nil:
			return n, nil
		case errors.Is(errCopy, ErrMissing): // deleted meanwhile
		case errors.Is(errCopy, ErrCorrupt):
			err = errCopy
		default:
			return 0, errCopy
		}
	}
	return 0, err
}

// copies are the other keys of an object, the newest first.
func (s *Store) copies(ctx context.Context, key objectKey) ([]objectKey, error) {
	var found []objectKey
	for info, err := range s.bucket.List(ctx, key.base()+"~") {
		if err != nil {
			return nil, err
		}
		if k, ok := parseObjectKey(info.Key); ok {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b objectKey) int { return cmp.Compare(b.epoch, a.epoch) })
	return found, nil
}

// getCopy reads and verifies what one key has.
func (s *Store) getCopy(ctx context.Context, key objectKey, id maps.ID, dst []byte) (int, error) {
	scratch := s.scratch.Get().(*[]byte)
	defer s.scratch.Put(scratch)
	packed, err := s.fetch(ctx, key.String(), len(dst), scratch)
	if err != nil {
		return 0, err
	}
	n, err := s.unpack(key.base(), key.kind, packed, dst)
	if errors.Is(err, io.ErrShortBuffer) {
		err = s.tooLong(key, id, packed)
	}
	if err == nil && s.settings.Hash.Sum(dst[:n]) != id {
		err = damaged("content has another hash")
	}
	if err != nil {
		return 0, s.fail("get", key.String(), err)
	}
	return n, nil
}

// tooLong tells whether an object whose header says that it does not fit is sound, or damaged. A seal that is not broken has told
// already.
func (s *Store) tooLong(key objectKey, id maps.ID, packed []byte) error {
	if s.sealing == nil {
		scratch := s.scratch.Get().(*[]byte)
		defer s.scratch.Put(scratch)
		plain := room(scratch, maxPlain)[:maxPlain]
		n, err := s.unpack(key.base(), key.kind, packed, plain)
		if err != nil {
			return err
		}
		if s.settings.Hash.Sum(plain[:n]) != id {
			return damaged("content has another hash")
		}
	}
	return io.ErrShortBuffer
}

// fetch reads all that a key has, for a destination of so many plain bytes. Of what is longer than any
// object, it reads nothing.
func (s *Store) fetch(ctx context.Context, key string, plain int, scratch *[]byte) ([]byte, error) {
	// Packed bytes are at most a header longer than plain ones. What is more, is either an object that does not fit,
	// or damaged: the whole of it tells.
	for _, most := range []int{min(plain, maxPlain), maxPlain} {
		limit := headerSize + most
		if s.sealing != nil {
			limit += sealedOverhead
		}
		buf := room(scratch, limit)[:limit]
		n, info, err := s.bucket.Get(ctx, key, 0, buf)
		switch {
		case err != nil:
			return nil, err
		case info.Size <= int64(limit) && int64(n) < info.Size:
			return nil, s.fail("get", key, damaged("%d bytes, and %d could be read", info.Size, n))
		case info.Size <= int64(limit):
			return buf[:n], nil
		}
	}
	return nil, s.fail("get", key, damaged("longer than any object"))
}

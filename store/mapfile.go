package store

import (
	"context"
	"crypto/cipher"
	"errors"
	"io"
	"sync"
)

// MapFile is the bytes of a map as they were when it was opened; a change of the map meanwhile
// is a [*ChangedError]. It reads in pieces of 1 MiB, of which it holds one, so that a map may be larger than
// memory. It is for many goroutines at once.
type MapFile struct {
	MapInfo
	ctx   context.Context
	store *Store

	mu     sync.Mutex
	cipher cipher.AEAD // of a sealed map whose header was read
	at     int64       // the chunk that is in chunk, or -1
	chunk  []byte
}

// OpenFile opens a map's bytes, which [maps.Open] reads. The context holds for all reads. Errors
// match [ErrMissing], and [ErrCorrupt] of an encrypted store.
func (s *Store) OpenFile(ctx context.Context, name string) (*MapFile, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	info, err := s.bucket.Stat(ctx, mapKey(name))
	if err != nil {
		return nil, err
	}
	if _, ok := plainSize(info.Size); s.sealing != nil && !ok {
		return nil, s.fail("get", mapKey(name), damaged("a sealed map has no %d bytes", info.Size))
	}
	return &MapFile{MapInfo: s.mapInfo(name, info), ctx: ctx, store: s, at: -1}, nil
}

// mapInfo says what an object's info is of a map.
func (s *Store) mapInfo(name string, info Info) MapInfo {
	m := MapInfo{name, info.Size, info.Version, info.Modified}
	if s.sealing != nil {
		m.Size, _ = plainSize(info.Size)
		m.Size = max(0, m.Size)
	}
	return m
}

// Size is the number of bytes. With ReadAt it makes a MapFile a [Body].
func (f *MapFile) Size() int64 { return f.MapInfo.Size }

// ReadAt reads as io.ReaderAt says.
func (f *MapFile) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= f.Size() {
			return done, io.EOF
		}
		if err := f.load(at / chunkSize); err != nil {
			return done, err
		}
		done += copy(p[done:], f.chunk[at%chunkSize:])
	}
	return done, nil
}

// load reads a chunk, unless it is there.
func (f *MapFile) load(number int64) error {
	if f.at == number {
		return nil
	}
	f.at = -1
	n := min(chunkSize, f.Size()-number*chunkSize)
	if f.store.sealing == nil {
		f.chunk = room(&f.chunk, int(n))[:n]
		if err := f.get(f.chunk, number*chunkSize); err != nil {
			return err
		}
	} else if err := f.open(number, n); err != nil {
		return err
	}
	f.at = number
	return nil
}

// open reads a sealed chunk of n plain bytes.
func (f *MapFile) open(number, n int64) error {
	if f.cipher == nil {
		header := make([]byte, bodyHeader)
		if err := f.get(header, 0); err != nil {
			return err
		}
		c, err := f.store.sealing.bodyAEAD(mapKey(f.Name), header)
		if err != nil {
			return f.fail(err)
		}
		f.cipher = c
	}
	buf := room(&f.chunk, int(n)+tagSize)[:n+tagSize]
	if err := f.get(buf, bodyHeader+number*(chunkSize+tagSize)); err != nil {
		return err
	}
	plain, err := f.cipher.Open(buf[:0], chunkNonce(number, chunks(f.Size())), buf, nil)
	if err != nil {
		return f.fail(damaged("seal of chunk %d is broken, or another object's", number))
	}
	f.chunk = plain
	return nil
}

// get fills p from the object, which is to be the same as ever.
func (f *MapFile) get(p []byte, off int64) error {
	n, info, err := f.store.bucket.Get(f.ctx, mapKey(f.Name), off, p)
	switch {
	case errors.Is(err, ErrMissing):
		return &ChangedError{f.Name, true}
	case err != nil:
		return err
	case info.Version != f.Version:
		return &ChangedError{f.Name, false}
	case n < len(p):
		return f.fail(damaged("%d bytes at %d could be read of %d", n, off, len(p)))
	}
	return nil
}

func (f *MapFile) fail(err error) error { return f.store.fail("get", mapKey(f.Name), err) }

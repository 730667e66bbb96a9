package metadata

import (
	"fmt"
	"io"
)

// writeSize is how much is written at once.
const writeSize = 128 << 10

// blockWriter gives out the blocks of a fresh metadata device, one after the
// other from block 1, and writes them in this order. Past the limit it goes on to
// count and writes nothing. Its first write, of zeros over the superblock,
// takes the validity from what was on the device.
type blockWriter struct {
	w     io.WriterAt
	limit uint64 // blocks of the device
	next  uint64 // the first that was not given out
	start uint64 // block of buf[0]
	buf   []byte
	dirty bool  // something was written
	err   error // of the first write that failed
}

func newBlockWriter(w io.WriterAt, limit uint64) *blockWriter {
	return &blockWriter{w: w, limit: limit, next: superblockBlock + 1, start: superblockBlock + 1}
}

// room reports how many blocks are left.
func (b *blockWriter) room() uint64 { return b.limit - min(b.limit, b.next) }

// put gives out a block and returns its number; fill appends what is to be in it.
func (b *blockWriter) put(fill func(buf []byte, at uint64) []byte) uint64 {
	at := b.next
	b.next++
	if at >= b.limit || b.err != nil {
		return at
	}
	if b.buf == nil {
		b.buf = make([]byte, 0, writeSize)
	}
	b.buf = fill(b.buf, at)
	if len(b.buf) >= writeSize {
		b.flush()
	}
	return at
}

// flush writes what was put.
func (b *blockWriter) flush() {
	if b.err != nil || len(b.buf) == 0 {
		return
	}
	if !b.dirty {
		b.dirty = true
		if b.write(make([]byte, BlockSize), superblockBlock); b.err == nil {
			b.sync()
		}
	}
	b.write(b.buf, b.start)
	b.start += uint64(len(b.buf) / BlockSize)
	b.buf = b.buf[:0]
}

func (b *blockWriter) write(p []byte, at uint64) {
	if b.err != nil {
		return
	}
	if _, err := b.w.WriteAt(p, int64(at)*BlockSize); err != nil {
		b.err = fmt.Errorf("metadata: write blocks %v: %w", NewRange(at, at+uint64(len(p)/BlockSize)-1), err)
	}
}

// sync makes what was written last, where the writer has a way to.
func (b *blockWriter) sync() {
	s, ok := b.w.(interface{ Sync() error })
	if !ok || b.err != nil {
		return
	}
	if err := s.Sync(); err != nil {
		b.err = fmt.Errorf("metadata: sync: %w", err)
	}
}

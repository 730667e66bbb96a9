package composer

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// spoolMemory is how much of a spool is in memory; what is longer goes to a file.
const spoolMemory = 1 << 20

// spool takes the bytes of a map, of which nobody knows how many there will be, and is then a
// [store.Body].
type spool struct {
	dir  string // of the file; "" is memory alone
	buf  bytes.Buffer
	file *os.File
	size int64
}

// Write appends.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.dir != "" && s.buf.Len()+len(p) > spoolMemory {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	w := io.Writer(&s.buf)
	if s.file != nil {
		w = s.file
	}
	n, err := w.Write(p)
	s.size += int64(n)
	return n, err
}

// spill moves what is in memory into a file, which has no name any more.
func (s *spool) spill() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "map-")
	if err != nil {
		return err
	}
	s.file = f
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	_, err = f.Write(s.buf.Bytes())
	s.buf = bytes.Buffer{}
	return err
}

// ReadAt reads as io.ReaderAt says.
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	return bytes.NewReader(s.buf.Bytes()).ReadAt(p, off)
}

// Size is the number of bytes that were written.
func (s *spool) Size() int64 { return s.size }

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close())
}

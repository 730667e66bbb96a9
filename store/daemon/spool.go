package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rok-storage/rok/store"
)

// spool is a body that has come: in memory, or in a file without a name where it is large.
type spool struct {
	store.Body
	close func() error
}

// inMemory is the size of the largest body that takes no file.
const inMemory = 16 << 20

// receive reads the frames of a body. Behind an error that matches errAborted all has been read that belongs to it.
func (s *server) receive(ctx context.Context, r io.Reader, size int64) (*spool, error) {
	if size <= inMemory {
		buf, err := s.buffers.take(ctx, size)
		if err != nil {
			return nil, err
		}
		body := &spool{Body: bytes.NewReader(buf[:size]), close: func() error { s.buffers.give(buf); return nil }}
		if err := readBody(r, size, func(part int64, n int) error {
			_, err := io.ReadFull(r, buf[part:part+int64(n)])
			return noEOF(err)
		}); err != nil {
			return nil, errors.Join(err, body.close())
		}
		return body, nil
	}
	f, err := os.CreateTemp(s.Spool, "rok-s3d-body-")
	if err != nil {
		return nil, err
	}
	body := &spool{Body: io.NewSectionReader(f, 0, size), close: f.Close}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, body.close())
	}
	if err := readBody(r, size, func(_ int64, n int) error {
		_, err := io.CopyN(f, r, int64(n))
		return noEOF(err)
	}); err != nil {
		return nil, errors.Join(err, body.close())
	}
	return body, nil
}

// readBody reads the heads of a body's frames, and has read take each payload.
func readBody(r io.Reader, size int64, read func(at int64, n int) error) error {
	for at := int64(0); at < size; {
		k, n, err := readHead(r)
		switch {
		case err != nil:
			return noEOF(err)
		case k == abortFrame:
			return errAborted
		case k != dataFrame || n == 0 || int64(n) > size-at:
			return fmt.Errorf("a frame %q of %d bytes in a body of which %d are missing: %w", byte(k), n, size-at, ErrProtocol)
		}
		if err := read(at, n); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// aborted is a body that cannot be read: a put of it tells whether its condition holds.
type aborted int64

func (a aborted) Size() int64                     { return int64(a) }
func (aborted) ReadAt([]byte, int64) (int, error) { return 0, errAborted }

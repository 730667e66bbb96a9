package compare

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/units"
)

// application is a program that writes to a volume as databases do, with
// O_DIRECT and an fsync now and then, and remembers what it was promised.
type application struct {
	path   string
	stride units.Bytes // from one block to the next
	every  int         // writes between two fsyncs
	nonce  uint64      // so that no earlier run's data count as ours

	f      *os.File
	buf    []byte // aligned for O_DIRECT
	acked  int    // writes that succeeded, from block 0 on
	synced int    // of these, how many an fsync that succeeded covers
}

// openApplication opens the volume at path.
func openApplication(path string, stride units.Bytes, every int) (*application, error) {
	buf, err := unix.Mmap(-1, 0, int(blockSize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("compare: memory for a block: %w", err)
	}
	a := &application{path: path, stride: stride, every: every, nonce: rand.Uint64(), buf: buf}
	if err := a.open(); err != nil {
		return nil, errors.Join(err, unix.Munmap(buf))
	}
	return a, nil
}

func (a *application) open() (err error) {
	a.f, err = os.OpenFile(a.path, os.O_RDWR|syscall.O_DIRECT, 0)
	return err
}

// pause closes the volume, so that it can be taken apart.
func (a *application) pause() error {
	if a.f == nil {
		return nil
	}
	err := a.f.Close()
	a.f = nil
	return err
}

func (a *application) close() error { return errors.Join(a.pause(), unix.Munmap(a.buf)) }

// content fills the buffer with what block i should hold.
func (a *application) content(i int) {
	random := rand.NewPCG(a.nonce, uint64(i))
	for at := 0; at < len(a.buf); at += 8 {
		binary.NativeEndian.PutUint64(a.buf[at:], random.Uint64())
	}
}

// write writes block i.
func (a *application) write(i int) error {
	a.content(i)
	_, err := a.f.WriteAt(a.buf, int64(i)*int64(a.stride))
	return err
}

// holds reports whether block i reads back as it was written.
func (a *application) holds(i int) (bool, error) {
	a.content(i)
	want := bytes.Clone(a.buf)
	if _, err := a.f.ReadAt(a.buf, int64(i)*int64(a.stride)); err != nil && err != io.EOF {
		return false, err
	}
	return bytes.Equal(want, a.buf), nil
}

// outcome is how the application's writing ended.
type outcome struct {
	write      error
	held       time.Duration // for how long the last write was held
	fsync      error
	fsyncAgain error
}

// run writes block after block until a write or an fsync fails, and then asks
// for an fsync once more, twice after a write. It stops early, without an
// error, after limit blocks, and with ctx's error.
func (a *application) run(ctx context.Context, limit int) (outcome, error) {
	var out outcome
	for a.acked < limit {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		began := time.Now()
		out.write = a.write(a.acked)
		out.held = time.Since(began)
		if out.write != nil {
			break
		}
		a.acked++
		if a.acked%a.every == 0 {
			if out.fsync = a.f.Sync(); out.fsync != nil {
				out.fsyncAgain = a.f.Sync()
				return out, nil
			}
			a.synced = a.acked
		}
	}
	out.fsync = a.f.Sync()
	out.fsyncAgain = a.f.Sync()
	return out, nil
}

// audit is what became of the application's data.
type audit struct {
	intact bool        // all that an fsync before the first error covers
	lost   units.Bytes // acknowledged, not covered, and gone
}

// audit reads everything back that was acknowledged.
func (a *application) audit() (audit, error) {
	found := audit{intact: true}
	for i := range a.acked {
		ok, err := a.holds(i)
		switch {
		case err != nil:
			return audit{}, fmt.Errorf("compare: read back block %d of %s: %w", i, a.path, err)
		case ok:
		case i < a.synced:
			found.intact = false
		default:
			found.lost += blockSize
		}
	}
	return found, nil
}

// goOn tries the write that failed once more, and an fsync.
func (a *application) goOn() error {
	if err := a.write(a.acked); err != nil {
		return err
	}
	return a.f.Sync()
}

// errnoName is the name of the errno in err, or nil where err is nil.
func errnoName(err error) *string {
	if err == nil {
		return nil
	}
	name := err.Error()
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		if n := unix.ErrnoName(errno); n != "" {
			name = n
		}
	}
	return &name
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/store"
)

// journalDir is a journal on the disk:
//
//	lock      held by the process that has the journal
//	address   of the bucket that gets the objects
//	objects/  those, as a directory of package store has them
//
// An object is in its place only when all of it is on the disk, so that what a kill or a power cut left of others
// is never seen as one.
type journalDir struct {
	*store.Dir
	lock *os.File
}

// maxAddress is more than any address has.
const maxAddress = 64 << 10

// openJournalDir finds what is there to go up. damaged hears of files that are no whole objects.
func openJournalDir(ctx context.Context, path, address string, damaged func(string, error)) (d *journalDir, found []*entryUp, err error) {
	d = &journalDir{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	// Its parent is made by NewDir, which has each name on the disk before the next.
	if d.Dir, err = store.NewDir(filepath.Join(path, "objects"), store.DirOptions{Create: true}); err != nil {
		return d, nil, err
	}
	if d.lock, err = lockDir(path); err != nil {
		return d, nil, err
	}
	for info, err := range d.List(ctx, "") {
		if err != nil {
			return d, nil, err
		}
		info, err := statKey(ctx, d.Dir, info.Key)
		switch {
		case errors.Is(err, store.ErrCorrupt):
			damaged(info.Key, err)
		case err != nil:
			return d, nil, err
		default:
			found = append(found, &entryUp{key: info.Key, size: info.Size, ready: true, gone: make(chan struct{})})
		}
	}
	return d, found, d.claim(filepath.Join(path, "address"), address, len(found))
}

// lockDir takes a directory for this process, until the file is closed.
func lockDir(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		err = fmt.Errorf("%s: another daemon has it: %w", path, store.ErrLocked)
	case err != nil:
		err = os.NewSyscallError("flock", err)
	default:
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}

func statKey(ctx context.Context, d *store.Dir, key string) (store.Info, error) {
	info, err := d.Stat(ctx, key)
	info.Key = key
	return info, err
}

// claim says whose objects these are, where there are none of another bucket.
func (d *journalDir) claim(path, address string, objects int) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAddress))
	if err != nil {
		return err
	}
	is := strings.TrimSuffix(string(text), "\n")
	switch {
	case is == address:
		return nil
	case objects > 0:
		return fmt.Errorf("it has %d objects that are for %s, not for %s: let a daemon with the old address bring them up first: %w", objects, is, address, store.ErrSettings)
	}
	if _, err := f.WriteAt([]byte(address+"\n"), 0); err != nil {
		return err
	}
	if err := f.Truncate(int64(len(address)) + 1); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	above, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(above.Sync(), above.Close())
}

func (d *journalDir) close() error {
	var errs []error
	if d.Dir != nil {
		errs = append(errs, d.Dir.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}

// endOf is the error of a read that came to an offset and no further.
func endOf(size, at int64) error {
	if at == size {
		return io.EOF
	}
	return io.ErrUnexpectedEOF
}

package store

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// tempDir has the files that are being written. Each [Dir] that writes has a file ID.lock there, which it keeps
// locked, and calls its others ID-1, ID-2, …: a lock that can be taken is of a process that is gone, and all files
// of its name are removed by the next Dir that begins to write.
const (
	tempDir    = "@tmp"
	lockSuffix = ".lock"
)

// tempFiles are a Dir's. The zero value has none yet.
type tempFiles struct {
	mu   sync.Mutex
	dir  handle
	lock handle
	id   string // "": not begun
	made int
}

// begin removes what others left, and takes a lock for a name of its own.
func (f *tempFiles) begin(dir handle) error {
	if err := removeLeft(dir); err != nil {
		return err
	}
	for {
		id := uuid.NewString()
		lock, err := openAt(dir, id+lockSuffix, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		ok, err := lock.tryLock(unix.LOCK_EX)
		if err == nil && ok {
			var st unix.Stat_t
			if st, err = lock.stat(); err == nil && st.Nlink > 0 {
				f.dir, f.lock, f.id = dir, lock, id
				return nil
			}
		}
		_ = lock.close() // somebody took it for one that was left, before it was locked
		if err != nil {
			return err
		}
	}
}

// removeLeft removes the files of those who are gone.
func removeLeft(dir handle) error {
	names, err := dir.names()
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, name := range names {
		id, isLock := strings.CutSuffix(name, lockSuffix)
		if !isLock {
			id, _, _ = cutLast(name, "-")
		}
		if _, known := gone[id]; !known {
			gone[id] = ownerGone(dir, id)
		}
		if gone[id] && !isLock {
			if err := dir.remove(name); err != nil && !errors.Is(err, unix.ENOENT) {
				return err
			}
		}
	}
	for id, gone := range gone {
		if gone {
			if err := removeLock(dir, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// ownerGone tells whether nobody holds the lock. It is made first and removed last, so one that is missing is
// nobody's.
func ownerGone(dir handle, id string) bool {
	lock, err := openAt(dir, id+lockSuffix, unix.O_RDWR, 0)
	if err != nil {
		return errors.Is(err, unix.ENOENT)
	}
	defer lock.close()
	ok, err := lock.tryLock(unix.LOCK_EX)
	return ok && err == nil
}

// removeLock removes a lock while it holds it, so that nobody else begins to use it.
func removeLock(dir handle, id string) error {
	lock, err := openAt(dir, id+lockSuffix, unix.O_RDWR, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.close()
	if ok, err := lock.tryLock(unix.LOCK_EX); !ok || err != nil {
		return err
	}
	if err := dir.remove(id + lockSuffix); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// createTemp makes a file to write.
func (d *Dir) createTemp() (dir, file handle, name string, err error) {
	f := &d.temp
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.id == "" {
		own, err := d.own(tempDir)
		if err != nil {
			return nowhere, nowhere, "", err
		}
		if err := f.begin(own); err != nil {
			_ = own.close()
			return nowhere, nowhere, "", err
		}
	}
	f.made++
	name = f.id + "-" + strconv.Itoa(f.made)
	file, err = openAt(f.dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	return f.dir, file, name, err
}

func (f *tempFiles) close() error {
	if f.id == "" {
		return nil
	}
	err := f.dir.remove(f.id + lockSuffix)
	f.id = ""
	return errors.Join(err, f.lock.close(), f.dir.close())
}

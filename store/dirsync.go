package store

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// persist puts the names in a directory on the disk, and, the first time, the names of it and of those above it: another
// process may have made them, and not have come that far.
func (d *Dir) persist(p place, dir handle) error {
	began := time.Now()
	if err := dir.sync(); err != nil {
		return err
	}
	d.mu.Lock()
	last, known := d.synced[p.dir()]
	d.mu.Unlock()
	if !known {
		for n := range p.dirs {
			above, err := d.parent(p.dirs[:n])
			if err != nil {
				return err
			}
			err = above.sync()
			_ = above.close()
			if err != nil {
				return err
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if began.After(last) {
		d.synced[p.dir()] = began
	}
	return nil
}

// unsettled is how long a change of names may take to come to the disk by itself, and more.
const unsettled = 10 * time.Minute

// settle puts a name on the disk that was given at that time, if it may not be there yet.
func (d *Dir) settle(p place, dir handle, given time.Time) error {
	if age := time.Since(given); age > unsettled {
		return nil
	}
	d.mu.Lock()
	last := d.synced[p.dir()]
	d.mu.Unlock()
	// A file system's clock may be some ticks behind.
	if given.Add(time.Second).Before(last) {
		return nil
	}
	return ignoreReadOnly(d.persist(p, dir))
}

// ignoreReadOnly: what cannot be written, cannot be lost either.
func ignoreReadOnly(err error) error {
	if errors.Is(err, unix.EROFS) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}

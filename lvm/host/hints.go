package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/rok-storage/rok/ioctl"
)

// Hints are lvm2's list of the devices that have PVs, made void and held so
// that no command makes a new one before the change is done.
type Hints struct{ f *os.File }

const hintsMode = 0o600

// VoidHints makes the list of devices void, /run/lvm/hints, from which a
// command that asks for one VG learns what to read. It is needed before each
// change that takes [LockRequest.Global] exclusively, after that lock and before
// the VG's, as lvm2 does it: "nohints" keeps new readers off while it waits for
// those that have the list; the list is emptied; "newhints" makes the next
// command make a new one. Release it after the change and its locks.
//
// Where there is no such directory, nobody has a list. lvm2 does not hold the
// list where the file is missing, so that a command may make one without the new
// PV; rok makes the file. It fails with the context's error.
func (h *Host) VoidHints(ctx context.Context) (*Hints, error) {
	no := h.run("nohints")
	if err := touch(no); errors.Is(err, fs.ErrNotExist) {
		return &Hints{}, nil
	} else if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(h.run("hints"), os.O_RDWR|os.O_CREATE, hintsMode)
	if err != nil {
		return nil, errors.Join(err, forget(no))
	}
	ctx, cancel := h.bounded(ctx)
	defer cancel()
	if err = ioctl.Lock(ctx, f, true); err == nil {
		err = h.empty(f)
	}
	if err == nil {
		err = touch(h.run("newhints"))
	}
	// An empty list, without its mark, is read as none, and so is no file.
	if err = errors.Join(err, forget(no)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Hints{f}, nil
}

func (h *Host) empty(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(f, "# Created empty by %s pid %d %s\n", h.cfg.Program, os.Getpid(), time.Now().Format(time.ANSIC))
	return err
}

// Release lets commands make a new list. Doing it twice is no error.
func (v *Hints) Release() error {
	if v.f == nil {
		return nil
	}
	f := v.f
	v.f = nil
	return f.Close()
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, hintsMode)
	if err != nil {
		return err
	}
	return f.Close()
}

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// writeWhole writes a file that readers see whole or not at all, also after a
// power cut: to a temporary name as lvm2 makes them, flushed, put in place, and
// the directory flushed. place gets the temporary path; nil renames it to path.
func (h *Host) writeWhole(path string, text []byte, place func(tmp string) error) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777&^h.Settings.Umask); err != nil {
		return err
	}
	f, err := h.makeTemporary(dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil || place != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if place == nil {
		err = os.Rename(f.Name(), path)
	} else {
		err = place(f.Name())
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

const temporaryTries = 100

// makeTemporary makes .lvm_NODE_PID_RANDOM, as lib/misc/lvm-file.c does.
func (h *Host) makeTemporary(dir string) (*os.File, error) {
	for try := 0; ; try++ {
		path := filepath.Join(dir, fmt.Sprintf(".lvm_%s_%d_%d", h.cfg.Node, os.Getpid(), random31()))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o666&^h.Settings.Umask)
		if !errors.Is(err, fs.ErrExist) || try == temporaryTries {
			return f, err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// random31 is a number as lvm2 puts it into names.
func random31() uint32 { return rand.Uint32() >> 1 }

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/ioctl"
)

// writeWhole writes a file that readers see whole or not at all, also after a
// power cut: to a temporary name as lvm2 makes them, flushed, put in place, and
// the directory flushed.
func (h *Host) writeWhole(path string, text []byte) error {
	dir := filepath.Dir(path)
	tmp, err := h.writeTemporary(dir, text, (*os.File).Sync)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(dir)
}

// writeTemporary writes text to a new file in dir, which it makes where it is not there,
// and finish ends it. Where that fails, there is no file.
func (h *Host) writeTemporary(dir string, text []byte, finish func(*os.File) error) (path string, err error) {
	if err := os.MkdirAll(dir, 0o777&^h.Settings.Umask); err != nil {
		return "", err
	}
	f, err := h.makeTemporary(dir)
	if err != nil {
		return "", err
	}
	if _, err = f.Write(text); err == nil {
		err = finish(f)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

const temporaryTries = 100

// makeTemporary makes .lvm_NODE_PID_RANDOM, as lib/misc/lvm-file.c does.
func (h *Host) makeTemporary(dir string) (*os.File, error) {
	for try := 0; ; try++ {
		path := filepath.Join(dir, fmt.Sprintf(".lvm_%s_%d_%d", h.cfg.Node, os.Getpid(), random31()))
		f, err := ioctl.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o666&^h.Settings.Umask)
		if !errors.Is(err, fs.ErrExist) || try == temporaryTries {
			return f, err
		}
	}
}

func syncDir(dir string) error {
	d, err := ioctl.OpenFile(dir, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// random31 is a number as lvm2 puts it into names.
func random31() uint32 { return rand.Uint32() >> 1 }

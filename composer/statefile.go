package composer

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/ioctl"
)

// writeFile writes a file that is to be on the disk when it returns.
func writeFile(path string, from io.Reader) error {
	f, err := ioctl.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Sync(), f.Close())
}

// writeWhole makes text the content of a file, in one step.
func writeWhole(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := writeFile(path+".new", bytes.NewReader(text)); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

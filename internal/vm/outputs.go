package vm

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// outputs writes the files that come out of the guest. The guest may name only
// what the host asked for.
type outputs struct {
	wanted []string
	open   *os.File // the file whose data comes now
}

func (o *outputs) create(header []byte) error {
	if err := o.close(); err != nil {
		return err
	}
	var h fileHeader
	if err := json.Unmarshal(header, &h); err != nil {
		return fmt.Errorf("%w: %v", errFrame, err)
	}
	if !o.allowed(h.Path) {
		return fmt.Errorf("%w: file %q was not asked for", errFrame, h.Path)
	}
	if err := os.MkdirAll(filepath.Dir(h.Path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(h.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fs.FileMode(h.Mode).Perm())
	o.open = f
	return err
}

// allowed: path is one that was asked for, or lies below one.
func (o *outputs) allowed(path string) bool {
	if filepath.Clean(path) != path {
		return false
	}
	for _, w := range o.wanted {
		if path == w || strings.HasPrefix(path, strings.TrimSuffix(w, "/")+"/") {
			return true
		}
	}
	return false
}

func (o *outputs) write(b []byte) error {
	if o.open == nil {
		return fmt.Errorf("%w: data without a file", errFrame)
	}
	_, err := o.open.Write(b)
	return err
}

// close ends the current file, if there is one.
func (o *outputs) close() error {
	if o.open == nil {
		return nil
	}
	err := o.open.Close()
	o.open = nil
	return err
}

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// targets are the file and the loop device that cells run on.
type targets struct {
	dir    string
	places map[string]place
	loop   *ioctl.Loop
}

// makeTargets makes those that the cells need, in a directory of their own
// below dir.
func makeTargets(all []cell, dir string, size units.Bytes) (t *targets, err error) {
	own, err := os.MkdirTemp(dir, prefix)
	if err != nil {
		return nil, err
	}
	t = &targets{dir: own, places: make(map[string]place)}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	for _, c := range all {
		if _, made := t.places[c.target]; made {
			continue
		}
		path := filepath.Join(own, c.target)
		if err := fill(path, size); err != nil {
			return t, err
		}
		if c.target == "loop" {
			if t.loop, err = ioctl.AttachLoop(path, ioctl.LoopConfig{DirectIO: true}); err != nil {
				return t, err
			}
			if !t.loop.DirectIO() {
				return t, fmt.Errorf("%s takes no direct I/O: choose another -dir", own)
			}
			path = t.loop.Path()
		}
		t.places[c.target] = place{path: path, size: size}
	}
	return t, nil
}

// fill makes a file of random data, all of it on the disk.
func fill(path string, size units.Bytes) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	source := rand.NewChaCha8([32]byte{})
	buf := make([]byte, units.MiB)
	for left := size; left > 0; left -= min(left, units.MiB) {
		part := buf[:min(left, units.MiB)]
		_, _ = source.Read(part) // never fails
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (t *targets) close() error {
	var err error
	if t.loop != nil {
		err = t.loop.Detach()
	}
	return errors.Join(err, os.RemoveAll(t.dir))
}

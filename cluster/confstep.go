package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rok-storage/rok/conf"
)

// carried is a key of daemons.conf that has another place from a version on.
type carried struct{ oldSection, oldKey, section, key string }

// carriedTo12 are those of 0.12.
var carriedTo12 = []carried{
	{"composerd", "block_size", "composer", "block_size"},
}

// ConfStep carries daemons.conf over to 0.12: keys that moved are moved, all else stays as it is, and
// the old file stays beside it with ".v0.11" behind its name. A file that cannot be read as the format
// is refused and left as it is.
func ConfStep(path string) Step {
	kept := path + ".v0.11"
	return Step{
		Name: "daemons-conf",
		Help: "carry " + path + " over, and keep the old one as " + kept,
		Check: func(context.Context) (bool, error) {
			old, next, err := carryFile(path)
			return err == nil && bytes.Equal(old, next), err
		},
		Before: func(context.Context) (json.RawMessage, error) { return encode(kept), nil },
		Do: func(context.Context) error {
			old, next, err := carryFile(path)
			if err != nil || bytes.Equal(old, next) { // it was killed behind the write
				return err
			}
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := writeFile(kept, old, info.Mode().Perm()); err != nil {
				return err
			}
			return writeFile(path, next, info.Mode().Perm())
		},
		Verify: func(context.Context) error {
			old, next, err := carryFile(path)
			if err == nil && !bytes.Equal(old, next) {
				err = fmt.Errorf("%s: %w: it changed meanwhile", path, ErrRefused)
			}
			return err
		},
		Undo: func(context.Context, json.RawMessage) error {
			old, err := os.ReadFile(kept)
			if errors.Is(err, fs.ErrNotExist) { // it was killed before anything was written
				return nil
			}
			if err != nil {
				return err
			}
			info, err := os.Stat(kept)
			if err != nil {
				return err
			}
			return writeFile(path, old, info.Mode().Perm())
		},
	}
}

// carryFile reads a file, and makes the new one of it. One that is not there is empty.
func carryFile(path string) (old, next []byte, err error) {
	old, err = os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	next, err = carry(path, old)
	return old, next, err
}

// carry moves the keys that moved. What is in the new place already wins.
func carry(path string, text []byte) ([]byte, error) {
	f, err := conf.Parse(path, text)
	if err != nil {
		return nil, err
	}
	for _, k := range carriedTo12 {
		value, there := f.Section(k.oldSection).Value(k.oldKey)
		if !there {
			continue
		}
		if _, taken := f.Section(k.section).Value(k.key); !taken {
			if err := f.Set(k.section, k.key, value); err != nil {
				return nil, err
			}
		}
		f.Unset(k.oldSection, k.oldKey)
	}
	return f.AppendText(nil), nil
}

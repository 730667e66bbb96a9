package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// List tells of the objects under prefix. It holds the names of one directory at a time, and of those above it.
func (d *Dir) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		w := listing{d, ctx, prefix, yield}
		if _, err := w.walk(nil, ""); err != nil {
			yield(Info{}, d.fail("list", prefix, err))
		}
	}
}

type listing struct {
	*Dir
	ctx    context.Context
	prefix string
	yield  func(Info, error) bool
}

// entry is a name in a directory.
type entry struct {
	name string
	key  string // up to here: of an object all of it, of a directory what those below it begin with
	kind entryKind
}

// walk goes through a directory, whose keys begin with base; it returns false where the caller wants no more.
func (w *listing) walk(dirs []string, base string) (bool, error) {
	if err := w.ctx.Err(); err != nil {
		return false, err
	}
	dir, err := w.parent(dirs)
	if err != nil {
		if len(dirs) > 0 && (errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOENT)) {
			err = nil // what has a directory's name and is none, is foreign
		}
		return true, err
	}
	defer dir.close()
	entries, err := w.entries(dir, dirs, base)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		more := true
		if e.kind == object {
			more, err = w.object(dir, dirs, e)
		} else {
			more, err = w.walk(append(slices.Clone(dirs), e.name), e.key)
		}
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// entries are those that may lead to keys with the prefix, in the order of keys.
func (w *listing) entries(dir handle, dirs []string, base string) ([]entry, error) {
	lock, err := w.lockShared(w.ctx, strings.Join(dirs, "/"))
	if err != nil {
		return nil, err
	}
	names, err := dir.names()
	_ = lock.close()
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, name := range names {
		text, kind := unescape(name)
		e := entry{name, base + text, kind}
		if kind == below {
			e.key += "/"
		}
		wanted := strings.HasPrefix(e.key, w.prefix) || kind != object && strings.HasPrefix(w.prefix, e.key)
		if kind != foreign && wanted && len(e.key) <= maxKey {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, nil
}

func (w *listing) object(dir handle, dirs []string, e entry) (bool, error) {
	if p := (place{dirs, e.name}); CheckKey(e.key) != nil || placeOf(e.key).dir() != p.dir() || placeOf(e.key).file != e.name {
		return true, nil
	}
	if err := w.ctx.Err(); err != nil {
		return false, err
	}
	st, err := dir.statAt(e.name)
	switch {
	case errors.Is(err, unix.ENOENT): // deleted meanwhile
		return true, nil
	case err != nil:
		return false, err
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return true, nil
	}
	return w.yield(Info{Key: e.key, Size: max(0, st.Size-trailerSize), Modified: time.Unix(st.Mtim.Unix())}, nil), nil
}

package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

func put(t *testing.T, d *store.Dir, key, content string) {
	t.Helper()
	_, err := d.Put(t.Context(), key, strings.NewReader(content), store.Condition{})
	require.NoError(t, err)
}

func listed(t *testing.T, d *store.Dir) (keys []string) {
	t.Helper()
	for info, err := range d.List(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

func TestDirOpens(t *testing.T) {
	base := t.TempDir()
	_, err := store.NewDir(base+"/none", store.DirOptions{})
	require.ErrorIs(t, err, store.ErrMissing)
	_, err = store.NewDir("relative", store.DirOptions{Create: true})
	require.Error(t, err)
	require.NoError(t, os.WriteFile(base+"/file", nil, 0o600))
	_, err = store.NewDir(base+"/file", store.DirOptions{Create: true})
	require.Error(t, err)
	_, err = store.NewDir(base+"/file/x", store.DirOptions{Create: true})
	require.Error(t, err)
	d := openDir(t, base+"/a/b#?")
	require.Equal(t, "file://"+base+"/a/b%23%3F", d.Address())
	a, err := store.ParseAddress(d.Address())
	require.NoError(t, err)
	require.Equal(t, base+"/a/b#?", a.Path)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
}

// Nobody else reads what is in a store.
func TestDirModes(t *testing.T) {
	base := t.TempDir() + "/s"
	d := openDir(t, base)
	put(t, d, "map/a/b", "x")
	require.NoError(t, filepath.WalkDir(base, func(path string, e os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

// What others put into the directory is not listed, not followed and not removed.
func TestDirForeignFiles(t *testing.T) {
	base, outside := t.TempDir(), t.TempDir()
	d := openDir(t, base)
	put(t, d, "map/x", "mine")
	require.NoError(t, os.WriteFile(outside+"/secret", []byte("secret and more than a trailer is long"), 0o600))
	require.NoError(t, os.Mkdir(base+"/lost+found", 0o700))
	require.NoError(t, os.WriteFile(base+"/README", []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(base+"/blk+", nil, 0o600))
	require.NoError(t, os.Mkdir(base+"/map+/dir", 0o700))
	require.NoError(t, os.WriteFile(base+"/map+/%61", []byte("x"), 0o600))
	require.NoError(t, os.Symlink(outside+"/secret", base+"/map+/link"))
	require.NoError(t, os.Symlink(outside, base+"/node+"))
	require.Equal(t, []string{"map/x"}, listed(t, d))
	ctx := t.Context()
	for _, key := range []string{"map/link", "node/secret", "map/dir"} {
		_, _, err := d.Get(ctx, key, 0, make([]byte, 9))
		require.Error(t, err, key)
		_, err = d.Stat(ctx, key)
		require.Error(t, err, key)
	}
	_, err := d.Put(ctx, "node/new", strings.NewReader("x"), store.Condition{})
	require.Error(t, err)
	_, err = d.Put(ctx, "blk/new", strings.NewReader("x"), store.Condition{})
	require.Error(t, err)
	require.Error(t, d.Delete(ctx, "node/secret"))
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	put(t, d, "map/link", "mine too") // a link is replaced, not what it leads to
	text, err := os.ReadFile(outside + "/secret")
	require.NoError(t, err)
	require.Contains(t, string(text), "secret")
	require.Len(t, temporary(t, base), 1, "its lock")
}

// A file that has been cut has no trailer: it is damaged, can be listed and deleted, and put anew.
func TestDirDamagedFiles(t *testing.T) {
	base := t.TempDir()
	d := openDir(t, base)
	ctx := t.Context()
	put(t, d, "map/x", "0123456789")
	whole, err := os.ReadFile(base + "/map+/x")
	require.NoError(t, err)
	require.Len(t, whole, 26)
	require.Equal(t, "0123456789RKO1", string(whole[:14]))
	for _, n := range []int{0, 9, 16, 25} {
		require.NoError(t, os.WriteFile(base+"/map+/x", whole[:n], 0o600))
		_, _, err := d.Get(ctx, "map/x", 0, make([]byte, 20))
		require.ErrorIs(t, err, store.ErrCorrupt)
		_, err = d.Stat(ctx, "map/x")
		require.ErrorIs(t, err, store.ErrCorrupt)
		require.Equal(t, []string{"map/x"}, listed(t, d))
		_, err = d.Put(ctx, "map/x", strings.NewReader("new"), store.Condition{Version: "1"})
		require.ErrorIs(t, err, store.ErrChanged)
		_, err = d.Put(ctx, "map/x", strings.NewReader("new"), store.Condition{Absent: true})
		require.ErrorIs(t, err, store.ErrExists)
	}
	put(t, d, "map/x", "new")
	require.NoError(t, os.WriteFile(base+"/map+/x", nil, 0o600))
	require.NoError(t, d.Delete(ctx, "map/x"))
	require.Empty(t, listed(t, d))
}

// Temporary files of those who are gone are removed, and of nobody else.
func TestDirTemporaryFiles(t *testing.T) {
	base := t.TempDir()
	alive := openDir(t, base)
	put(t, alive, "a", "x")
	live := temporary(t, base)
	require.Len(t, live, 1)
	held := filepath.Join(base, "@tmp", strings.TrimSuffix(filepath.Base(live[0]), ".lock")+"-7")
	require.NoError(t, os.WriteFile(held, nil, 0o600))
	for _, name := range []string{"dead.lock", "dead-1", "dead-22", "nolock-3", "odd"} {
		require.NoError(t, os.WriteFile(base+"/@tmp/"+name, []byte("x"), 0o600))
	}
	next := openDir(t, base)
	require.Equal(t, []string{"a"}, listed(t, next))
	require.Len(t, temporary(t, base), 7, "who only reads removes nothing")
	put(t, next, "b", "x")
	names := temporary(t, base)
	require.Len(t, names, 3)
	require.Contains(t, names, live[0])
	require.Contains(t, names, held)
	require.NoError(t, os.Remove(held))
	require.NoError(t, next.Close())
	require.NoError(t, alive.Close())
	require.Empty(t, temporary(t, base))
}

// Who waits for a lock can be called off.
func TestDirLockIsLeft(t *testing.T) {
	base := t.TempDir()
	d := openDir(t, base)
	put(t, d, "map/a", "1")
	unlock := store.LockDir(t, d, "map/a")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := d.Put(ctx, "map/a", strings.NewReader("2"), store.Condition{})
		done <- err
	}()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Len(t, temporary(t, base), 1, "its lock")
	unlock()
	put(t, d, "map/a", "3")
}

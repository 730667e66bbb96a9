package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
)

// sample is a store with trees of two levels, values that take several pages, and a free list; and what it has,
// by revision.
func sample(t *testing.T) (file []byte, known map[int64]kv.Snapshot) {
	t.Helper()
	p := path(t)
	s := bolt.Open(p, bolt.Options{})
	known = map[int64]kv.Snapshot{}
	for i := range 12 {
		var txn kv.Txn
		for k := range 60 {
			txn.Then = append(txn.Then, kv.Put(fmt.Sprintf("/rok/config/%d.%d", k, i%6), fmt.Appendf(nil, "value %d", i)))
		}
		txn.Then = append(txn.Then, kv.Put("/rok/large", bytes.Repeat([]byte{byte(i)}, 9000)))
		r, err := s.Txn(t.Context(), txn)
		require.NoError(t, err)
		known[r.Revision], err = s.List(t.Context(), "")
		require.NoError(t, err)
	}
	file, err := os.ReadFile(p)
	require.NoError(t, err)
	return file, known
}

// judge uses a store that was damaged: all is as it was, or an error says that it is not.
func judge(t *testing.T, p string, known map[int64]kv.Snapshot, write bool) (damaged bool) {
	t.Helper()
	s := bolt.Open(p, bolt.Options{})
	l, err := s.List(t.Context(), "")
	if err != nil {
		require.ErrorIs(t, err, kv.ErrDamaged)
		damaged = true
	} else {
		require.Equal(t, known[l.Revision], l)
	}
	if _, err := s.Get(t.Context(), "/rok/config/30.3"); err != nil {
		require.ErrorIs(t, err, kv.ErrDamaged)
	}
	if !write {
		return damaged
	}
	r, err := s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("/rok/new", []byte("1")), kv.List("/rok/config/1")}})
	if err != nil {
		require.ErrorIs(t, err, kv.ErrDamaged)
		return true
	}
	after, err := s.List(t.Context(), "")
	if err == nil {
		require.Len(t, after.Entries, len(known[r.Revision-1].Entries)+1)
	}
	return damaged
}

func TestBitFlips(t *testing.T) {
	for _, seed := range []uint64{
		1795734278179306976, // once a leaf that had fewer elements
		1, 2,
	} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { flipBits(t, seed) })
	}
}

func flipBits(t *testing.T, seed uint64) {
	file, known := sample(t)
	random := rand.New(rand.NewPCG(seed, 0))
	p := path(t)
	page := os.Getpagesize()
	found := 0
	const flips = 600
	for i := range flips {
		// Half of them where pages say what they are.
		at := random.IntN(len(file))
		if i%2 == 0 {
			at = at/page*page + random.IntN(128)
		}
		flipped := bytes.Clone(file)
		flipped[at] ^= 1 << random.IntN(8)
		require.NoError(t, os.WriteFile(p, flipped, 0o600))
		if judge(t, p, known, i%10 == 0) {
			found++
		}
	}
	t.Logf("%d of %d flips found, the others were where nothing is", found, flips)
	require.Greater(t, found, flips/60) // most of the file is free
}

func TestDamagedFiles(t *testing.T) {
	file, known := sample(t)
	p := path(t)
	page := os.Getpagesize()
	damage := map[string][]byte{
		"empty":             {},
		"text":              []byte("not a store\n"),
		"zeros":             make([]byte, len(file)),
		"text of that size": bytes.Repeat([]byte("rok "), len(file)/4),
	}
	for _, n := range []int{1, 100, page, 2 * page, 3 * page, len(file) / 2, len(file) - page} {
		damage[fmt.Sprintf("cut to %d", n)] = file[:n]
	}
	for i := 0; i < len(file)/page; i += 1 + i/10 {
		zeroed, twice := bytes.Clone(file), bytes.Clone(file)
		clear(zeroed[i*page : (i+1)*page])
		damage[fmt.Sprintf("page %d zeroed", i)] = zeroed
		copy(twice[i*page:], file[(i+3)*page%len(file):][:page])
		damage[fmt.Sprintf("page %d is another", i)] = twice
	}
	for name, b := range damage {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(p, b, 0o600))
			judge(t, p, known, true)
		})
	}
	for _, name := range []string{"empty", "text", "zeros"} {
		require.NoError(t, os.WriteFile(p, damage[name], 0o600))
		for events, err := range bolt.Open(p, bolt.Options{}).Watch(t.Context(), "", 0) {
			require.Empty(t, events)
			require.ErrorIs(t, err, kv.ErrDamaged)
		}
	}
}

func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, unix.Mkfifo(pipe, 0o600))
	for _, p := range []string{dir, pipe} {
		_, err := bolt.Open(p, bolt.Options{}).Get(t.Context(), "a")
		require.ErrorIs(t, err, kv.ErrDamaged, p)
		_, err = bolt.Open(p, bolt.Options{}).Grant(t.Context(), time.Second)
		require.Error(t, err, p)
	}
}

// A store that is not to be written can be read; one that is not to be read is denied.
func TestPermissions(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do all")
	}
	p := path(t)
	s := bolt.Open(p, bolt.Options{})
	put(t, s, "a", "1")
	require.NoError(t, os.Chmod(p, 0o400))
	_, err := s.Get(t.Context(), "a")
	require.NoError(t, err)
	_, err = s.Grant(t.Context(), time.Second)
	require.ErrorIs(t, err, kv.ErrDenied)
	require.NoError(t, os.Chmod(p, 0))
	_, err = s.Get(t.Context(), "a")
	require.ErrorIs(t, err, kv.ErrDenied)
	require.True(t, errors.Is(err, os.ErrPermission))
}

// A store that was removed, or is another one, ends a watch.
func TestReplaced(t *testing.T) {
	p := path(t)
	s := bolt.Open(p, bolt.Options{})
	put(t, s, "a", "1")
	time.AfterFunc(20*time.Millisecond, func() { os.Remove(p) })
	for _, err := range s.Watch(t.Context(), "", 1) {
		require.ErrorIs(t, err, kv.ErrCompacted)
	}
}

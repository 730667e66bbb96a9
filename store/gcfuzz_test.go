package store

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

// FuzzHolder reads leases and locks: what is taken says the same when it is written again.
func FuzzHolder(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHolder(b)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		if y := h.Expires.UTC().Year(); y < 0 || y > 9998 || len(h.Purpose) > maxPurpose {
			return
		}
		again, err := parseHolder(h.encode())
		require.NoError(t, err)
		require.True(t, h.Expires.Equal(again.Expires))
		again.Expires = h.Expires
		require.Equal(t, h, again)
	})
}

// FuzzEpoch reads the collector's state.
func FuzzEpoch(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEpoch(b)
		if err != nil {
			require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, errors.ErrUnsupported))
			return
		}
		if y := e.Began.UTC().Year(); y < 0 || y > 9998 {
			return
		}
		again, err := parseEpoch(e.encode())
		require.NoError(t, err)
		require.True(t, e.Began.Equal(again.Began))
		again.Began = e.Began
		require.Equal(t, e, again)
	})
}

// FuzzCondemned reads lists of condemned objects: what is taken is in order, is found, and is written as the
// same bytes.
func FuzzCondemned(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte, first byte) {
		c, err := parseCondemned(b, first)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		var again condemned
		all := map[maps.ID]bool{} // whether a copy is no spare
		for i := range c.len() {
			o := c.at(i)
			again = again.add(o)
			all[o.name] = all[o.name] || !o.spare
		}
		require.Equal(t, b, append([]byte(condemnedMagic), again...))
		for name, condemned := range all {
			require.Equal(t, condemned, c.has(name))
		}
		require.False(t, c.has(maps.ID{first ^ 1}))
	})
}

// FuzzCopies reads keys of objects, lists and marks.
func FuzzCopies(f *testing.F) {
	f.Fuzz(func(t *testing.T, key string) {
		if name, epoch, ok := parseCopy(key); ok {
			k, _ := parseObjectKey(key)
			require.Equal(t, key, nameKey{k.kind, name}.copy(epoch).String())
		}
		if b, ok := parseBad(key); ok {
			require.True(t, bytes.HasSuffix([]byte(badKey(b.Kind, b.Name)), []byte(b.Name.String())))
		}
		parseCondemnedKey(key)
	})
}

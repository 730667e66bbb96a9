package composer_test

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

var errBroken = errors.New("the disk is broken")

// breaking is a file that cannot be read from a place on.
type breaking struct {
	*composer.File
	from int64
	read atomic.Int64
}

func (s *breaking) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.from {
		return 0, errBroken
	}
	s.read.Add(int64(len(p)))
	return s.File.ReadAt(p, off)
}

func (w *world) broken(path string, from int64, now time.Time) *breaking {
	w.t.Helper()
	source, err := composer.OpenFile(path, func() time.Time { return now })
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, source.Close()) })
	return &breaking{File: source, from: from}
}

func TestRegisterGoesOn(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name    string
		now     time.Time
		between func(t *testing.T, w *world, path string)
		noted   bool // what was read is not read again
	}{
		{"unchanged", later, func(*testing.T, *world, string) {}, true},
		{"changed a moment before", time.Now(), func(*testing.T, *world, string) {}, false},
		{"changed since", later, func(t *testing.T, _ *world, path string) {
			require.NoError(t, os.WriteFile(path, noise(3, 60), 0o600))
		}, false},
		{"a block was collected", later, func(t *testing.T, w *world, _ string) {
			w.remove("blk/" + keyOf(noise(1, 60)[:block]))
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			path := file(t, noise(1, 60, 2))
			first := w.broken(path, 50*int64(block), test.now)
			_, err := composer.Register(t.Context(), w.store, w.request("disk", first))
			require.ErrorIs(t, err, errBroken)
			require.Empty(t, w.names())
			test.between(t, w, path)
			again := w.broken(path, 60*int64(block), test.now)
			result, err := composer.Register(t.Context(), w.store, w.request("disk", again))
			require.NoError(t, err)
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, want, w.read("disk"))
			counts := result.Maps[0].Read
			require.Equal(t, counts.Read(), units.Bytes(again.read.Load()))
			if test.noted {
				require.GreaterOrEqual(t, counts.Resumed, 30*block)
			} else {
				require.Zero(t, counts.Resumed)
			}
			left, err := os.ReadDir(w.state + "/register")
			if err == nil {
				require.Empty(t, left)
			}
		})
	}
}

func keyOf(data []byte) string {
	id := maps.SHA256.BlockID(data).String()
	return id[:2] + "/" + id
}

package composer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

func (w *world) present(path string, overwrite bool) (composer.Presented, error) {
	return composer.PresentFile(w.t.Context(), w.store, path, overwrite, composer.PresentRequest{Name: "disk"})
}

func TestPresentNewFile(t *testing.T) {
	for _, s := range shapes {
		for _, size := range []int{0, 1, 50*int(block) - 7} {
			t.Run(fmt.Sprint(s, size), func(t *testing.T) {
				w := newWorld(t)
				data := noise(1, 50, 0, 7, 8, 9, 48)[:size]
				w.registerAs("disk", data, s.version, s.degree)
				path := filepath.Join(t.TempDir(), "out.img")
				result, err := w.present(path, false)
				require.NoError(t, err)
				got, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, data, got)
				require.Equal(t, units.Bytes(size), result.Counts.Written+result.Counts.Blank)
				names, err := os.ReadDir(filepath.Dir(path))
				require.NoError(t, err)
				require.Len(t, names, 1)
			})
		}
	}
}

func TestPresentLeavesHoles(t *testing.T) {
	w := newWorld(t)
	data := make([]byte, 200*block)
	copy(data[100*block:], noise(1, 1)[:4096])
	data[200*block-1] = 1
	w.register("disk", data)
	path := filepath.Join(t.TempDir(), "out.img")
	_, err := w.present(path, false)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Sys().(*syscall.Stat_t).Blocks*512, int64(4*block))
}

func TestPresentOverwrites(t *testing.T) {
	for _, s := range shapes {
		w := newWorld(t)
		data := noise(1, 50, 0, 7, 8, 30)
		w.registerAs("disk", data, s.version, s.degree)
		before := append(noise(2, 50, 8, 9), "what is behind"...)
		copy(before[5*block:], data[5*block:6*block])
		path := file(t, before)

		_, err := w.present(path, false)
		var refused *composer.RefusedError
		require.ErrorAs(t, err, &refused)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, got)

		result, err := w.present(path, true)
		require.NoError(t, err)
		got, err = os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, append(data, "what is behind"...), got)
		require.Equal(t, composer.PresentCounts{Written: 45 * block, Zeroed: 3 * block, Same: 2 * block}, result.Counts)
		require.EqualValues(t, 14, result.Behind)

		result, err = w.present(path, true)
		require.NoError(t, err)
		require.Equal(t, composer.PresentCounts{Same: 50 * block}, result.Counts)
	}
}

func TestPresentIntoATargetThatIsTooSmall(t *testing.T) {
	w := newWorld(t)
	w.register("disk", noise(1, 3))
	before := noise(2, 2)
	path := file(t, before)
	_, err := w.present(path, true)
	require.ErrorIs(t, err, composer.ErrTooSmall)
	require.ErrorContains(t, err, "192KiB")
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, got)
}

func TestPresentReplacesAnEmptyFile(t *testing.T) {
	w := newWorld(t)
	w.register("disk", noise(1, 3))
	path := file(t, nil)
	require.NoError(t, os.Chmod(path, 0o640))
	_, err := w.present(path, false)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode())
	require.EqualValues(t, 3*block, info.Size())
}

func TestPresentGoesOn(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 30, 4)
	w.register("disk", data)
	path := filepath.Join(t.TempDir(), "out.img")
	// What a killed run of another map left.
	left := append(noise(7, 20), data[20*block:25*block]...)
	require.NoError(t, os.WriteFile(path+".rok-partial", append(left, noise(8, 20)...), 0o600))
	result, err := w.present(path, false)
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, data, got)
	require.Equal(t, composer.PresentCounts{Written: 24 * block, Zeroed: block, Same: 5 * block}, result.Counts)
}

func TestPresentCheck(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 30, 4, 5)
	w.registerAs("disk", data, 4, 16)
	there := append([]byte{}, data...)
	there[3*block+8192]++
	there[5*block+1]++
	clear(there[10*block : 12*block])
	path := file(t, there)
	r := composer.PresentRequest{Name: "disk", Check: true}
	result, err := composer.PresentFile(t.Context(), w.store, path, false, r)
	require.ErrorIs(t, err, composer.ErrDiffers)
	require.Equal(t, []maps.Range{
		{Start: 3*block + 8192, Length: 4096}, {Start: 5 * block, Length: 4096}, {Start: 10 * block, Length: 2 * block},
	}, result.Differs)
	require.Equal(t, 30*block, result.Counts.Same+result.Counts.Differs)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, there, got)

	result, err = composer.PresentFile(t.Context(), w.store, file(t, data), false, r)
	require.NoError(t, err)
	require.Equal(t, composer.PresentCounts{Same: 30 * block}, result.Counts)
	_, err = composer.PresentFile(t.Context(), w.store, path+"x", false, r)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPresentGoesOnBehindDamage(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 60)
	w.registerAs("disk", data, 4, 16)
	_, gone := w.object("disk", maps.Block, 5)
	w.remove(gone)
	_, bad := w.object("disk", maps.Block, 8)
	w.damage(bad)
	_, leaf := w.object("disk", maps.Node, 2) // of blocks 16 to 31
	w.damage(leaf)
	for _, there := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "out.img")
		want := append([]byte{}, data...)
		before := make([]byte, len(data))
		if there {
			before = noise(2, 60)
			require.NoError(t, os.WriteFile(path, before, 0o600))
		}
		for _, lost := range [][2]int{{5, 6}, {8, 9}, {16, 32}} {
			copy(want[lost[0]*int(block):lost[1]*int(block)], before[lost[0]*int(block):])
		}
		result, err := w.present(path, there)
		require.ErrorIs(t, err, maps.ErrCorrupt)
		require.ErrorContains(t, err, fmt.Sprintf("bytes %d to %d cannot be read", 16*block, 32*block-1))
		require.Equal(t, 18*block, result.Counts.Damaged)
		require.Len(t, result.Damaged, 3)
		require.Equal(t, maps.Range{Start: 5 * block, Length: block}, result.Damaged[0].Range)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestPresentOfAFlatMapThatIsDamaged(t *testing.T) {
	for _, version := range []int{3, 4} {
		w := newWorld(t)
		w.registerAs("disk", noise(1, 3), version, 0)
		key := "map/disk"
		if version == 4 {
			_, key = w.object("disk", maps.Node, 0)
		}
		w.damage(key)
		path := filepath.Join(t.TempDir(), "out.img")
		_, err := w.present(path, false)
		require.ErrorIs(t, err, maps.ErrCorrupt)
	}
}

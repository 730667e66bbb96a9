package composer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

var shapes = []struct{ version, degree int }{{3, 0}, {4, 0}, {4, 16}, {4, 128}}

func TestRegisterReadsBack(t *testing.T) {
	for _, s := range shapes {
		for _, size := range []int{0, 1, int(block) - 1, int(block), 20*int(block) + 17, 40 * int(block)} {
			t.Run(fmt.Sprintf("v%d/%d/%d bytes", s.version, s.degree, size), func(t *testing.T) {
				w := newWorld(t)
				data := noise(1, 40, 3, 4, 18)[:size]
				got := w.registerAs("vm/disk", data, s.version, s.degree)
				require.Equal(t, data, w.read("vm/disk"))
				require.Equal(t, s.version, got.Header.Version)
				require.Equal(t, s.degree, got.Header.Degree)
				require.Equal(t, units.Bytes(size), got.Read.Data+got.Read.Zero)
			})
		}
	}
}

func TestRegisterAgain(t *testing.T) {
	w := newWorld(t)
	first := noise(1, 20)
	before := w.registerAs("disk", first, 4, 16)
	second := append(first[:len(first):len(first)], noise(2, 2)...)
	second[5*block]++
	again := w.register("disk", second)
	require.Equal(t, second, w.read("disk"))
	require.Equal(t, 16, again.Header.Degree, "the base's shape stays")
	require.Equal(t, before.Header.Root(), again.Previous)
	require.Equal(t, "disk", again.Base)
	require.Equal(t, composer.ReadCounts{Data: 3 * block, Same: 19 * block}, again.Read)
	require.Equal(t, first, noise(1, 20))
}

func TestRegisterChangedRanges(t *testing.T) {
	for _, s := range shapes {
		for _, to := range shapes {
			t.Run(fmt.Sprint(s, to), func(t *testing.T) {
				w := newWorld(t)
				data := noise(1, 50, 7, 8, 9)
				w.registerAs("disk", data, s.version, s.degree)
				data[3*block+5]++
				clear(data[20*block : 21*block])
				data[8*block] = 1
				data = append(data, noise(9, 3)...)
				// What is not among the ranges is not read.
				source := guarded{memorySource(data), map[uint64]bool{3: true, 8: true, 20: true, 50: true, 51: true, 52: true}}
				r := w.request("disk", source)
				r.Asked = composer.Asked{Version: to.version, Degree: &to.degree}
				r.Volumes[0].Changed = []maps.Range{{Start: 20 * block, Length: block}, {Start: 3*block + 5, Length: 1}, {Start: 8 * block, Length: 1}, {Start: 8 * block, Length: 512}}
				result, err := composer.Register(t.Context(), w.store, r)
				require.NoError(t, err)
				require.Equal(t, data, w.read("disk"))
				require.Equal(t, composer.ReadCounts{Data: 5 * block, Zero: block, Base: 47 * block}, result.Maps[0].Read)
				whole := w.registerAs("other", data, to.version, to.degree)
				require.Equal(t, whole.Header.Root(), result.Maps[0].Header.Root())
			})
		}
	}
}

func TestRegisterShrunk(t *testing.T) {
	for _, s := range shapes {
		w := newWorld(t)
		data := noise(1, 50)
		w.registerAs("disk", data, s.version, s.degree)
		data = data[:20*block+100]
		r := w.request("disk", memorySource(data))
		r.Volumes[0].Changed = []maps.Range{{Start: 45 * block, Length: block}}
		_, err := composer.Register(t.Context(), w.store, r)
		require.NoError(t, err)
		require.Equal(t, data, w.read("disk"))
	}
}

// guarded fails a test that reads other blocks than those.
type guarded struct {
	memorySource
	may map[uint64]bool
}

func (s guarded) ReadAt(p []byte, off int64) (int, error) {
	if !s.may[uint64(off)/uint64(block)] {
		return 0, fmt.Errorf("block %d is read", off/int64(block))
	}
	return s.memorySource.ReadAt(p, off)
}

func TestRegisterRefuses(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 3)
	root := w.register("disk", data).Header.Root()
	degree := 16
	other := maps.ID{1}
	changed := []maps.Range{{Start: 0, Length: 1}}
	tests := []struct {
		name   string
		change func(*composer.RegisterRequest)
		want   error
	}{
		{"backup", func(r *composer.RegisterRequest) { r.Volumes[0].Name = "disk~v3.bak" }, composer.ErrReserved},
		{"backup of a later version", func(r *composer.RegisterRequest) { r.Volumes[0].Name = "a/disk~v17.bak" }, composer.ErrReserved},
		{"name", func(r *composer.RegisterRequest) { r.Volumes[0].Name = "../x" }, store.ErrName},
		{"twice", func(r *composer.RegisterRequest) { r.Volumes = append(r.Volumes, r.Volumes[0]) }, store.ErrName},
		{"none", func(r *composer.RegisterRequest) { r.Volumes = nil }, store.ErrName},
		{"label", func(r *composer.RegisterRequest) { r.Volumes[0].Labels = []composer.Label{{Key: "a b"}} }, composer.ErrLabel},
		{"degree of v3", func(r *composer.RegisterRequest) { r.Asked.Degree = &degree }, maps.ErrShape},
		{"block size", func(r *composer.RegisterRequest) { r.Asked.BlockSize = 1000 }, maps.ErrShape},
		{"base", func(r *composer.RegisterRequest) { r.Volumes[0].Base = "gone" }, maps.ErrMissing},
		{"base's root", func(r *composer.RegisterRequest) { r.Volumes[0].BaseRoot = other }, composer.ErrBase},
		{"root of no base", func(r *composer.RegisterRequest) { r.Volumes[0].BaseRoot, r.Volumes[0].Name = root, "new" }, composer.ErrBase},
		{"ranges over other blocks", func(r *composer.RegisterRequest) { r.Volumes[0].Changed, r.Asked.BlockSize = changed, 2*block }, composer.ErrBase},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := w.request("disk", memorySource(noise(2, 3)))
			test.change(&r)
			_, err := composer.Register(t.Context(), w.store, r)
			require.ErrorIs(t, err, test.want)
			require.Equal(t, []string{"disk"}, w.names())
			require.Equal(t, data, w.read("disk"))
		})
	}
}

func TestRegisterMendsWhatItReads(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 40)
	w.registerAs("disk", data, 4, 16)
	_, node := w.object("disk", maps.Node, 2)
	w.remove(node)
	result := w.register("disk", data)
	require.ErrorIs(t, result.BaseErr, maps.ErrMissing)
	require.Equal(t, data, w.read("disk"))
}

func TestRegisterReplacesAMapThatIsNone(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 4)
	w.register("disk", data)
	w.damage("map/disk")
	result := w.register("disk", data)
	require.ErrorIs(t, result.BaseErr, maps.ErrCorrupt)
	require.Equal(t, data, w.read("disk"))
}

func TestRegisterHoles(t *testing.T) {
	w := newWorld(t)
	path := file(t, nil)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(100*int64(block)))
	_, err = f.WriteAt(noise(1, 1), 60*int64(block))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	source, err := composer.OpenFile(path, nil)
	require.NoError(t, err)
	defer source.Close()
	result, err := composer.Register(t.Context(), w.store, w.request("disk", source))
	require.NoError(t, err)
	require.Equal(t, composer.ReadCounts{Data: block, Hole: 99 * block}, result.Maps[0].Read)
	require.Equal(t, path, result.Maps[0].Source)
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, w.read("disk"))
}

// changing is a file that is written while it is read.
type changing struct {
	*composer.File
	path string
}

func (s changing) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.File.ReadAt(p, off)
	return n, errors.Join(err, os.Chtimes(s.path, time.Time{}, time.Unix(off, 1)))
}

func TestRegisterOfASourceThatChanges(t *testing.T) {
	w := newWorld(t)
	path := file(t, noise(1, 2))
	source, err := composer.OpenFile(path, nil)
	require.NoError(t, err)
	defer source.Close()
	r := w.request("disk", changing{source, path})
	_, err = composer.Register(t.Context(), w.store, r)
	require.ErrorIs(t, err, composer.ErrSourceChanged)
	require.Empty(t, w.names())
	r.AllowChanges = true
	_, err = composer.Register(t.Context(), w.store, r)
	require.NoError(t, err)
	require.Equal(t, noise(1, 2), w.read("disk"))
}

func TestRegisterEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := w.request("disk", memorySource(noise(1, 30)))
	r.Progress = func(composer.Step) { cancel() }
	_, err := composer.Register(ctx, w.store, r)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, w.names())
}

func TestRegisterKeepsLabels(t *testing.T) {
	w := newWorld(t)
	r := w.request("disk", memorySource(noise(1, 1)))
	r.Volumes[0].Labels = []composer.Label{{Key: "app", Value: "web"}}
	_, err := composer.Register(t.Context(), w.store, r)
	require.NoError(t, err)
	r.Volumes[0].Labels = []composer.Label{{Key: "tier", Value: "1"}}
	_, err = composer.Register(t.Context(), w.store, r)
	require.NoError(t, err)
	m, _, err := w.store.OpenMap(t.Context(), "disk")
	require.NoError(t, err)
	require.Equal(t, []composer.Label{{Key: "app", Value: "web"}, {Key: "tier", Value: "1"}}, composer.Labels(m))
	require.Equal(t, w.now, composer.Created(m))
}

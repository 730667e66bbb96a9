package metadata

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// TestThinCheckAgrees compares verdicts with Debian's thin_check on the fixtures.
func TestThinCheckAgrees(t *testing.T) {
	needThinCheck(t)
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		ok, out := thinCheck(t, image)
		require.True(t, ok, "%s: %s", name, out)
		require.True(t, sound(t, image), name)
	}
}

// setting is a number from the environment.
func setting(t testing.TB, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// TestDamagedCopies damages copies of the fixtures, half of them under checksums
// that are made right again: what thin_check finds, Check finds too, and whatever is
// read of them, it ends. ROK_THIN_COPIES says how many (100; the full run is of
// 1,000), ROK_THIN_SEED which.
func TestDamagedCopies(t *testing.T) {
	needThinCheck(t)
	copies, seed := setting(t, "ROK_THIN_COPIES", 100), setting(t, "ROK_THIN_SEED", 1)
	names := fixtures(t)
	images, used := make([][]byte, len(names)), make([][]uint64, len(names))
	for i, name := range names {
		images[i] = fixture(t, name)
		used[i] = usedBlocks(t, images[i])
	}
	found, stricter := 0, 0
	for i := range copies {
		rng := rand.New(rand.NewPCG(seed, i))
		which := int(i/2) % len(names)
		image := bytes.Clone(images[which])
		d := damager{t: t, rng: rng, image: image, used: used[which]}
		if i%2 == 0 {
			d.resealed()
		} else {
			d.raw()
		}
		copied := fmt.Sprintf("ROK_THIN_SEED=%d, copy %d of %s: %v", seed, i, names[which], d.did)
		ours := judge(t, d.image, copied)
		theirs, out := thinCheck(t, d.image)
		require.False(t, ours && !theirs, "%s: thin_check finds\n%s", copied, out)
		switch {
		case !theirs:
			found++
		case !ours:
			stricter++
		}
	}
	t.Logf("thin_check refuses %d of %d copies; of the others, %d are refused here", found, copies, stricter)
}

// judge reads image in every way there is, and returns whether it is sound.
func judge(t *testing.T, image []byte, what string) bool {
	start := time.Now()
	ok := sound(t, image)
	if m, err := Open(bytes.NewReader(image), units.Bytes(len(image))); err == nil {
		readAll(t, m, ok)
	} else {
		require.False(t, ok)
	}
	require.Less(t, time.Since(start), 20*time.Second, what)
	return ok
}

// readAll dumps and compares what can be read of m. Sound metadata is read without
// an error.
func readAll(t testing.TB, m *Metadata, sound bool) {
	errs := 0
	const enough = 100_000
	damage := func(err error) error {
		require.ErrorIs(t, err, ErrCorrupt)
		if errs++; errs > enough {
			return err
		}
		return nil
	}
	all := []*Trees{m.Trees()}
	if held, err := m.HeldTrees(); err == nil {
		all = append(all, held)
	}
	for _, trees := range all {
		out := &limitedWriter{left: 8 << 20}
		if err := trees.WriteXML(out, DumpOptions{Damage: damage}); err != nil && errs <= enough {
			require.ErrorIs(t, err, io.ErrShortWrite)
		}
		usage, err := trees.Usage(t.Context(), damage)
		if errs > enough {
			return
		}
		require.NoError(t, err)
		for _, d := range usage[:min(len(usage), 100)] {
			require.LessOrEqual(t, d.Exclusive, d.Mapped)
			found, err := trees.Device(d.ID)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				require.NotEmpty(t, err.Error())
			} else {
				require.Equal(t, d.Root, found.Root)
			}
		}
		if len(usage) > 1 {
			out.left = 8 << 20
			d := trees.Delta(usage[0].ThinDevice, usage[len(usage)-1].ThinDevice, DeltaOptions{Same: true})
			for _, verbose := range []bool{false, true} {
				if err := d.WriteXML(out, DeltaFormat{Damage: damage, Verbose: verbose}); err != nil && errs <= enough {
					require.ErrorIs(t, err, io.ErrShortWrite)
				}
			}
		}
	}
	if sound {
		require.Zero(t, errs)
	}
}

// limitedWriter fails when enough was written: hostile metadata may be of endless
// length when it is dumped.
type limitedWriter struct{ left int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

package interop_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

// setting is a number from the environment: ROK_INTEROP_SEED for the seed of the
// first round, ROK_INTEROP_OPERATIONS for how many there are in all.
func setting(t testing.TB, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

const (
	roundLength = 100
	slice       = 150 // operations in the pure ring
)

// Random operations, by lvm2 and by rok in turns. Without ROK_INTEROP_OPERATIONS
// it is a slice, and the same one each time: what is new is found by make
// test-interop, and not by somebody else's change.
func TestRandom(t *testing.T) {
	needLVM2(t)
	began := time.Now()
	total, usual := int(setting(t, "ROK_INTEROP_OPERATIONS", slice)), began.Unix()
	if total == slice {
		usual = 1
	}
	seed := setting(t, "ROK_INTEROP_SEED", usual)
	y := newTally(kinds)
	for round, n := int64(0), 0; n < total || n < total*5/4 && y.lacks(total >= 2000, y.least); round++ {
		played := false
		t.Run(fmt.Sprint("seed ", seed+round), func(t *testing.T) {
			played = true
			r := rand.New(rand.NewPCG(uint64(seed+round), 3))
			m := newMatch(t, drawSizes(r), y)
			g := &generator{r: r, s: m.first, kinds: kinds, done: y.of}
			for range length(roundLength, total-n) {
				m.play(g.next(m.state))
				n++
			}
		})
		if !played {
			break // another test was asked for with -run
		}
		if t.Failed() && total == slice {
			break
		}
		if t.Failed() {
			n += roundLength / 10 // a round that fails counts for something: it ends
		}
	}
	y.print(t, time.Since(began))
	if total >= 2000 {
		y.requireShares(t, y.least)
	}
}

// length is that of a round where so many operations are left; none are left where
// there was not enough of a kind.
func length(round, left int) int {
	if left <= 0 {
		return round / 4
	}
	return min(round, left)
}

// drawSizes draws one to eight disks.
func drawSizes(r *rand.Rand) (sizes []units.Bytes) {
	for range 1 + r.IntN(8) {
		sizes = append(sizes, 6*units.MiB+units.Bytes(r.IntN(20*1024))*units.KiB)
	}
	return sizes
}

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

// series is a run of random operations in rounds, each with disks of its own.
type series struct {
	kinds  []kind
	slice  int // operations where ROK_INTEROP_OPERATIONS does not say how many
	whole  int // from so many on, there must be enough of each kind
	round  int // operations of a round
	wrong  int // how many in a hundred are to be refused
	stream uint64
	sizes  func(*rand.Rand) []units.Bytes
	// What a round begins and ends with, beside the operations; may be nil.
	begin func(*match, *rand.Rand)
	end   func(*match)
	// How often a kind must come from who did it least, or from both together.
	enough func(y *tally, kind string) int
}

// play plays it. Without ROK_INTEROP_OPERATIONS it is a slice, and the same one each
// time: what is new is found by make test-interop, and not by somebody else's change.
func (s series) play(t *testing.T) {
	began := time.Now()
	total, usual := int(setting(t, "ROK_INTEROP_OPERATIONS", int64(s.slice))), began.Unix()
	if total == s.slice {
		usual = 1
	}
	seed := setting(t, "ROK_INTEROP_SEED", usual)
	y := newTally(s.kinds)
	enough := func(kind string) int { return s.enough(y, kind) }
	for round, n := int64(0), 0; n < total || n < total*5/4 && y.lacks(total >= s.whole, enough); round++ {
		played := false
		t.Run(fmt.Sprint("seed ", seed+round), func(t *testing.T) {
			played = true
			r := rand.New(rand.NewPCG(uint64(seed+round), s.stream))
			m := newMatch(t, s.sizes(r), y)
			g := &generator{r: r, s: m.first, kinds: s.kinds, wrong: s.wrong, done: y.of}
			if s.begin != nil {
				s.begin(m, r)
			}
			for range length(s.round, total-n) {
				m.play(g.next(m.state))
				n++
			}
			if s.end != nil {
				s.end(m)
			}
		})
		if !played || t.Failed() && total == s.slice {
			break // another test was asked for with -run
		}
		if t.Failed() {
			n += s.round / 10 // a round that fails counts for something: it ends
		}
	}
	y.print(t, time.Since(began))
	if total >= s.whole {
		y.requireShares(t, enough)
	}
}

// Random operations, by lvm2 and by rok in turns.
func TestRandom(t *testing.T) {
	needLVM2(t)
	series{
		kinds: kinds, slice: 150, whole: 2000, round: 100, wrong: 8, stream: 3, sizes: drawSizes,
		enough: (*tally).least,
	}.play(t)
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

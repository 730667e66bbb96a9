package composertest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// Place is where a history is played: a bucket that is empty, and the history's own.
type Place struct {
	Bucket store.Bucket
	// Keys are the keys of all that is stored, each as often as anything is stored under it, old versions too. Nil: what
	// Bucket lists is all.
	Keys func(t *testing.T) []string
	// Disturb is called between steps, and may do what no user of the bucket must notice: a daemon begins anew. Nil:
	// nothing.
	Disturb func(t *testing.T)
}

// Seeds say which histories are played.
type Seeds struct{ First, Count uint64 }

// SeedsOf are those seeds, unless the environment says others: ROK_COMPOSER_HISTORIES is how many, and
// ROK_COMPOSER_HISTORY the first, which alone is the only one. getenv is os.Getenv.
func SeedsOf(getenv func(string) string, s Seeds) Seeds {
	first, err := strconv.ParseUint(getenv("ROK_COMPOSER_HISTORY"), 10, 64)
	if err == nil {
		s = Seeds{first, 1}
	}
	if n, err := strconv.ParseUint(getenv("ROK_COMPOSER_HISTORIES"), 10, 64); err == nil {
		s.Count = n
	}
	return s
}

// enough is how many histories have all in them that [did] counts.
const enough = 50

// TestModel plays histories, each in a place of its own that open makes, and has closed when its test ends. In
// each, all maps are read after each step, and are what was acknowledged; in the end, when all rights have run out, one
// collection leaves nothing that no map needs.
func TestModel(t *testing.T, open func(t *testing.T) Place, s Seeds) {
	d := &did{counts: map[string]int{}}
	for seed := s.First; seed < s.First+s.Count; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { play(t, seed, open(t), d) })
	}
	t.Logf("seeds %d to %d: %s", s.First, s.First+s.Count-1, d)
	if s.Count >= enough { // it is no test where nothing of the kind happens
		for _, what := range []string{
			"register", "update", "group", "grown", "shrunk", "upgrade", "restore", "label", "remove", "retain", "retained", "let go",
			"verify", "damage", "healed", "mended", "collect", "delete backups", "backup removed", "freed",
			"killed before", "killed behind", "killed, late", "between", "at once", "both at one name", "both made it", "collected at once", "verified at once",
			"dropped", "reply dropped", "delayed", "repeated", "out of order", "again", "resumed",
			"encrypted", "sha256", "blake3", "v3", "v4 flat", "v4 of degree 16", "v4 of degree 32", "v4 of degree 128",
			"blocks of 64KiB", "blocks of 128KiB", "blocks of 256KiB",
		} {
			require.Positive(t, d.counts[what], what)
		}
	}
}

// did counts what happened in all histories.
type did struct {
	mu     sync.Mutex
	counts map[string]int
}

func (d *did) add(what string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[what] += n
}

func (d *did) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := ""
	for _, what := range slices.Sorted(maps.Keys(d.counts)) {
		text += fmt.Sprintf("%s: %d, ", what, d.counts[what])
	}
	return text
}

package s3test

import (
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer/composertest"
)

// TestComposerModel plays the histories of package composer over S3, with and without versions, over a network that is
// unreliable, and through a daemon. In the end the server itself has nothing that no map needs. ROK_COMPOSER_HISTORIES says
// how many of each, and ROK_COMPOSER_HISTORY which is the first, or the only one.
func TestComposerModel(t *testing.T) {
	for _, test := range []struct {
		name                      string
		versions, flaky, bySocket bool
		seeds                     composertest.Seeds
	}{
		{name: "Plain", seeds: composertest.Seeds{First: 1, Count: 1}},
		{name: "Versioned", versions: true, seeds: composertest.Seeds{First: 3, Count: 1}},
		{name: "Unreliable", versions: true, flaky: true, seeds: composertest.Seeds{First: 4, Count: 1}},
		{name: "Daemon", bySocket: true, seeds: composertest.Seeds{First: 5, Count: 1}},
		{name: "DaemonVersioned", versions: true, bySocket: true, seeds: composertest.Seeds{First: 6, Count: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			composertest.TestModel(t, func(t *testing.T) composertest.Place {
				f := &flaky{rng: rand.New(rand.NewPCG(1, 1))}
				url, backend := fake(t, f.handler)
				if test.versions {
					versioned(t, backend)
				}
				c := config(url)
				c.Limits.Request, c.Limits.Total = time.Minute, 5*time.Minute // also on a machine that has no time
				b := open(t, c)
				f.begin(test.flaky)
				p := composertest.Place{Bucket: b, Keys: func(t *testing.T) []string { return served(t, backend) }}
				if test.bySocket {
					p.Bucket, _ = throughDaemon(t, b)
				}
				return p
			}, composertest.SeedsOf(os.Getenv, test.seeds))
		})
	}
}

// served are the keys of all that a server has, all versions.
func served(t *testing.T, backend *s3mem.Backend) (keys []string) {
	for _, key := range remains(t, backend) {
		key, below := strings.CutPrefix(key, "some/where/")
		require.True(t, below, key)
		keys = append(keys, key)
	}
	return keys
}

// flaky is a network that loses a request now and then, or its reply, or has it done twice.
type flaky struct {
	mu  sync.Mutex
	rng *rand.Rand
	on  bool
}

func (f *flaky) begin(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
}

func (f *flaky) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		n := -1
		if f.on {
			n = f.rng.IntN(400)
		}
		f.mu.Unlock()
		switch n {
		case 0:
			slowDown(w, r, next)
		case 1:
			resetBefore(w, r, next)
		case 2:
			resetAfter(w, r, next)
		case 3:
			truncated(w, r, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

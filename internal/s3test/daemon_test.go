package s3test

import (
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon/daemontest"
	"github.com/rok-storage/rok/store/s3"
)

// throughDaemon is a bucket as a client of the daemon sees it, with cache and journal between. flush waits until
// all is up.
func throughDaemon(t *testing.T, b store.Bucket) (c store.Bucket, flush func()) {
	d, err := daemontest.Through(b, filepath.Join(t.TempDir(), "daemon"), true)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d, func() { require.NoError(t, d.Journal.Barrier(t.Context())) }
}

// With Assume nothing on the wire asks about versions, whatever is done through the daemon.
func TestDaemonAssumesNoVersioning(t *testing.T) {
	var count atomic.Int64
	url, _ := fake(t, noVersioning(&count))
	c := config(url)
	c.Versioning = s3.Assume
	b, _ := throughDaemon(t, open(t, c))
	daemonSuite(t, b)
	for _, key := range []string{"map/a", "blk/00/a", "node/00/a"} {
		put(t, b, key, key, store.Condition{})
		put(t, b, key, key+" again", store.Condition{})
		require.Equal(t, key+" again", get(t, b, key))
	}
	require.NoError(t, b.Delete(t.Context(), keys(t, b.List(t.Context(), ""))...))
	require.Empty(t, keys(t, b.List(t.Context(), "")))
	require.Zero(t, count.Load())
}

// Of a bucket with versions nothing remains that was deleted through the daemon.
func TestDaemonDeletesVersions(t *testing.T) {
	url, backend := fake(t, nil)
	versioned(t, backend)
	b, _ := throughDaemon(t, open(t, config(url)))
	for range 3 {
		for _, key := range []string{"map/a", "blk/00/a", "blk/00/b", "node/00/a"} {
			put(t, b, key, key, store.Condition{})
			require.Equal(t, key, get(t, b, key))
		}
	}
	require.NoError(t, b.Delete(t.Context(), "map/a", "blk/00/a", "node/00/a", "blk/00/b"))
	require.Empty(t, remains(t, backend))
}

// A service that is slow to take blocks holds up nothing but what could name them; what was accepted comes up when it
// takes them again.
func TestDaemonRepeats(t *testing.T) {
	f := &faults{}
	url, backend := fake(t, f.handler)
	b, flush := throughDaemon(t, open(t, config(url)))
	f.arm(5, http.MethodPut, slowDown)
	for _, key := range []string{"blk/00/a", "blk/00/b", "blk/00/c"} {
		put(t, b, key, key, store.Condition{})
		require.Equal(t, key, get(t, b, key))
	}
	flush()
	require.Len(t, remains(t, backend), 3)
}

func TestDaemonOverS3(t *testing.T) {
	url, _ := fake(t, nil)
	b, _ := throughDaemon(t, open(t, config(url)))
	daemonSuite(t, b)
	_, err := store.New(t.Context(), b, store.Options{Create: true})
	require.NoError(t, err)
	_, err = store.New(t.Context(), b, store.Options{})
	require.NoError(t, err)
}

// daemonSuite is the suite but for putAndGet, which wants the version of a block to stay when it comes up.
func daemonSuite(t *testing.T, b store.Bucket) {
	conditions(t, b)
	oneWins(t, b)
	list(t, b)
	missing(t, b)
}

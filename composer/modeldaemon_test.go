package composer_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer/composertest"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

// TestModelDaemon plays the histories through the socket of a daemon: with nothing between it and the bucket, and with a cache
// and a journal, which begin anew now and then.
func TestModelDaemon(t *testing.T) {
	count := uint64(4)
	if testing.Short() {
		count = 1
	}
	t.Run("Plain", func(t *testing.T) {
		composertest.TestModel(t, func(t *testing.T) composertest.Place {
			s := &serving{dir: t.TempDir(), above: &storetest.Memory{}}
			return s.place(t)
		}, composertest.SeedsOf(os.Getenv, composertest.Seeds{First: 71, Count: count}))
	})
	t.Run("Journal", func(t *testing.T) {
		composertest.TestModel(t, func(t *testing.T) composertest.Place {
			s := &serving{dir: t.TempDir(), above: &storetest.Memory{}, journal: true}
			return s.place(t)
		}, composertest.SeedsOf(os.Getenv, composertest.Seeds{First: 81, Count: (count + 1) / 2}))
	})
	t.Run("Dir", func(t *testing.T) {
		composertest.TestModel(t, func(t *testing.T) composertest.Place {
			s := &serving{dir: t.TempDir(), above: directory(t)}
			return s.place(t)
		}, composertest.SeedsOf(os.Getenv, composertest.Seeds{First: 91, Count: (count + 3) / 4}))
	})
}

// serving is a daemon, which can end and begin again.
type serving struct {
	dir     string
	above   store.Bucket
	journal bool // with a cache below it
	stop    func(t *testing.T)
}

// place is the bucket of a client.
func (s *serving) place(t *testing.T) composertest.Place {
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	c, err := daemon.Dial(t.Context(), s.socket())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return composertest.Place{Bucket: c, Keys: s.keys, Disturb: func(t *testing.T) {
		s.stop(t)
		s.start(t)
	}}
}

func (s *serving) socket() string { return filepath.Join(s.dir, "s") }

// keys are those above: what the daemon itself has is no object.
func (s *serving) keys(t *testing.T) (keys []string) {
	for info, err := range s.above.List(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

func (s *serving) start(t *testing.T) {
	b, end := s.above, func() {}
	if s.journal {
		cache, err := daemon.OpenCache(b, filepath.Join(s.dir, "cache"), 64<<20)
		require.NoError(t, err)
		journal, err := daemon.OpenJournal(context.Background(), cache, daemon.JournalConfig{
			Dir: filepath.Join(s.dir, "journal"), First: time.Millisecond, Longest: 5 * time.Millisecond,
		})
		require.NoError(t, err)
		b, end = journal, func() {
			require.NoError(t, journal.Close())
			require.NoError(t, cache.Close())
		}
	}
	l, err := daemon.Listen(s.socket(), 0o600)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- daemon.Serve(ctx, l, daemon.Config{Bucket: b, Spool: s.dir}) }()
	s.stop = func(t *testing.T) {
		cancel()
		require.NoError(t, <-done)
		end()
	}
}

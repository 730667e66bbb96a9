package daemon_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

// served is a bucket as a client of a daemon sees it, in a directory that is made for it; with a journal and a cache, or without.
func served(behind store.Bucket, dir string, journaled bool) (_ model.Place, err error) {
	var ends []func() error // the last first
	end := func() error {
		var errs []error
		for i := len(ends) - 1; i >= 0; i-- {
			errs = append(errs, ends[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return model.Place{}, err
	}
	ends = append(ends, func() error { return os.RemoveAll(dir) })
	place := model.Place{Inside: behind, Keys: func() ([]string, error) { return keysOf(behind) }}
	bucket := behind
	if journaled {
		cache, err := daemon.OpenCache(behind, filepath.Join(dir, "cache"), 1<<20)
		if err != nil {
			return place, err
		}
		ends = append(ends, cache.Close)
		journal, err := daemon.OpenJournal(context.Background(), cache, daemon.JournalConfig{Dir: filepath.Join(dir, "journal"), First: time.Millisecond})
		if err != nil {
			return place, err
		}
		ends = append(ends, journal.Close)
		bucket = journal
	}
	path := filepath.Join(dir, "s")
	l, err := daemon.Listen(path, 0o600)
	if err != nil {
		return place, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Serve(ctx, l, daemon.Config{Bucket: bucket, Spool: dir}) }()
	ends = append(ends, func() error { cancel(); return <-ended })
	client, err := daemon.Dial(ctx, path)
	if err != nil {
		return place, err
	}
	ends = append(ends, client.Close)
	place.Bucket, place.Close = client, end
	return place, nil
}

func keysOf(b store.Bucket) (keys []string, err error) {
	for info, err := range b.List(context.Background(), "") {
		if err != nil {
			return nil, err
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// kinds of daemons that histories are played on.
func kinds(t *testing.T) map[string]model.Open {
	dir := t.TempDir()
	memory := func(journaled bool) model.Open {
		return func(h model.History) (model.Place, error) {
			return served(&storetest.Memory{}, filepath.Join(dir, strconv.FormatUint(h.Seed, 10)), journaled)
		}
	}
	return map[string]model.Open{
		"memory":  memory(false),
		"journal": memory(true),
		"dir": func(h model.History) (model.Place, error) {
			path := filepath.Join(dir, "dir-"+strconv.FormatUint(h.Seed, 10))
			d, err := store.NewDir(path, store.DirOptions{Create: true})
			if err != nil {
				return model.Place{}, err
			}
			place, err := served(d, filepath.Join(dir, strconv.FormatUint(h.Seed, 10)), h.Seed%2 == 0)
			end := place.Close
			place.Close = func() error { return errors.Join(end(), d.Close(), os.RemoveAll(path)) }
			return place, err
		},
	}
}

func TestModel(t *testing.T) {
	for name, open := range kinds(t) {
		t.Run(name, func(t *testing.T) { model.Histories(t, model.Asked(os.Getenv, 24), open) })
	}
}

// What goes through a socket is the same history, call by call.
func TestModelIsThatOfMemory(t *testing.T) {
	inMemory := func(model.History) (model.Place, error) { return model.Place{Bucket: &storetest.Memory{}}, nil }
	kinds := kinds(t)
	for _, seed := range []uint64{1, 2, 3, 4} {
		trace := model.Trace(t, seed, inMemory)
		require.Equal(t, trace, model.Trace(t, seed, kinds["memory"]))
		require.Equal(t, trace, model.Trace(t, seed, kinds["journal"]))
	}
}

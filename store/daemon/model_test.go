package daemon_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon/daemontest"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

// served is a bucket as a client of a daemon sees it. Inside are its own objects.
func served(b store.Bucket, dir string, journaled bool) (model.Place, error) {
	d, err := daemontest.Through(b, dir, journaled)
	if err != nil {
		return model.Place{}, err
	}
	return model.Place{Bucket: d, Inside: b, Keys: model.KeysOf(b), Close: d.Close}, nil
}

// daemons that histories are played on.
func daemons(t *testing.T) map[string]model.Open {
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
	for name, open := range daemons(t) {
		t.Run(name, func(t *testing.T) { model.Histories(t, model.Asked(os.Getenv, 24), open) })
	}
}

// What goes through a socket is the same history, call by call.
func TestModelIsThatOfMemory(t *testing.T) {
	inMemory := func(model.History) (model.Place, error) {
		return model.Place{Bucket: &keeps{Memory: &storetest.Memory{}}}, nil // a client is asked for old versions, too
	}
	daemons := daemons(t)
	for _, seed := range []uint64{1, 2, 3, 4} {
		trace := model.Trace(t, seed, inMemory)
		require.Equal(t, trace, model.Trace(t, seed, daemons["memory"]))
		require.Equal(t, trace, model.Trace(t, seed, daemons["journal"]))
	}
}

func TestModelDirected(t *testing.T) {
	for name, open := range daemons(t) {
		t.Run(name, func(t *testing.T) { model.Directed(t, open) })
	}
}

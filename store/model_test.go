package store_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

func inMemory(h model.History) (model.Place, error) {
	return model.Place{Bucket: &storetest.Memory{Now: h.Now}}, nil
}

// inSilence is a place whose bucket does not say whether it keeps conditions, and whose versions are sums of contents.
func inSilence(h model.History) (model.Place, error) {
	memory := &storetest.Memory{Now: h.Now, Sums: true}
	return model.Place{Bucket: silent{memory}, Inside: memory}, nil
}

func TestModel(t *testing.T) {
	model.Histories(t, model.Asked(os.Getenv, 700), inMemory)
}

// Whether such a bucket keeps conditions is found out by writing, which is lost, late, and killed as all else.
func TestModelOfASilentBucket(t *testing.T) {
	model.Histories(t, model.Asked(os.Getenv, 100), inSilence)
}

// inDir is a directory: each second one as a machine's own, the others as if they were far away.
func inDir(path string) model.Open {
	return func(h model.History) (model.Place, error) {
		path := filepath.Join(path, strconv.FormatUint(h.Seed, 10))
		d, err := store.NewDir(path, store.DirOptions{Create: true})
		place := model.Place{Bucket: d, Close: func() error {
			if err := d.Close(); err != nil {
				return err
			}
			return os.RemoveAll(path)
		}}
		if h.Seed%2 == 0 {
			place.Bucket = far{d}
		}
		return place, err
	}
}

// far is a bucket that is not of this machine.
type far struct{ *store.Dir }

func (far) Local() bool { return false }

func TestModelDir(t *testing.T) {
	model.Histories(t, model.Asked(os.Getenv, 30), inDir(t.TempDir()))
}

// A seed is one history, down to the order of calls.
func TestModelSeedIsOneHistory(t *testing.T) {
	for seed := uint64(1); seed <= 9; seed++ {
		if seed%5 == 0 {
			continue // encrypted, with names that come of the store's random id
		}
		for _, open := range []model.Open{inMemory, inSilence, inDir(t.TempDir())} {
			trace := model.Trace(t, seed, open)
			require.NotEmpty(t, trace)
			require.Equal(t, trace, model.Trace(t, seed, open))
		}
	}
}

func TestModelDirected(t *testing.T) {
	model.Directed(t, inMemory)
	model.Directed(t, inSilence)
	model.Directed(t, inDir(t.TempDir()))
}

package composer_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/units"
)

// vastBlocks are more than a list has in the piece that is read at once.
const vastBlocks = 40_000

// vast is a volume with a byte in its last block.
type vast struct{}

func (vast) Size() units.Bytes { return vastBlocks * block }

func (v vast) NextData(off units.Bytes) (maps.Range, error) {
	return maps.Range{Start: max(off, v.Size()-block), Length: min(block, v.Size()-off)}, nil
}

func (vast) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	p[0] = 1
	return len(p), nil
}

// publishVast makes a list of so many ids that nobody looks behind.
func (w *world) publishVast(name string) {
	w.t.Helper()
	var body bytes.Buffer
	m, err := maps.NewWriter(&body, nil, maps.Spec{Shape: maps.Shape{Version: 3, BlockSize: block, Size: vastBlocks * block}})
	require.NoError(w.t, err)
	for i := range uint64(vastBlocks) {
		require.NoError(w.t, m.Add(w.t.Context(), i, maps.ID{1, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	_, err = m.Finish(w.t.Context())
	require.NoError(w.t, err)
	_, err = w.bucket.Put(w.t.Context(), "map/"+name, bytes.NewReader(body.Bytes()), store.Condition{})
	require.NoError(w.t, err)
}

// atPieces does something again and again, and at each piece of a map's bytes that is read, in turn, the map is removed. Before, it
// is put back.
func (w *world) atPieces(name string, do func(*store.Store) error) (times int) {
	body := w.bytesOf(name)
	faulty := &storetest.Faulty{Bucket: w.bucket}
	st := w.open(faulty)
	for n := 1; ; n++ {
		_, err := w.bucket.Put(w.t.Context(), "map/"+name, bytes.NewReader(body), store.Condition{})
		require.NoError(w.t, err)
		piece := 0
		faulty.Plan = func(c storetest.Call) storetest.Fault {
			if c.Op == "get" && c.Key == "map/"+name {
				if piece++; piece == n {
					return storetest.Fault{Hook: func(context.Context) { w.remove("map/" + name) }}
				}
			}
			return storetest.Fault{}
		}
		require.NoError(w.t, do(st), "piece %d", n)
		if piece < n {
			return n - 1
		}
	}
}

// Two who remove backups do not get into each other's way.
func TestDeleteBackupsThatAreRemoved(t *testing.T) {
	w := newWorld(t)
	w.publishVast("disk")
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
	require.NoError(t, err)
	require.Greater(t, w.atPieces("disk~v3.bak", func(st *store.Store) error {
		_, err := composer.Collect(t.Context(), st, composer.CollectRequest{Backups: true})
		return err
	}), 1)
}

// Without its base, all of a volume is read.
func TestRegisterWhoseBaseIsRemoved(t *testing.T) {
	w := newWorld(t)
	w.publishVast("base")
	require.Greater(t, w.atPieces("base", func(st *store.Store) error {
		if _, err := w.bucket.Stat(t.Context(), "map/new"); err == nil {
			w.remove("map/new")
		}
		r := w.request("new", vast{})
		r.Volumes[0].Base = "base"
		result, err := composer.Register(t.Context(), st, r)
		if errors.Is(err, store.ErrMissing) { // it was removed before it was opened
			return nil
		}
		if err == nil {
			require.NoError(t, result.Maps[0].BaseErr, "it is no damage")
		}
		return err
	}), 1)
}

// A map whose backup goes while they are compared is not compared.
func TestVerifyWhoseBackupIsRemoved(t *testing.T) {
	w := newWorld(t)
	w.publishVast("disk")
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
	require.NoError(t, err)
	told := false
	w.atPieces("disk~v3.bak", func(st *store.Store) error {
		result, err := composer.Verify(t.Context(), st, composer.VerifyRequest{Names: []string{"disk"}, Dir: w.state, NoMarks: true})
		if _, found := errors.AsType[*composer.VerifyError](err); found { // its blocks are not there
			err = nil
		}
		told = told || strings.Contains(result.Maps[0].Note, "removed while it was read")
		return err
	})
	require.True(t, told)
}

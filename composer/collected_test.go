package composer_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// condemn leaves a map whose objects are all condemned: somebody who began before has published its bytes again behind
// the mark. It returns who ends that session, so that what is condemned may be deleted.
func (w *world) condemn(name string) (end func()) {
	w.t.Helper()
	ctx := w.t.Context()
	former, err := w.store.Begin(ctx, store.SessionOptions{Purpose: "former"})
	require.NoError(w.t, err)
	_, _, err = former.Base(ctx, name)
	require.NoError(w.t, err)
	body := w.bytesOf(name)
	require.NoError(w.t, w.store.Remove(ctx, name, ""))
	c, err := w.store.Collect(ctx, store.CollectOptions{})
	require.NoError(w.t, err)
	require.Len(w.t, c.Waiting, 1)
	_, err = former.Publish(ctx, name, bytes.NewReader(body), store.Condition{Absent: true})
	require.NoError(w.t, err)
	return func() {
		if err := former.End(context.Background()); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) collect() store.Collected {
	c, err := w.store.Collect(context.Background(), store.CollectOptions{})
	if err != nil {
		w.t.Errorf("collect: %v", err)
	}
	return c
}

// collectedEverywhere does the same in worlds of their own, in which all objects of one map are condemned. At each call of the store
// in turn, that map is removed, and what is condemned is deleted. All maps that there are then, have what want says. It
// returns how often do succeeded in spite of that.
func collectedEverywhere(t *testing.T, set func(*world), gone string, do func(*world, *store.Store) error, want map[string][]byte) (done int) {
	t.Helper()
	for n := 1; ; n++ {
		w := newWorld(t)
		set(w)
		faulty := &storetest.Faulty{Bucket: w.bucket}
		st := w.open(faulty)
		end := w.condemn(gone)
		before, freed, removed := faulty.Calls(), int64(0), false
		faulty.Plan = storetest.Nth(before+n, storetest.Fault{Hook: func(ctx context.Context) {
			if _, err := w.bucket.Stat(ctx, "lock/map/"+gone); errors.Is(err, store.ErrMissing) { // else it would wait
				if err := w.store.Remove(ctx, gone, ""); err != nil {
					t.Error(err)
				}
				removed = true
			}
			end()
			freed = w.collect().Freed.Objects
		}})
		err := do(w, st)
		if faulty.Calls() < before+n {
			end()
			require.NoError(t, err)
			return done
		}
		for range 3 {
			freed += w.collect().Freed.Objects
		}
		require.True(t, freed > 0 || !removed, "call %d", n)
		switch {
		case err == nil:
			done++
		case errors.Is(err, store.ErrMissing), errors.Is(err, store.ErrChanged), errors.Is(err, maps.ErrCorrupt):
		default:
			t.Fatalf("call %d: %v", n, err)
		}
		for _, name := range w.names() {
			require.Equal(t, want[name], w.read(name), "map %s, call %d: %v", name, n, err)
		}
		if t.Failed() {
			t.Fatalf("call %d: %v", n, err)
		}
	}
}

// few are 20 blocks, two nodes of the smallest degree, most of them zeros.
func few() []byte { return noise(1, 20, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18) }

func TestUpdateCollectedEverywhere(t *testing.T) {
	data := few()
	changed := bytes.Clone(data)
	copy(changed[5*block:6*block], noise(2, 1))
	for _, s := range shapes[:3] {
		for _, other := range []bool{false, true} { // than the base's shape
			done := collectedEverywhere(t,
				func(w *world) { w.registerAs("base", data, s.version, s.degree) }, "base",
				func(w *world, st *store.Store) error {
					r := w.request("new", memorySource(changed))
					r.StateDir, r.Workers = "", 1
					r.Volumes[0].Base = "base"
					r.Volumes[0].Changed = []maps.Range{{Start: 5 * block, Length: block}}
					if degree := 32; other {
						r.Asked = composer.Asked{Version: 4, Degree: &degree}
					}
					_, err := composer.Register(w.t.Context(), st, r)
					return err
				}, map[string][]byte{"base": data, "new": changed})
			require.Positive(t, done)
		}
	}
}

func TestRegisterCollectedEverywhere(t *testing.T) {
	data := few()
	done := collectedEverywhere(t,
		func(w *world) { w.registerAs("base", data, 4, 16) }, "base",
		func(w *world, st *store.Store) error {
			r := w.request("new", memorySource(data))
			r.StateDir, r.Workers, r.Volumes[0].Base = "", 1, "base"
			degree := 16
			r.Asked = composer.Asked{Version: 4, Degree: &degree}
			_, err := composer.Register(w.t.Context(), st, r)
			return err
		}, map[string][]byte{"base": data, "new": data})
	require.Positive(t, done)
}

func TestRestoreCollectedEverywhere(t *testing.T) {
	data := few()
	done := collectedEverywhere(t,
		func(w *world) {
			w.registerAs("disk", data, 3, 0)
			_, err := composer.Upgrade(w.t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
			require.NoError(w.t, err)
			require.NoError(w.t, w.store.Remove(w.t.Context(), "disk", ""))
		}, "disk~v3.bak",
		func(w *world, st *store.Store) error {
			_, err := composer.Restore(w.t.Context(), st, composer.UpgradeRequest{Names: []string{"disk"}})
			return err
		}, map[string][]byte{"disk": data, "disk~v3.bak": data})
	require.Positive(t, done)
}

func TestUpgradeCollectedEverywhere(t *testing.T) {
	data := few()
	for _, s := range shapes[:2] {
		collectedEverywhere(t,
			func(w *world) { w.registerAs("disk", data, s.version, 0) }, "disk",
			func(w *world, st *store.Store) error {
				_, err := composer.Upgrade(w.t.Context(), st, composer.UpgradeRequest{Degree: 16})
				return err
			}, map[string][]byte{"disk": data, "disk~v3.bak": data})
	}
}

func TestLabelCollectedEverywhere(t *testing.T) {
	data := few()
	for _, s := range shapes[:3] {
		collectedEverywhere(t,
			func(w *world) { w.registerAs("disk", data, s.version, s.degree) }, "disk",
			func(w *world, st *store.Store) error {
				_, err := composer.SetLabels(w.t.Context(), st, "disk", []composer.Label{{Key: "tier", Value: "1"}})
				return err
			}, map[string][]byte{"disk": data})
	}
}

// A backup that is replaced between being opened and being counted on is not published: its former objects are nobody's.
func TestRestoreOfBackupThatChanges(t *testing.T) {
	w := newWorld(t)
	data := few()
	w.registerAs("disk", data, 3, 0)
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
	require.NoError(t, err)
	require.NoError(t, w.store.Remove(t.Context(), "disk", ""))
	w.registerAs("other", noise(2, 20), 3, 0)
	faulty := &storetest.Faulty{Bucket: w.bucket}
	st := w.open(faulty)
	replaced := false
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		if c.Key != "map/disk" || replaced { // whether it may be replaced: the backup is open by then
			return storetest.Fault{}
		}
		replaced = true
		return storetest.Fault{Hook: func(ctx context.Context) {
			_, err := w.bucket.Put(ctx, "map/disk~v3.bak", bytes.NewReader(w.bytesOf("other")), store.Condition{})
			if err != nil {
				t.Error(err)
			}
		}}
	}
	_, err = composer.Restore(t.Context(), st, composer.UpgradeRequest{Names: []string{"disk"}})
	require.True(t, replaced)
	require.ErrorIs(t, err, store.ErrChanged)
	require.NotContains(t, w.names(), "disk")
}

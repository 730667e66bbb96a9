package composer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

func (w *world) verify(change func(*composer.VerifyRequest)) (composer.Verification, error) {
	w.t.Helper()
	r := composer.VerifyRequest{Dir: w.state}
	if change != nil {
		change(&r)
	}
	return composer.Verify(w.t.Context(), w.store, r)
}

func TestVerifySound(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 40, 5)
	for i, s := range shapes {
		w.registerAs(string(rune('a'+i)), data, s.version, s.degree)
	}
	w.registerAs("old", data, 3, 0)
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"old"}, Degree: 16})
	require.NoError(t, err)
	result, err := w.verify(nil)
	require.NoError(t, err)
	require.Len(t, result.Maps, 6)
	require.EqualValues(t, 39, result.Blocks)
	require.EqualValues(t, 1+4+1, result.Nodes, "a page, four nodes of degree 16, one of degree 128: each once")
	require.Zero(t, result.Read)
	require.Equal(t, "same as its backup old~v3.bak", result.Maps[4].Note)

	result, err = w.verify(func(r *composer.VerifyRequest) { r.Deep = true })
	require.NoError(t, err)
	require.EqualValues(t, 39, result.Read)
	result, err = w.verify(func(r *composer.VerifyRequest) { r.Sample = 50 })
	require.NoError(t, err)
	require.Less(t, result.Read, int64(39))
	result, err = w.verify(func(r *composer.VerifyRequest) { r.Names = []string{"a"} })
	require.NoError(t, err)
	require.Len(t, result.Maps, 1)
}

func TestVerifyNamesWhatIsHurt(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 60)
	copy(data[50*block:], data[5*block:6*block]) // block 5 is at 50 too
	w.registerAs("tree", data, 4, 16)
	w.registerAs("list", data[:30*block], 3, 0)
	w.registerAs("page", noise(2, 3), 4, 0)
	w.registerAs("sound", noise(3, 3), 3, 0)
	_, missing := w.object("list", maps.Block, 5)
	w.remove(missing)
	flipped, key := w.object("list", maps.Block, 7)
	w.damage(key)
	_, key = w.object("tree", maps.Node, 2) // of blocks 16 to 31
	w.damage(key)
	_, key = w.object("page", maps.Node, 0)
	w.damage(key)
	w.registerAs("none", noise(4, 3), 3, 0)
	w.damage("map/none")

	result, err := w.verify(func(r *composer.VerifyRequest) { r.Deep = true })
	var found *composer.VerifyError
	require.ErrorAs(t, err, &found)
	require.ErrorIs(t, err, maps.ErrCorrupt)
	require.Equal(t, composer.VerifyError{Maps: 4, Objects: 4}, *found)
	damaged := map[string][]maps.Range{}
	for _, m := range result.Maps {
		damaged[m.Name] = m.Damaged
		require.Equal(t, m.Name == "sound", m.Sound())
	}
	require.Equal(t, []maps.Range{
		{Start: 5 * block, Length: block}, {Start: 7 * block, Length: block}, {Start: 16 * block, Length: 16 * block}, {Start: 50 * block, Length: block},
	}, damaged["tree"])
	require.Equal(t, []maps.Range{{Start: 5 * block, Length: block}, {Start: 7 * block, Length: block}}, damaged["list"])
	require.Equal(t, []maps.Range{{Start: 0, Length: 3 * block}}, damaged["page"])
	for _, b := range result.Bad {
		if b.ID == flipped.ID {
			require.Equal(t, []composer.Hurt{{Map: "list", Range: maps.Range{Start: 7 * block, Length: block}}, {Map: "tree", Range: maps.Range{Start: 7 * block, Length: block}}}, b.Hurts)
		}
	}

	// Shallow, what is flipped is not found.
	result, err = w.verify(nil)
	require.Error(t, err)
	require.Len(t, result.Bad, 3)

	// Registering again heals all: what is marked is not counted on.
	w.registerAs("tree", data, 4, 16)
	w.registerAs("page", noise(2, 3), 4, 0)
	w.registerAs("none", noise(4, 3), 3, 0)
	_, err = w.verify(func(r *composer.VerifyRequest) { r.Deep = true })
	require.NoError(t, err)
	require.Equal(t, data[:30*block], w.read("list"))
}

func TestIncrementalHealsWhatIsMarked(t *testing.T) {
	for _, s := range shapes {
		w := newWorld(t)
		data := noise(1, 40)
		w.registerAs("disk", data, s.version, s.degree)
		_, key := w.object("disk", maps.Block, 30)
		w.damage(key)
		_, err := w.verify(func(r *composer.VerifyRequest) { r.Deep = true })
		require.ErrorIs(t, err, maps.ErrCorrupt)
		data[3*block]++
		r := w.request("disk", memorySource(data))
		r.Volumes[0].Changed = []maps.Range{{Start: 3 * block, Length: block}}
		result, err := composer.Register(t.Context(), w.store, r)
		require.NoError(t, err)
		require.Equal(t, 2*block, result.Maps[0].Read.Read())
		require.Equal(t, data, w.read("disk"))
	}
}

func TestVerifyLeavesNoMarks(t *testing.T) {
	w := newWorld(t)
	w.register("disk", noise(1, 3))
	_, key := w.object("disk", maps.Block, 1)
	w.remove(key)
	_, err := w.verify(func(r *composer.VerifyRequest) { r.NoMarks = true })
	require.ErrorIs(t, err, maps.ErrCorrupt)
	for range w.store.Bad(t.Context()) {
		t.Fatal("there is a mark")
	}
}

func TestVerifyGoesOn(t *testing.T) {
	w := newWorld(t)
	w.register("disk", noise(1, 60))
	bad, key := w.object("disk", maps.Block, 1)
	w.damage(key)
	calls := 0
	ctx, cancel := contextWithCancel(t)
	r := composer.VerifyRequest{Dir: w.state, Deep: true, Progress: func(s composer.Step) {
		if calls++; calls == 200 {
			cancel()
		}
	}}
	_, err := composer.Verify(ctx, w.store, r)
	require.Error(t, err)
	r.Progress, r.Resume = nil, true
	result, err := composer.Verify(t.Context(), w.store, r)
	require.ErrorIs(t, err, maps.ErrCorrupt)
	require.Greater(t, result.Resumed, int64(30))
	require.EqualValues(t, 60, result.Resumed+result.Read)
	require.Len(t, result.Bad, 1)
	require.Equal(t, bad.ID, result.Bad[0].ID)
	// Complete: the next one begins anew.
	result, err = composer.Verify(t.Context(), w.store, r)
	require.ErrorIs(t, err, maps.ErrCorrupt)
	require.EqualValues(t, 60, result.Read)
}

func TestVerifyTwinThatDiffers(t *testing.T) {
	w := newWorld(t)
	w.registerAs("disk", noise(1, 3), 3, 0)
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{})
	require.NoError(t, err)
	// The same registration with other content: as if the upgrade had gone wrong.
	backup, _, err := w.store.OpenMap(t.Context(), "disk~v3.bak")
	require.NoError(t, err)
	w.forge("disk", noise(2, 3), backup.Attributes)
	result, err := w.verify(nil)
	require.ErrorIs(t, err, maps.ErrCorrupt)
	require.ErrorIs(t, result.Maps[0].Err, composer.ErrTwin)
	// Registered anew, it may differ.
	w.register("disk", noise(4, 3))
	result, err = w.verify(nil)
	require.NoError(t, err)
	require.Equal(t, "registered anew since its backup disk~v3.bak", result.Maps[0].Note)
}

// forge publishes a map with attributes of another.
func (w *world) forge(name string, data []byte, attributes []maps.Attribute) {
	w.t.Helper()
	s, err := w.store.Begin(w.t.Context(), store.SessionOptions{})
	require.NoError(w.t, err)
	var body writerAt
	_, err = maps.Build(w.t.Context(), &body, s, memorySource(data), maps.Spec{
		Shape: maps.Shape{Version: 4, BlockSize: block, Size: memorySource(data).Size()}, Attributes: attributes,
	})
	require.NoError(w.t, err)
	_, err = s.Publish(w.t.Context(), name, body.reader(), store.Condition{})
	require.NoError(w.t, err)
	require.NoError(w.t, s.End(w.t.Context()))
}

// A name that no map has is no damage, and the others are verified.
func TestVerifyOfNoMap(t *testing.T) {
	w := newWorld(t)
	w.register("disk", noise(1, 3))
	named := func(r *composer.VerifyRequest) { r.Names = []string{"none", "disk"} }
	result, err := w.verify(named)
	require.ErrorIs(t, err, maps.ErrMissing)
	require.NotErrorIs(t, err, maps.ErrCorrupt)
	require.ErrorContains(t, err, "verify none")
	require.Len(t, result.Maps, 1)
	require.Equal(t, "disk", result.Maps[0].Name)
	_, key := w.object("disk", maps.Block, 1)
	w.remove(key)
	_, err = w.verify(named)
	require.ErrorIs(t, err, maps.ErrMissing)
	require.ErrorIs(t, err, maps.ErrCorrupt)
}

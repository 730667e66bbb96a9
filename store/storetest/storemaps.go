package storetest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

func (t *storeTest) maps() {
	build := func(n int) []byte {
		b := maps.ID{byte(n)}
		return bytes.Repeat(b[:], n)
	}
	for _, n := range []int{1, 1000, 70_000} {
		name := fmt.Sprintf("web/%d", n)
		info, err := t.w.Publish(t.ctx, name, bytes.NewReader(build(n)), store.Condition{Absent: true})
		require.NoError(t, err)
		require.Equal(t, int64(len(build(n))), info.Size)
		require.NotEmpty(t, info.Version)
		f, err := t.s.OpenFile(t.ctx, name)
		require.NoError(t, err)
		require.Equal(t, info.Version, f.Version)
		got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
		require.NoError(t, err)
		require.True(t, bytes.Equal(build(n), got))
		_, err = t.w.Publish(t.ctx, name, bytes.NewReader(build(n)), store.Condition{Absent: true})
		require.ErrorIs(t, err, store.ErrExists)
	}
	count := 0
	for info, err := range t.s.Maps(t.ctx, "web/") {
		require.NoError(t, err)
		require.Equal(t, int64(32*map[string]int{"web/1": 1, "web/1000": 1000, "web/70000": 70_000}[info.Name]), info.Size)
		count++
	}
	require.Equal(t, 3, count)
	_, err := t.s.OpenFile(t.ctx, "none")
	require.ErrorIs(t, err, store.ErrMissing)
	_, err = t.s.OpenFile(t.ctx, "../x")
	require.ErrorIs(t, err, store.ErrName)
	t.changedMap(build)

	t.setRaw("map/web/1", t.raw("map/web/1000")) // exchanged by somebody who has the bucket
	f, err := t.s.OpenFile(t.ctx, "web/1")
	require.NoError(t, err)
	_, err = f.ReadAt(make([]byte, 1), 0)
	if t.key != nil {
		require.ErrorIs(t, err, store.ErrCorrupt)
	} else {
		require.NoError(t, err)
	}
}

// changedMap: who has opened a map hears that it is another, unless it is what it was.
func (t *storeTest) changedMap(build func(int) []byte) {
	old, err := t.s.OpenFile(t.ctx, "web/70000")
	require.NoError(t, err)
	other := build(70_000)
	other[0]++
	_, err = t.w.Publish(t.ctx, "web/70000", bytes.NewReader(other), store.Condition{Version: old.Version})
	require.NoError(t, err)
	_, err = old.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, store.ErrChanged)
	_, err = t.w.Publish(t.ctx, "web/70000", bytes.NewReader(build(1)), store.Condition{Version: old.Version})
	require.ErrorIs(t, err, store.ErrChanged)

	// Put back as it was, it is the same map, or another: but never is what was read of another.
	_, err = t.w.Publish(t.ctx, "web/70000", bytes.NewReader(build(70_000)), store.Condition{})
	require.NoError(t, err)
	got := make([]byte, len(other))
	if _, err = old.ReadAt(got, 0); err == nil {
		require.True(t, bytes.Equal(build(70_000), got))
	} else {
		require.ErrorIs(t, err, store.ErrChanged)
	}
	_, err = t.w.Publish(t.ctx, "web/70000", bytes.NewReader(build(1)), store.Condition{Version: old.Version})
	if err != nil {
		require.ErrorIs(t, err, store.ErrChanged)
	}
}

package composertest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// damage destroys an object. A verification says so, and of which maps; no other map is touched, and none reads as
// what it is not; those that are registered again are whole.
func (h *history) damage() {
	h.what = "damage"
	all := h.there(every)
	objects := h.objects(one(h, all...))
	if len(objects) == 0 {
		return
	}
	ids := make([]maps.ID, 0, len(objects))
	for id := range objects {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b maps.ID) int { return bytes.Compare(a[:], b[:]) })
	id := one(h, ids...)
	var hurt []string
	for _, other := range all {
		if _, ok := h.objects(other)[id]; ok {
			hurt = append(hurt, other)
		}
	}
	h.destroy(h.key(objects[id], id))
	if _, err := h.calm.Get(h.ctx, objects[id], id, make([]byte, 1<<20)); err == nil {
		return // what was changed says the same, as of where zeros are copied from
	}
	h.did.add("damage", 1)
	seen := h.onceEach()
	for _, other := range all {
		data, err := h.read(seen, other)
		if slices.Contains(hurt, other) {
			require.True(h.t, damaged(err), "%s: %v", other, err)
		} else {
			require.NoError(h.t, err)
			require.True(h.t, bytes.Equal(h.now(other), data), other)
		}
	}
	v, err := composer.Verify(h.ctx, h.calm, composer.VerifyRequest{Deep: true, Dir: h.state})
	var verdict *composer.VerifyError
	require.ErrorAs(h.t, err, &verdict)
	var found []string
	for _, m := range v.Maps {
		if !m.Sound() {
			found = append(found, m.Name)
		}
	}
	require.Equal(h.t, hurt, found)
	if h.rng.IntN(2) == 0 { // what it cannot read it must not free
		_, err := composer.Collect(h.ctx, h.calm, composer.CollectRequest{})
		var unread *store.MarkError
		require.True(h.t, err == nil || errors.As(err, &unread), "%v", err)
	}
	h.heal(hurt)
	h.check()
	_, err = composer.Verify(h.ctx, h.calm, composer.VerifyRequest{Deep: true, Dir: h.state})
	require.NoError(h.t, err)
}

// heal registers maps again. The name is reserved where it is a backup: its volume goes under another, which heals it if its
// shape is the same.
func (h *history) heal(hurt []string) {
	for _, name := range hurt {
		if composer.IsBackup(name) {
			require.NoError(h.t, h.calm.Remove(h.ctx, name, ""))
			h.may[name] = nil
			continue
		}
		_, err := composer.Register(h.ctx, h.calm, composer.RegisterRequest{
			Volumes: []composer.Volume{{Name: name, Source: memorySource(h.now(name))}}, Now: h.clock.Now,
		})
		require.NoError(h.t, err)
		h.did.add("healed", 1)
	}
}

// destroy changes a byte of an object and its copies, or removes them.
func (h *history) destroy(prefix string) {
	b := h.place.Bucket
	var keys []string
	for info, err := range b.List(h.ctx, prefix) {
		require.NoError(h.t, err)
		keys = append(keys, info.Key)
	}
	for _, key := range keys {
		if h.rng.IntN(2) == 0 {
			require.NoError(h.t, b.Delete(h.ctx, key))
			continue
		}
		buf := make([]byte, 1<<20)
		n, _, err := b.Get(h.ctx, key, 0, buf)
		require.NoError(h.t, err)
		buf[h.rng.IntN(n)] ^= 1 << h.rng.IntN(8)
		_, err = b.Put(h.ctx, key, bytes.NewReader(buf[:n]), store.Condition{})
		require.NoError(h.t, err)
	}
}

package composer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// volume is a small one, of blocks of which there are few, so that maps have some in common.
func (h *modelHistory) volume() []byte {
	data := make([]byte, 1+h.rng.IntN(20*int(block)))
	for i := range len(data)/int(block) + 1 {
		h.fill(data, i)
	}
	return data
}

// fill makes a block of a volume another one, or zeros.
func (h *modelHistory) fill(data []byte, i int) {
	b := data[i*int(block) : min(len(data), (i+1)*int(block))]
	clear(b)
	if n := h.rng.IntN(12); n > 3 && len(b) >= 8 {
		binary.BigEndian.PutUint64(b, uint64(n))
	}
}

func (h *modelHistory) request(name string, data []byte) composer.RegisterRequest {
	shape := shapes[h.rng.IntN(len(shapes))]
	r := composer.RegisterRequest{
		Volumes: []composer.Volume{{Name: name, Source: memorySource(data)}}, Defaults: composer.Defaults{BlockSize: block},
		Workers: 1 + h.rng.IntN(2), Now: h.clock.Now,
	}
	if h.rng.IntN(2) == 0 {
		r.StateDir = h.state
	}
	if h.rng.IntN(2) == 0 {
		r.Asked = composer.Asked{Version: shape.version, Degree: &shape.degree}
	}
	return r
}

func (h *modelHistory) step() {
	name := []string{"a", "b", "c"}[h.rng.IntN(3)]
	ours := h.there(isOurs)
	if len(ours) == 0 {
		h.register(name)
		return
	}
	some := ours[h.rng.IntN(len(ours))]
	switch h.rng.IntN(16) {
	case 0, 1, 2:
		h.register(name)
	case 3, 4:
		h.update(name, some)
	case 5, 6:
		h.upgrade()
	case 7:
		h.restore()
	case 8:
		h.do("label", map[string][][]byte{some: {h.now(some)}}, func(st *store.Store) error {
			_, err := composer.SetLabels(h.ctx, st, some, []composer.Label{{Key: "n", Value: string(rune('a' + h.rng.IntN(26)))}})
			return err
		})
	case 9:
		h.do("remove", map[string][][]byte{some: {nil}}, func(st *store.Store) error { return st.Remove(h.ctx, some, "") })
	case 10:
		h.do("verify", nil, func(st *store.Store) error {
			_, err := composer.Verify(h.ctx, st, composer.VerifyRequest{Deep: h.rng.IntN(2) == 0, Dir: h.state})
			return err
		})
	case 11:
		h.damage()
	case 12, 13:
		h.restore()
	case 14:
		h.do("collect", nil, func(st *store.Store) error {
			c, err := composer.Collect(h.ctx, st, composer.CollectRequest{})
			h.did["freed"] += int(c.Collected.Freed.Objects)
			return err
		})
	default:
		h.deleteBackups()
	}
}

func (h *modelHistory) register(name string) {
	data := h.volume()
	r := h.request(name, data)
	h.do("register", map[string][][]byte{name: {data}}, func(st *store.Store) error {
		_, err := composer.Register(h.ctx, st, r)
		return err
	})
}

// update registers what differs from a base in few blocks, which are told.
func (h *modelHistory) update(name, base string) {
	data := bytes.Clone(h.now(base))
	changed := []maps.Range{} // nil would be: not known
	for i := range (len(data) + int(block) - 1) / int(block) {
		if h.rng.IntN(5) == 0 {
			h.fill(data, i)
			start := units.Bytes(i) * block
			changed = append(changed, maps.Range{Start: start, Length: min(block, units.Bytes(len(data))-start)})
		}
	}
	r := h.request(name, data)
	r.Volumes[0].Base, r.Volumes[0].Changed = base, changed
	h.do("update", map[string][][]byte{name: {data}}, func(st *store.Store) error {
		_, err := composer.Register(h.ctx, st, r)
		return err
	})
}

// upgrade upgrades all of ours whose backups, if there are any, are of the same volume.
func (h *modelHistory) upgrade() {
	after := map[string][][]byte{}
	names := h.there(func(name string) bool {
		backup := h.now(composer.BackupName(name, 3))
		return isOurs(name) && backup == nil
	})
	if len(names) == 0 {
		return
	}
	for _, name := range names {
		after[name] = [][]byte{h.now(name)}
		after[composer.BackupName(name, 3)] = [][]byte{nil, h.now(name)} // none where it was v4
	}
	h.do("upgrade", after, func(st *store.Store) error {
		all, err := composer.Upgrade(h.ctx, st, composer.UpgradeRequest{Names: names, Degree: []int{0, 16}[h.rng.IntN(2)]})
		for _, u := range all {
			if err == nil && u.State == composer.Done && u.From.Version == 3 { // then it is there
				after[u.Backup] = [][]byte{h.now(u.Name)}
			}
		}
		return err
	})
}

// restore makes a map of its backup again, unless it is another volume by now.
func (h *modelHistory) restore() {
	backups := h.there(composer.IsBackup)
	if len(backups) == 0 {
		return
	}
	backup := backups[h.rng.IntN(len(backups))]
	name := backup[:len(backup)-len(composer.BackupName("", 3))]
	if now := h.now(name); now != nil && !bytes.Equal(now, h.now(backup)) {
		_, err := composer.Restore(h.ctx, h.calm, composer.UpgradeRequest{Names: []string{name}})
		var refused *composer.RefusedError
		require.ErrorAs(h.t, err, &refused)
		return
	}
	h.do("restore", map[string][][]byte{name: {h.now(backup)}}, func(st *store.Store) error {
		_, err := composer.Restore(h.ctx, st, composer.UpgradeRequest{Names: []string{name}})
		return err
	})
}

// deleteBackups removes those whose maps are v4, and the same volume. The others stay, and that is said.
func (h *modelHistory) deleteBackups() {
	after := map[string][][]byte{}
	for _, backup := range h.there(composer.IsBackup) {
		name := backup[:len(backup)-len(composer.BackupName("", 3))]
		after[backup] = [][]byte{h.now(backup)}
		if bytes.Equal(h.now(name), h.now(backup)) {
			after[backup] = append(after[backup], nil)
		}
	}
	h.do("delete backups", after, func(st *store.Store) error {
		c, err := composer.Collect(h.ctx, st, composer.CollectRequest{Backups: true})
		kept := 0
		for _, b := range c.Backups {
			var refused *composer.RefusedError
			switch {
			case b.State == composer.Done:
				after[b.Name] = [][]byte{nil}
				h.did["backup removed"]++
			case errors.Is(b.Err, composer.ErrTwin), errors.Is(b.Err, store.ErrMissing), errors.As(b.Err, &refused):
				after[b.Name] = [][]byte{h.now(b.Name)}
				kept++
			}
		}
		if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) == kept {
			return nil // all others are removed, and the collection was made
		}
		return err
	})
}

// damage destroys an object. A verification says so, and of which maps; no other map is touched, and none reads as
// what it is not; those that are registered again are whole.
func (h *modelHistory) damage() {
	h.what = "damage"
	all := h.there(func(string) bool { return true })
	name := all[h.rng.IntN(len(all))]
	objects := h.objects(name)
	if len(objects) == 0 {
		return
	}
	ids := make([]maps.ID, 0, len(objects))
	for id := range objects {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b maps.ID) int { return bytes.Compare(a[:], b[:]) })
	id := ids[h.rng.IntN(len(ids))]
	var hurt []string
	for _, other := range all {
		if _, ok := h.objects(other)[id]; ok {
			hurt = append(hurt, other)
		}
	}
	h.destroy(map[maps.Kind]string{maps.Block: "blk/", maps.Node: "node/"}[objects[id]] + id.String()[:2] + "/" + id.String())
	if _, err := h.calm.Get(h.ctx, objects[id], id, make([]byte, 1<<20)); err == nil {
		return // what was changed says the same, as of where zeros are copied from
	}
	h.did["damage"]++
	for _, other := range all {
		data, err := h.tryRead(other)
		if slices.Contains(hurt, other) {
			require.True(h.t, errors.Is(err, maps.ErrCorrupt) || errors.Is(err, maps.ErrMissing), "%s: %v", other, err)
		} else {
			require.NoError(h.t, err)
			require.Equal(h.t, h.now(other), data)
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
	for _, other := range hurt { // the name is reserved where it is a backup: its volume goes under another, which heals it if its shape is the same
		if composer.IsBackup(other) {
			require.NoError(h.t, h.calm.Remove(h.ctx, other, ""))
			h.may[other] = nil
			continue
		}
		_, err := composer.Register(h.ctx, h.calm, composer.RegisterRequest{
			Volumes:  []composer.Volume{{Name: other, Source: memorySource(h.now(other))}},
			Defaults: composer.Defaults{BlockSize: block}, Now: h.clock.Now,
		})
		require.NoError(h.t, err)
		h.did["healed"]++
	}
	h.check()
	_, err = composer.Verify(h.ctx, h.calm, composer.VerifyRequest{Deep: true, Dir: h.state})
	require.NoError(h.t, err)
}

// destroy changes a byte of an object and its copies, or removes them.
func (h *modelHistory) destroy(prefix string) {
	var keys []string
	for info, err := range h.bucket.List(h.ctx, prefix) {
		require.NoError(h.t, err)
		keys = append(keys, info.Key)
	}
	for _, key := range keys {
		if h.rng.IntN(2) == 0 {
			require.NoError(h.t, h.bucket.Delete(h.ctx, key))
			continue
		}
		buf := make([]byte, 1<<20)
		n, _, err := h.bucket.Get(h.ctx, key, 0, buf)
		require.NoError(h.t, err)
		buf[h.rng.IntN(n)] ^= 1 << h.rng.IntN(8)
		_, err = h.bucket.Put(h.ctx, key, bytes.NewReader(buf[:n]), store.Condition{})
		require.NoError(h.t, err)
	}
}

func (h *modelHistory) tryRead(name string) ([]byte, error) {
	m, _, err := h.calm.OpenMap(h.ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := maps.NewReader(h.ctx, h.calm, m)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(r, 0, int64(m.Size)))
}

package composertest

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/store"
)

// step is what one or several processes do.
func (h *history) step() {
	there := h.there(isOurs)
	if len(there) == 0 {
		h.do(h.registering(one(h, ours()...)))
		return
	}
	some := one(h, there...)
	switch h.rng.IntN(24) {
	case 0, 1:
		h.do(h.registering(one(h, ours()...)))
	case 2, 3, 4:
		h.do(h.updating(one(h, ours()...), some, h.rng.IntN(2) == 0))
	case 5, 6:
		h.do(h.grouping(some, h.rng.IntN(2) == 0))
	case 7, 8:
		h.upgrade()
	case 9, 10, 11:
		h.restore()
	case 12:
		h.do(h.labelling(some))
	case 13:
		h.do(h.removing(some))
	case 14:
		h.do(h.retaining())
	case 15:
		h.do(h.verifying())
	case 16:
		h.damage()
	case 17:
		h.do(h.collecting())
	case 18, 19:
		h.do(h.deletingBackups())
	default:
		h.atOnce()
	}
}

func (h *history) labelling(name string) *job {
	label := composer.Label{Key: "n", Value: string(rune('a' + h.rng.IntN(26)))}
	j := onto("label", name, h.now(name), func(ctx context.Context, st *store.Store) error {
		_, err := composer.SetLabels(ctx, st, name, []composer.Label{label})
		return err
	})
	j.kept = map[string]bool{name: true}
	return j
}

func (h *history) removing(name string) *job {
	return onto("remove", name, nil, func(ctx context.Context, st *store.Store) error { return st.Remove(ctx, name, "") })
}

func (h *history) verifying() *job {
	r := composer.VerifyRequest{Deep: h.rng.IntN(2) == 0, Dir: h.state, Workers: 1 + h.rng.IntN(2), Resume: h.rng.IntN(2) == 0}
	return &job{what: "verify", run: func(ctx context.Context, st *store.Store) error {
		_, err := composer.Verify(ctx, st, r)
		return err
	}}
}

func (h *history) collecting() *job {
	return &job{what: "collect", run: func(ctx context.Context, st *store.Store) error {
		c, err := composer.Collect(ctx, st, composer.CollectRequest{})
		h.did.add("freed", int(c.Collected.Freed.Objects))
		return err
	}}
}

// upgrade upgrades all of ours that can be.
func (h *history) upgrade() {
	if j := h.upgrading(ours()...); j != nil {
		h.do(j)
	}
}

// upgrading upgrades those of the maps that are there and have no backup: that may be of another volume. It is nil where there are none.
func (h *history) upgrading(some ...string) *job {
	names := h.there(func(name string) bool {
		return slices.Contains(some, name) && h.now(composer.BackupName(name, 3)) == nil
	})
	if len(names) == 0 {
		return nil
	}
	j := &job{what: "upgrade", after: map[string][][]byte{}, kept: map[string]bool{}}
	for _, name := range names {
		j.after[name] = [][]byte{h.now(name)}
		j.after[composer.BackupName(name, 3)] = [][]byte{nil, h.now(name)} // none where it was v4
		j.kept[name] = true
	}
	r := composer.UpgradeRequest{Names: names, Degree: one(h, 0, 16, 32, 128)}
	var backups []string
	j.run = func(ctx context.Context, st *store.Store) error {
		backups = nil
		all, err := composer.Upgrade(ctx, st, r)
		for _, u := range all {
			if u.State == composer.Done && u.From.Version == 3 {
				backups = append(backups, u.Backup)
			}
		}
		return err
	}
	j.done = func() {
		for _, backup := range backups { // then it is there
			h.may[backup] = [][]byte{h.now(backedUp(backup))}
		}
	}
	return j
}

// restore makes a map of its backup again, unless it is another volume by now.
func (h *history) restore() {
	backups := h.there(composer.IsBackup)
	if len(backups) == 0 {
		h.upgrade()
		return
	}
	backup := one(h, backups...)
	name := backedUp(backup)
	r := composer.UpgradeRequest{Names: []string{name}}
	if now := h.now(name); now != nil && !bytes.Equal(now, h.now(backup)) {
		h.what = "restore of another"
		_, err := composer.Restore(h.ctx, h.calm, r)
		var refused *composer.RefusedError
		require.ErrorAs(h.t, err, &refused)
		return
	}
	h.do(onto("restore", name, h.now(backup), func(ctx context.Context, st *store.Store) error {
		_, err := composer.Restore(ctx, st, r)
		return err
	}))
}

// deletingBackups removes those whose maps are v4, and the same volume. The others stay, and that is said.
func (h *history) deletingBackups() *job {
	j := &job{what: "delete backups", after: map[string][][]byte{}}
	for _, backup := range h.there(composer.IsBackup) {
		j.after[backup] = [][]byte{h.now(backup)}
		if bytes.Equal(h.now(backedUp(backup)), h.now(backup)) {
			j.after[backup] = append(j.after[backup], nil)
		}
	}
	j.run = func(ctx context.Context, st *store.Store) error {
		j.sure = map[string][]byte{}
		c, err := composer.Collect(ctx, st, composer.CollectRequest{Backups: true})
		kept := 0
		for _, b := range c.Backups {
			var refused *composer.RefusedError
			switch {
			case b.State == composer.Done:
				j.sure[b.Name] = nil
				h.did.add("backup removed", 1)
			case errors.Is(b.Err, composer.ErrTwin), errors.Is(b.Err, store.ErrMissing), errors.As(b.Err, &refused):
				j.sure[b.Name] = j.after[b.Name][0]
				kept++
			}
		}
		h.did.add("freed", int(c.Collected.Freed.Objects))
		if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) == kept {
			return nil // all others are removed, and the collection was made
		}
		return err
	}
	return j
}

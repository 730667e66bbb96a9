package lvm

import (
	"fmt"
	"slices"
	"strings"
)

// RemoveLV removes an LV. What is built on it is in its way:
//
//   - copy-on-write snapshots of it,
//   - the thin volumes of a pool,
//   - thin volumes that have it as their external origin,
//
// and goes along with it where that is asked for. Thin snapshots of a thin
// volume stay. The parts of a thin pool go with it, and the spare with the
// last pool. A thin volume's pool is told when it is activated next.
type RemoveLV struct {
	Name           string
	WithDependents bool
}

func (op RemoveLV) about(vg *VG) (string, string) { return "remove LV", vg.Name + "/" + op.Name }

func (op RemoveLV) apply(b *Batch) (string, error) {
	m, err := b.find(op.Name)
	if err != nil {
		return "", err
	}
	if err := b.removable(m); err != nil {
		return "", err
	}
	gone, err := b.along(m)
	if err != nil {
		return "", err
	}
	if len(gone) > 1 && !op.WithDependents {
		return "", refuse(ErrInUse, "by %s", nameList(gone[:len(gone)-1]))
	}
	// A pool that goes is told nothing.
	told := func(m *member) *Thin {
		thin, ok := segmentOf[*Thin](m.lv)
		if !ok || slices.Contains(gone, b.names[thin.Pool]) {
			return nil
		}
		return thin
	}
	for _, m := range gone {
		if thin := told(m); thin != nil {
			if err := b.deletable(m, thin); err != nil {
				return "", err
			}
		}
	}
	for _, m := range gone {
		if thin := told(m); thin != nil {
			b.pools[b.names[thin.Pool]].delete(b, m.lv.Name, thin.DeviceID)
		}
		b.removeOne(m)
	}
	return op.Name, nil
}

// removable refuses what is a part of something.
func (b *Batch) removable(m *member) error {
	if err := b.notHeld(m); err != nil {
		return err
	}
	if err := b.settled(m); err != nil {
		return err
	}
	var err error
	b.links.each(m.lv.Name, func(user *member, as role) bool {
		switch as {
		case roleArea, rolePoolData, rolePoolMetadata:
			err = refuse(ErrInUse, "it is a part of %s", user.lv.Name)
		}
		return err == nil
	})
	return err
}

// along returns what goes with m, in an order in which it can be removed: m is
// the last.
func (b *Batch) along(m *member) ([]*member, error) {
	var gone []*member
	seen := map[*member]bool{}
	var visit func(m *member) error
	visit = func(m *member) error {
		if seen[m] {
			return nil
		}
		seen[m] = true
		var users []*member
		b.links.each(m.lv.Name, func(user *member, as role) bool {
			switch as {
			case rolePool, roleExternal:
				users = append(users, user)
			case roleOrigin:
				if pair, ok := segmentOf[*Snapshot](user.lv); ok && b.names[pair.COW] != nil {
					users = append(users, b.names[pair.COW])
				}
			}
			return true
		})
		for _, user := range users {
			if err := b.removable(user); err != nil {
				return fmt.Errorf("%s: %w", user.lv.Name, err)
			}
			if err := visit(user); err != nil {
				return err
			}
		}
		gone = append(gone, m)
		return nil
	}
	err := visit(m)
	return gone, err
}

// removeOne removes m, which nothing is built on.
func (b *Batch) removeOne(m *member) {
	name := m.lv.Name
	pool, isPool := segmentOf[*ThinPool](m.lv)
	for _, user := range b.links.of(name) {
		if pair, ok := segmentOf[*Snapshot](user.lv); ok && pair.COW == name {
			b.drop(user)
			continue
		}
		if t, ok := segmentOf[*Thin](user.lv); ok && t.Origin == name {
			c := *t
			c.Origin = ""
			b.edit(user).Segments[0].Type = &c
		}
	}
	b.drop(m)
	if isPool {
		for _, part := range []string{pool.Data, pool.Metadata} {
			if part := b.names[part]; part != nil {
				b.drop(part)
			}
		}
		b.dropSpare()
	}
}

// nameList is some of the names of members.
func nameList(members []*member) string {
	const most = 4
	var names []string
	for _, m := range members {
		names = append(names, m.lv.Name)
	}
	slices.Sort(names)
	if more := len(names) - most; more > 1 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

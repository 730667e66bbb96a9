package lvm

import "cmp"

// ChangeLV changes an LV's flags. What is nil stays. What is so already is
// refused with [ErrUnchanged] where lvm2 does so; then nothing else of the
// request is done either.
type ChangeLV struct {
	Name           string
	Writable       *bool // not of a thin pool
	ReadAhead      *ReadAhead
	Allocation     *Allocation
	ActivationSkip *bool
	AutoActivate   *bool

	// Of a thin pool.
	Discards      *string // "ignore", "nopassdown" or "passdown"
	ZeroNewBlocks *bool
	ErrorWhenFull *bool
}

func (op ChangeLV) about(vg *VG) (string, string) { return "change LV", vg.Name + "/" + op.Name }

func (op ChangeLV) apply(b *Batch) (string, error) {
	m, err := b.find(op.Name)
	if err != nil {
		return "", err
	}
	if err := b.markable(m); err != nil {
		return "", err
	}
	if err := b.settled(m); err != nil {
		return "", err
	}
	if err := op.origin(b, m); err != nil {
		return "", err
	}
	next := m.lv.Clone()
	if err := cmp.Or(op.permission(b, m, next), op.readAhead(next), op.policy(next), op.pool(next)); err != nil {
		return "", err
	}
	if op.ActivationSkip != nil {
		next.Flags = next.Flags.set(FlagActivationSkip, *op.ActivationSkip)
	}
	if op.AutoActivate != nil {
		next.Flags = next.Flags.set(FlagNoAutoActivate, !*op.AutoActivate)
	}
	m.lv, m.own = next, true
	return op.Name, nil
}

// markable refuses the parts of LVs, whose flags and tags lvm2 does not change
// but for those of a thin pool's data.
func (b *Batch) markable(m *member) error {
	if b.seen(m.lv) {
		return nil
	}
	data := false
	b.links.each(m.lv.Name, func(_ *member, as role) bool {
		data = as == rolePoolData
		return !data
	})
	if !data {
		return refuse(ErrInUse, "it is a part of another LV")
	}
	return nil
}

// origin refuses what lvm2 does not change of an LV that has copy-on-write
// snapshots: the rule lv_is_thick_origin of tools/command-lines.in, which the
// permission is free of.
func (op *ChangeLV) origin(b *Batch, m *member) error {
	if op.ReadAhead == nil && op.Allocation == nil || !b.usedAs(m, roleOrigin) {
		return nil
	}
	return refuse(ErrInUse, "it has snapshots")
}

// usedAs reports whether something uses m so.
func (b *Batch) usedAs(m *member, want role) (used bool) {
	b.links.each(m.lv.Name, func(_ *member, as role) bool {
		used = as == want
		return !used
	})
	return used
}

func (op *ChangeLV) permission(b *Batch, m *member, lv *LV) error {
	if op.Writable == nil {
		return nil
	}
	if _, ok := segmentOf[*ThinPool](lv); ok {
		return refuse(ErrNotSupported, "a thin pool has no permission")
	}
	switch {
	case b.usedAs(m, roleExternal):
		return refuse(ErrInUse, "it is an external origin, and must stay read-only")
	case lv.Writable() == *op.Writable:
		return refuse(ErrUnchanged, "permission")
	}
	lv.Status = lv.Status.set(FlagWrite, *op.Writable)
	lv.Flags = lv.Flags.Without(FlagWriteLocked)
	return nil
}

func (op *ChangeLV) readAhead(lv *LV) error {
	if op.ReadAhead == nil {
		return nil
	}
	if err := checkReadAhead(*op.ReadAhead); err != nil {
		return err
	}
	if lv.ReadAhead == *op.ReadAhead {
		return refuse(ErrUnchanged, "read-ahead")
	}
	lv.ReadAhead = *op.ReadAhead
	return nil
}

// checkReadAhead wants pages of 4 KiB: lib/metadata/lv_manip.c rounds to them,
// with a warning.
func checkReadAhead(r ReadAhead) error {
	const page, most = 8, 1<<32 - 1
	if r < ReadAheadNone || r > most || r > 0 && r%page != 0 {
		return refuse(ErrInvalid, "read-ahead of %d sectors is no multiple of %d", r, page)
	}
	return nil
}

func (op *ChangeLV) policy(lv *LV) error {
	if op.Allocation == nil {
		return nil
	}
	if err := checkPolicy(*op.Allocation); err != nil {
		return err
	}
	if lv.Allocation == storedPolicy(*op.Allocation) {
		return refuse(ErrUnchanged, "allocation policy")
	}
	lv.Allocation = storedPolicy(*op.Allocation)
	return nil
}

// storedPolicy is what the text has for a policy: it does not tell
// cling_by_tags from cling.
func storedPolicy(p Allocation) Allocation {
	if p == AllocClingByTag {
		return AllocCling
	}
	return p
}

func (op *ChangeLV) pool(lv *LV) error {
	if op.Discards == nil && op.ZeroNewBlocks == nil && op.ErrorWhenFull == nil {
		return nil
	}
	t, ok := segmentOf[*ThinPool](lv)
	if !ok {
		return refuse(ErrNotSupported, "it is no thin pool")
	}
	pool := *t
	if op.Discards != nil {
		if err := checkDiscards(*op.Discards); err != nil {
			return err
		}
		if cmp.Or(pool.Discards, DiscardsIgnore) == *op.Discards {
			return refuse(ErrUnchanged, "discards")
		}
		pool.Discards = *op.Discards
	}
	if op.ZeroNewBlocks != nil {
		if pool.ZeroNewBlocks == *op.ZeroNewBlocks {
			return refuse(ErrUnchanged, "zeroing of new blocks")
		}
		pool.ZeroNewBlocks = *op.ZeroNewBlocks
	}
	if op.ErrorWhenFull != nil {
		if lv.Flags.Has(FlagErrorWhenFull) == *op.ErrorWhenFull {
			return refuse(ErrUnchanged, "error when full")
		}
		lv.Flags = lv.Flags.set(FlagErrorWhenFull, *op.ErrorWhenFull)
	}
	lv.Segments[0].Type = &pool
	return nil
}

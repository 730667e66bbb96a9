package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// RepairRequest says how a pool is repaired.
type RepairRequest struct {
	Choice Choice
	// DryRun makes the plan, and changes nothing.
	DryRun bool
	// KeepActive refuses a pool that is active, or has volumes that are, with
	// [ErrActive].
	KeepActive bool
}

// Repaired is what became of a repair.
type Repaired struct {
	// Checked is what was found; nil where the pool works.
	Checked *Checked
	Plan    RepairPlan
	// Written is what was written anew, and what could not be read; nil: nothing.
	Written *metadata.Repaired
	// Kept is the volume that has the metadata as it was; empty: there is none.
	Kept  string
	After *State // nil of a dry run
	// Warnings are what failed beside it.
	Warnings []error
}

// Repair makes a pool writable again that the kernel has set aside, or that cannot be
// activated: it checks its metadata, and does what [NewRepairPlan] says. Its volumes
// are deactivated meanwhile, and activated again but where the trees had to be
// searched for ([ErrGuessed]); one that is in use is a [*lvm.BusyError], and then
// nothing is done.
//
// Metadata that is damaged stays as it is, as a volume of its own. What can be read
// of it is written into the VG's spare, which is made as large as it takes, is
// checked, and takes its place in one commit. Up to that commit the VG has the old
// metadata, from it on the new one. So a repair that was ended at any moment has
// done nothing or all, but that the volumes are inactive: the same call goes on.
//
// Errors are those of [NewRepairPlan], an [*lvm.NoSpaceError] where the VG has no room
// for a copy, those of [metadata.Repair], and the state's error where the pool is not
// writable afterwards. A pool that is out of data space is [thin.ErrNoDataSpace]:
// [Host.Extend] helps. Losses are no error: see [Repaired.Err].
func (h Host) Repair(ctx context.Context, vg, pool string, r RepairRequest) (*Repaired, error) {
	s, err := h.Look(ctx, vg, pool)
	if err != nil {
		return nil, err
	}
	done := &Repaired{}
	if !r.DryRun {
		done.After = s
	}
	if s.Active && writes(s.Status.State) {
		return done, fault("repair", s, s.Status.Err())
	}
	if done.Plan.Deactivate, err = h.active(ctx, s); err != nil {
		return done, err
	}
	if active := done.Plan.Deactivate; r.KeepActive && !r.DryRun && len(active) > 0 {
		return done, fault("repair", s, fmt.Errorf("%w: %s", ErrActive, strings.Join(active, ", ")))
	}
	names := done.Plan.Deactivate
	if done.Checked, err = h.Check(ctx, vg, pool); err != nil {
		return done, err
	}
	if done.Plan, err = NewRepairPlan(done.Checked, r.Choice); err != nil {
		return done, err
	}
	done.Plan.Deactivate = names
	if r.DryRun || done.Plan.Nothing() && !s.Active {
		return done, nil
	}
	run := repairing{Host: h, request: r, done: done, state: s, names: names}
	return done, run.run(ctx)
}

// ErrGuessed says that the trees of metadata whose superblock was lost were searched
// for. They may be older than the last commit: volumes may then lack what was written
// last, and read what others wrote since.
var ErrGuessed = errors.New("the metadata was found by a search, and may be older than what was written last")

// Err is what was lost, as an error that matches [metadata.ErrCorrupt], [ErrGuessed]
// or [ErrVolumeLost], or nil.
func (r *Repaired) Err() error {
	var errs []error
	switch {
	case r.guessed():
		errs = append(errs, ErrGuessed)
	case r.Written != nil && r.Written.LossCount > 0:
		errs = append(errs, fmt.Errorf("%s of the metadata could not be read: %w", plural(r.Written.LossCount, "part"), metadata.ErrCorrupt))
	}
	for _, name := range r.Plan.Lost {
		errs = append(errs, fmt.Errorf("%s: %w", name, ErrVolumeLost))
	}
	return errors.Join(errs...)
}

func (r *Repaired) guessed() bool { return r.Written != nil && r.Written.Source == metadata.FromSearch }

// active are the volumes of a pool that are active, and the pool where it is by
// itself: those that are in use first.
func (h Host) active(ctx context.Context, s *State) (names []string, err error) {
	err = h.System.Read(ctx, s.VG, false, func(g *lvm.DiskVG) error {
		all := append(volumeNames(s), s.Pool)
		states, err := h.System.States(g.VG, all...)
		if err != nil || states == nil {
			return err
		}
		var idle []string
		for _, name := range all {
			lv := g.VG.LV(name)
			if lv == nil {
				continue
			}
			switch state := states(lv); {
			case state.Exists && state.Open && name != s.Pool:
				names = append(names, name)
			case state.Exists:
				idle = append(idle, name)
			}
		}
		names = append(names, idle...)
		return nil
	})
	return names, err
}

func volumeNames(s *State) (names []string) {
	for _, v := range s.Volumes {
		names = append(names, v.Name)
	}
	return names
}

// repairing is one Repair that has something to do.
type repairing struct {
	Host
	request RepairRequest
	done    *Repaired
	state   *State
	names   []string // that are activated again
}

func (r *repairing) run(ctx context.Context) error {
	if err := r.deactivate(ctx); err != nil {
		return err
	}
	if err := r.offline(ctx); err != nil {
		r.warn(r.activate(context.WithoutCancel(ctx)))
		return err
	}
	err := r.activate(ctx)
	after, lookErr := r.Look(ctx, r.state.VG, r.state.Pool)
	if err = errors.Join(err, lookErr); err != nil {
		return err
	}
	r.done.After = after
	if after.Active {
		return fault("repair", after, after.Status.Err())
	}
	return nil
}

func (r *repairing) warn(err error) {
	if err != nil {
		r.done.Warnings = append(r.done.Warnings, err)
	}
}

// deactivate deactivates what is active: one volume after the other, so that the
// first that is in use keeps all the others as they are.
func (r *repairing) deactivate(ctx context.Context) error {
	if r.Conn == nil {
		return nil
	}
	for _, names := range [][]string{r.names, {r.state.Pool}} {
		for i, name := range names {
			_, err := r.System.Deactivate(ctx, r.state.VG, []string{name})
			if err == nil {
				continue
			}
			if i > 0 {
				_, again := r.System.Activate(context.WithoutCancel(ctx), r.state.VG, names[:i], lvm.ActivateOptions{IgnoreSkip: true})
				r.warn(again)
			}
			return err
		}
	}
	return nil
}

// activate activates what was active, but for what was lost. What was searched for is
// left for somebody to look at: what is written to it may be another volume's.
func (r *repairing) activate(ctx context.Context) error {
	if r.done.guessed() {
		return nil
	}
	names := slices.DeleteFunc(slices.Clone(r.names), func(name string) bool { return slices.Contains(r.done.Plan.Lost, name) })
	if len(names) == 0 {
		return nil
	}
	c, err := r.System.Activate(ctx, r.state.VG, names, lvm.ActivateOptions{IgnoreSkip: true})
	if c != nil {
		r.done.Warnings = append(r.done.Warnings, c.Warnings...)
	}
	return err
}

// maxSpares is how many times the spare is made larger: the first size is that of the
// metadata, the second what a copy has turned out to need.
const maxSpares = 3

// offline does what is to be done while nothing is active.
func (r *repairing) offline(ctx context.Context) error {
	need := lvm.Extents(0)
	if r.done.Plan.Rewrite {
		need = r.state.Metadata
	}
	for range maxSpares {
		if err := r.growSpare(ctx, need); err != nil {
			return err
		}
		err := r.change(ctx)
		switch short, ok := errors.AsType[*metadata.NoRoomError](err); {
		case errors.Is(err, errSpare):
			need = max(need, r.state.Metadata)
		case ok && short.Needed <= metadata.MaxSize:
			need = lvm.Extents((short.Needed.SectorsRoundUp() + r.state.ExtentSize - 1) / r.state.ExtentSize)
		default:
			return err
		}
	}
	return fault("repair", r.state, errSpare)
}

// errSpare says that the VG has no spare as large as a pool's metadata.
var errSpare = errors.New("metadata spare is too small")

// growSpare makes the spare have so many extents, by a commit of its own.
func (r *repairing) growSpare(ctx context.Context, to lvm.Extents) error {
	if to == 0 {
		return nil
	}
	c, err := r.System.Change(ctx, r.state.VG, lvm.ChangeOptions{Inactive: true}, lvm.GrowMetadataSpare{To: to})
	if errors.Is(err, lvm.ErrUnchanged) {
		return nil
	}
	if err == nil {
		r.done.Warnings = append(r.done.Warnings, c.Warnings...)
	}
	return err
}

// change checks, writes and commits under the VG's lock.
func (r *repairing) change(ctx context.Context) error {
	o := lvm.ChangeOptions{Inactive: true}
	c, err := r.System.ChangeWith(ctx, r.state.VG, o, func(g *lvm.DiskVG) ([]lvm.Op, error) { return r.plan(ctx, g) })
	if err != nil {
		r.done.Written = nil
		return err
	}
	r.done.Warnings = append(r.done.Warnings, c.Warnings...)
	if r.done.Written != nil {
		r.done.Kept = c.Names[0]
		if !slices.ContainsFunc(c.After.LVs, isSpare) {
			r.warn(fmt.Errorf("VG %s has no room for a new metadata spare", c.After.Name))
		}
	}
	return nil
}

// plan is done with the VG as it is under its lock. What it writes, nobody knows of
// until the operations that it returns are committed; but a mark that it takes off.
func (r *repairing) plan(ctx context.Context, g *lvm.DiskVG) ([]lvm.Op, error) {
	s, err := StateOf(g.VG, r.state.Pool)
	if err != nil {
		return nil, err
	}
	if err := r.inactive(g.VG, s); err != nil {
		return nil, err
	}
	c, err := checkOffline(ctx, g, s)
	if err != nil {
		return nil, err
	}
	p, err := NewRepairPlan(c, r.request.Choice)
	if err != nil {
		return nil, err
	}
	p.Deactivate = r.names
	r.done.Checked, r.done.Plan = c, p
	var ops []lvm.Op
	if p.Rewrite {
		if err := r.rewrite(ctx, g, c); err != nil {
			return nil, err
		}
		ops = append(ops, lvm.SwapPoolMetadata{Pool: s.Pool})
	}
	if p.VGID != nil {
		ops = append(ops, lvm.SetPoolTransaction{Pool: s.Pool, ID: *p.VGID})
	}
	if grow := r.done.Plan.Grow; grow > 0 {
		more := append(slices.Clip(ops), lvm.ExtendLV{Name: poolOf(g.VG.LV(s.Pool)).Metadata, By: lvm.Amount{Extents: grow}})
		_, err := lvm.Apply(g.VG, lvm.Stamp{}, more...)
		switch _, full := errors.AsType[*lvm.NoSpaceError](err); {
		case full && p.Rewrite:
			r.warn(fmt.Errorf("the metadata is full, and not made larger: %w", err))
		case err != nil:
			return nil, err
		default:
			ops = more
		}
	}
	if p.ClearNeedsCheck {
		return ops, clearNeedsCheck(ctx, g, s)
	}
	return ops, nil
}

// clearNeedsCheck takes the kernel's mark off sound metadata.
func clearNeedsCheck(ctx context.Context, g *lvm.DiskVG, s *State) error {
	content, err := g.PoolMetadata(s.Pool)
	if err != nil {
		return err
	}
	_, err = metadata.ClearNeedsCheck(ctx, content, content.Size())
	return fault("clear needs_check of", s, err)
}

// rewrite writes the copy into the spare, and checks it.
func (r *repairing) rewrite(ctx context.Context, g *lvm.DiskVG, c *Checked) error {
	s, p := c.State, &r.done.Plan
	from, err := g.PoolMetadata(s.Pool)
	if err != nil {
		return err
	}
	to, err := g.MetadataSpare()
	if errors.Is(err, lvm.ErrNotFound) || err == nil && to.Size() < min(s.bytes(s.Metadata), metadata.MaxSize) {
		return errSpare
	}
	if err != nil {
		return err
	}
	size := to.Size()
	if from.Size() < s.bytes(s.Metadata) { // lvm2 lets the kernel have no more of it
		size = min(size, from.Size())
	}
	o := metadata.Overrides{TransactionID: p.MetadataID}
	if c.Report == nil {
		blocks := s.chunks(s.Data)
		o.DataBlockSize, o.DataBlocks = &s.ChunkSize, &blocks
	}
	written, err := metadata.Repair(ctx, from, from.Size(), to, size, o)
	if err == nil {
		err = to.Sync()
	}
	if err != nil {
		return fault("repair", s, err)
	}
	return r.verify(ctx, g, c, to, size, written)
}

// verify reads what was written.
func (r *repairing) verify(ctx context.Context, g *lvm.DiskVG, c *Checked, to *lvm.LVContent, size units.Bytes, written *metadata.Repaired) error {
	copied := &Checked{State: c.State, Size: size}
	own := func(m *metadata.Metadata) (*metadata.Trees, error) { return m.Trees(), nil }
	if err := copied.readFrom(ctx, g.VG, to, (*metadata.Metadata).Check, own); err != nil {
		return err
	}
	if copied.Damaged() {
		err := copied.Err
		if copied.Report != nil {
			err = copied.Report.Err()
		}
		return fault("repair", c.State, fmt.Errorf("the copy that was written cannot be read back: %w", errors.Join(err, metadata.ErrCorrupt)))
	}
	if r.done.Plan.VGID == nil && !copied.Transactions.Agree() {
		return fault("repair", c.State, &TransactionsError{copied.Transactions})
	}
	r.done.Written, r.done.Plan.Lost = written, nil
	for _, v := range slices.Concat(copied.Missing, copied.Other) {
		r.done.Plan.Lost = append(r.done.Plan.Lost, v.Name)
	}
	r.done.Plan.Grow = c.State.wanting(copied.Report.Superblock.MetadataSpaceMap.Allocated, size)
	return nil
}

package lvm

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/host"
)

// ChangeOptions say what becomes of the LVs that a change makes, or touches. The
// zero value is what lvm2 does.
type ChangeOptions struct {
	// Inactive leaves new LVs inactive. They begin with what is on their extents, as
	// with lvm2, and so do read-only ones: nobody looks at it, or overwrites it.
	Inactive bool
	// KeepStart does not overwrite the first 4 KiB of new LVs that are activated
	// with zeros. What is thin, and of pools and snapshots what the kernel reads
	// first, is written to all the same, active or not.
	KeepStart bool
	// Signatures says what happens where a new LV that is activated would begin with
	// the remains of something. They are looked for unless KeepStart is set.
	Signatures SignaturePolicy
	// Deactivate deactivates active LVs that the change removes. Without it such
	// a change is refused with an [*ActiveError].
	Deactivate bool

	// headers are of PVs that get another one. The plan of the change fills it.
	headers map[ID]disk.PVHeader
	// rewrite commits a change of nothing, too.
	rewrite bool
}

// SignaturePolicy says what to do with what is found on a new LV.
type SignaturePolicy uint8

const (
	// RefuseSignatures refuses the change with a [*NotEmptyError].
	RefuseSignatures SignaturePolicy = iota
	// WipeSignatures overwrites them, and says so in [Change.Wiped].
	WipeSignatures
	// KeepSignatures does not look for them.
	KeepSignatures
)

// Change is what a change of a VG did.
type Change struct {
	Before *VG // nil: there was none
	After  *VG // nil: there is none any more
	// Names are what each operation made or changed: the LV's name, as it may have
	// been chosen, or the device of a PV.
	Names []string
	// Skipped are LVs that were not activated, for what their flags or lvm2's
	// settings say.
	Skipped []string
	// Wiped are the signatures that were overwritten on new LVs.
	Wiped []NotEmptyError
	// Warnings are what failed beside the change, which stands: a backup file that
	// could not be written, LVs that could not be resumed.
	Warnings []error

	unmapped bool // what is new has no device, and nothing else changed
}

func (c *Change) warn(err error) {
	if err != nil {
		c.Warnings = append(c.Warnings, err)
	}
}

// Change applies operations to a VG: all of them in one commit, or none. Active
// LVs follow; new ones are activated, unless o or their flags say otherwise.
//
// PVs join and leave by [System.ExtendVG] and [System.ReduceVG], and the name
// changes by [System.RenameVG]: they need more locks.
func (s *System) Change(ctx context.Context, vg string, o ChangeOptions, ops ...Op) (*Change, error) {
	return s.ChangeWith(ctx, vg, o, func(*DiskVG) ([]Op, error) { return ops, nil })
}

// ChangeWith is [System.Change] for operations that depend on what the VG is: plan
// gets it as it is under the lock.
func (s *System) ChangeWith(ctx context.Context, vg string, o ChangeOptions, plan func(*DiskVG) ([]Op, error)) (*Change, error) {
	return s.change(ctx, vg, host.LockRequest{VGs: []string{vg}, Mode: host.Exclusive}, ScanOptions{VG: vg}, o, plan)
}

// change is one change of one VG under the given locks.
func (s *System) change(ctx context.Context, vg string, r host.LockRequest, so ScanOptions, o ChangeOptions, plan func(*DiskVG) ([]Op, error)) (c *Change, err error) {
	t, err := s.begin(ctx, r, so)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, err
	}
	return t.change(ctx, g, o, plan)
}

// find returns the VG of that name that a change is about. It fails with
// [ErrNotFound].
func (t *session) find(vg string) (*DiskVG, error) {
	g, err := t.scan.VG(vg)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoVG(vg)
	}
	if err != nil {
		return nil, err
	}
	if id := g.VG.SystemID; t.s.host != nil && !t.s.host.Settings.MayUse(id) {
		return nil, &CommitError{VG: vg, Step: "check", Err: ErrForeign}
	}
	return g, nil
}

// change applies what plan says to g, and commits it.
func (t *session) change(ctx context.Context, g *DiskVG, o ChangeOptions, plan func(*DiskVG) ([]Op, error)) (*Change, error) {
	if err := g.Writable(); err != nil && !errors.Is(err, ErrMissingPV) {
		return nil, &CommitError{VG: g.VG.Name, Step: "check", Err: err}
	}
	ops, err := plan(g)
	if err != nil {
		return nil, err
	}
	t.headers = o.headers
	c := &Change{Before: g.VG}
	b, err := NewBatch(g.VG, t.s.stamp())
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		name, err := b.Do(op)
		if err != nil {
			return nil, g.withDevices(err)
		}
		c.Names = append(c.Names, name)
	}
	if len(ops) == 0 && !o.rewrite {
		c.After = g.VG
		return c, nil
	}
	return c, t.apply(ctx, c, g, b.VG(), o)
}

// withDevices calls PVs by their devices, where an operation that was refused has
// their IDs.
func (g *DiskVG) withDevices(err error) error {
	e, ok := errors.AsType[*OpError](err)
	if !ok {
		return err
	}
	for _, pv := range g.View().PVs {
		e.Object = strings.ReplaceAll(e.Object, pv.ID.String(), pv.label())
		e.Reason = strings.ReplaceAll(e.Reason, pv.ID.String(), pv.label())
	}
	return err
}

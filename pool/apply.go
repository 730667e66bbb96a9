package pool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// Applied is what became of a plan.
type Applied struct {
	Before, After *State
	Plan          Plan // what was done
	// Warnings are what failed beside it.
	Warnings []error
}

// Apply makes a plan of the pool as it is under its VG's lock, and carries it out:
// one commit, and one new table for each device that changes, without stopping
// I/O. A snapshot goes only where nothing else is to be done, by a commit of its
// own; one that is in use is [lvm.ErrInUse].
//
// Where the plan fits the VG less well than its free extents say, as with PVs of
// unequal size below stripes, less is added.
func (h Host) Apply(ctx context.Context, vg, pool string, decide func(*State) Plan) (*Applied, error) {
	var a Applied
	change, err := h.System.ChangeWith(ctx, vg, lvm.ChangeOptions{Deactivate: true}, func(g *lvm.DiskVG) (_ []lvm.Op, err error) {
		if a.Before, err = h.LookIn(g.VG, pool); err != nil {
			return nil, err
		}
		a.After, a.Plan = a.Before, decide(a.Before)
		ops, err := a.Plan.fit(g.VG, pool)
		switch {
		case err != nil || a.Plan.Drop == nil:
			return ops, err
		case len(ops) == 0:
			return []lvm.Op{lvm.RemoveLV{Name: a.Plan.Drop.Name}}, h.unused(g.VG, a.Plan.Drop)
		}
		a.Plan.Drop = nil
		return ops, nil
	})
	return &a, a.finish(h, change, pool, err)
}

// unused refuses to remove a volume that is in use. Without it the removal of its
// device would be tried for a while.
func (h Host) unused(vg *lvm.VG, v *Volume) error {
	if h.Conn == nil {
		return nil
	}
	info, err := h.Conn.Device(dm.ByUUID(lvm.DeviceUUID(vg.ID, v.ID, lvm.LayerNone))).Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && info.OpenCount > 0:
		err = lvm.ErrInUse
	}
	if err != nil {
		return fmt.Errorf("drop snapshot %s/%s: %w", vg.Name, v.Name, err)
	}
	return nil
}

// finish looks at what there is afterwards.
func (a *Applied) finish(h Host, change *lvm.Change, pool string, err error) error {
	if change == nil || change.After == nil {
		return err
	}
	a.Warnings = append(a.Warnings, change.Warnings...)
	after, lookErr := h.LookIn(change.After, pool)
	if lookErr == nil {
		a.After = after
	}
	return errors.Join(err, lookErr)
}

// ops are the operations of a plan, but for the removal of a snapshot.
func (p *Plan) ops(pool, metadata string) (ops []lvm.Op) {
	if p.Metadata > 0 {
		ops = append(ops, lvm.ExtendLV{Name: metadata, By: lvm.Amount{Extents: p.Metadata}})
	}
	if p.Data > 0 {
		ops = append(ops, lvm.ExtendLV{Name: pool, By: lvm.Amount{Extents: p.Data}})
	}
	if p.FailWrites != nil {
		ops = append(ops, lvm.ChangeLV{Name: pool, ErrorWhenFull: p.FailWrites})
	}
	if p.Refuse != nil {
		tag := []string{RefusalTag(pool)}
		if *p.Refuse {
			ops = append(ops, lvm.TagVG{Add: tag})
		} else {
			ops = append(ops, lvm.TagVG{Remove: tag})
		}
	}
	return ops
}

// fit returns the operations of a plan, having made it smaller where the allocator
// says so.
func (p *Plan) fit(vg *lvm.VG, pool string) ([]lvm.Op, error) {
	metadata := poolOf(vg.LV(pool)).Metadata
	for {
		ops := p.ops(pool, metadata)
		_, err := lvm.Apply(vg, lvm.Stamp{}, ops...)
		full, noSpace := errors.AsType[*lvm.NoSpaceError](err)
		refused, ok := errors.AsType[*lvm.OpError](err)
		if !noSpace || !ok {
			return ops, err
		}
		grows := &p.Data
		if refused.Object == vg.Name+"/"+metadata {
			grows = &p.Metadata
		}
		if full.Fits >= *grows {
			return nil, err
		}
		*grows = full.Fits // less each time
	}
}

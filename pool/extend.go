package pool

import (
	"context"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
)

// ExtendRequest says by how much a pool is made larger, or to what. Of each pair
// one counts at most. The zero value takes the policy's step for the data.
type ExtendRequest struct {
	DataBy, DataTo         lvm.Amount
	MetadataBy, MetadataTo lvm.Amount
	Policy                 *Policy // nil: the defaults of [ReadPolicy]
}

// Extend makes a pool larger, active or not: its metadata first, and that also
// where it was not asked for and could not map all of the data. The tag by which
// new volumes are refused goes. What waited for space goes on.
//
// It fails with an [*Error] of [ErrOffline], and of the state's error, where the
// pool must be repaired; with an [*lvm.NoSpaceError]; and with [thin.ErrNoDataSpace]
// where the pool is larger, and out of space all the same.
func (h Host) Extend(ctx context.Context, vg, pool string, r ExtendRequest) (*Applied, error) {
	var a Applied
	change, err := h.System.ChangeWith(ctx, vg, lvm.ChangeOptions{}, func(g *lvm.DiskVG) (ops []lvm.Op, err error) {
		if a.Before, err = h.LookIn(g.VG, pool); err != nil {
			return nil, err
		}
		if broken(stateEvent(a.Before)) {
			return nil, fault("extend", a.Before, &offlineError{a.Before.Status.Err()})
		}
		return r.ops(g.VG, a.Before)
	})
	if err = a.finish(h, change, pool, err); err != nil {
		return &a, err
	}
	a.Plan.Data, a.Plan.Metadata = a.After.Data-a.Before.Data, a.After.Metadata-a.Before.Metadata
	if a.After.Status.State == thin.OutOfDataSpace {
		return &a, fault("extend", a.After, a.After.Status.Err())
	}
	return &a, nil
}

// offlineError is the state of a pool that must be repaired.
type offlineError struct{ state error }

func (e *offlineError) Error() string   { return e.state.Error() }
func (e *offlineError) Unwrap() []error { return []error{ErrOffline, e.state} }

func (r *ExtendRequest) ops(vg *lvm.VG, s *State) (ops []lvm.Op, err error) {
	metadata := poolOf(vg.LV(s.Pool)).Metadata
	none := lvm.Amount{}
	data := lvm.ExtendLV{Name: s.Pool, By: r.DataBy, To: r.DataTo}
	asked := r.MetadataBy != none || r.MetadataTo != none
	if data.By == none && data.To == none && !asked {
		by := defaultPolicy().Data
		if r.Policy != nil {
			by = r.Policy.Data
		}
		g := growing{by: by, has: s.Data, extent: s.ExtentSize}
		data.By.Extents = g.step()
	}
	if asked {
		ops = append(ops, lvm.ExtendLV{Name: metadata, By: r.MetadataBy, To: r.MetadataTo})
	}
	if data.By != none || data.To != none {
		ops = append(ops, data)
	}
	if s.Refusing {
		ops = append(ops, lvm.TagVG{Remove: []string{RefusalTag(s.Pool)}})
	}
	next, err := lvm.Apply(vg, lvm.Stamp{}, ops...)
	if err != nil {
		return nil, err
	}
	if more := r.mapping(s, next, metadata); more > 0 {
		extend := lvm.ExtendLV{Name: metadata, By: lvm.Amount{Extents: more}}
		if asked {
			return append(ops, extend), nil
		}
		return append([]lvm.Op{extend}, ops...), nil
	}
	return ops, nil
}

// mapping is how many extents more the metadata needs to map all of the data, as
// far as the kernel says how much of it is used.
func (r *ExtendRequest) mapping(s *State, next *lvm.VG, metadata string) lvm.Extents {
	if !s.Active {
		return 0
	}
	after := sizeOf(next, metadata)
	g := growing{has: after, extent: s.ExtentSize, block: MetadataBlock}
	target := min(g.extentsFor(s.mappingAll(next.LV(s.Pool).Size()-s.Data)), lvm.Extents(metadataMost/s.ExtentSize))
	return target - min(target, after)
}

package interop_test

import (
	"context"

	"github.com/rok-storage/rok/lvm"
)

// activate does what -a says, with some LVs of a VG or with all.
func (r *request) activate(ctx context.Context, s *stand, vg string, lvs []string) (err error) {
	if r.value("-a") == "n" {
		_, err = s.system.Deactivate(ctx, vg, lvs)
		return err
	}
	_, err = s.system.Activate(ctx, vg, lvs, lvm.ActivateOptions{IgnoreSkip: r.has("-K")})
	return err
}

// createThin reads what makes a thin pool, what is in one, or a snapshot. lv is
// the LV that is named: the pool, or the origin.
func (r *request) createThin(lv string) (lvm.Op, error) {
	o := r.options0()
	switch {
	case r.has("-V"):
		size, err := r.size(r.value("-V"))
		op := lvm.CreateThin{Pool: lv, Name: r.value("-n"), Options: o}
		op.Size.Size.Bytes = size
		return op, err
	case r.has("-T"):
		return r.createPool(lv)
	case r.has("--thinpool"):
		return lvm.CreateExternalSnapshot{Origin: lv, Pool: r.value("--thinpool"), Name: r.value("-n"), Options: o}, nil
	case r.has("-l"):
		amount, _, err := r.amount()
		if err != nil {
			return nil, err
		}
		chunk, err := r.size(r.value("-c"))
		if err != nil {
			return nil, err
		}
		op := lvm.CreateCOWSnapshot{Origin: lv, Name: r.value("-n"), Size: amount, Options: o}
		op.ChunkSize, err = chunk.Sectors()
		return op, err
	}
	o.ActivationSkip = r.value("-k") != "n" // thin snapshots are skipped unless told otherwise
	return lvm.CreateThinSnapshot{Origin: lv, Name: r.value("-n"), Options: o}, nil
}

func (r *request) createPool(name string) (lvm.Op, error) {
	amount, _, err := r.amount()
	if err != nil {
		return nil, err
	}
	chunk, err := r.size(r.value("-c"))
	if err != nil {
		return nil, err
	}
	metadata, err := r.size(r.value("--poolmetadatasize"))
	if err != nil {
		return nil, err
	}
	op := lvm.CreateThinPool{
		Name: name, Size: amount, Stripes: r.number("-i"), NoSpare: r.value("--poolmetadataspare") == "n",
		NoZeroing: r.value("-Z") == "n", Discards: r.value("--discards"), ErrorWhenFull: r.value("--errorwhenfull") == "y",
		Options: r.options0(),
	}
	op.MetadataSize.Size.Bytes = metadata
	op.ChunkSize, err = chunk.Sectors()
	return op, err
}

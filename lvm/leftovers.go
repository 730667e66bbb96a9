package lvm

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
)

// RemoveLeftovers removes devices of vg that belong to nothing that it has:
// of LVs that were removed, and layers that LVs have no more. A crash between
// a commit and what follows leaves them, on extents that may be given to others
// since. What is in use stays; so does what belongs to LVs of types that rok
// does not activate.
func (a *Activator) RemoveLeftovers(ctx context.Context, vg *VG) error {
	fault := func(err error) error { return &ActivationError{Op: "remove leftovers of", VG: vg.Name, Err: err} }
	s := newStack(relationsOf(vg), StackOptions{})
	s.names = true
	known := map[ID]bool{}
	for _, lv := range vg.LVs {
		known[lv.ID] = true
		if s.isVolume(lv) {
			_, _ = s.of(lv.Name) // what fails is no leftover
		}
	}
	k := newKernelView(a.conn, vg.ID)
	if err := k.list(); err != nil {
		return fault(err)
	}
	layers := map[ID]bool{} // LVs whose layers are known
	for key := range s.made {
		layers[key.lv.ID] = true
	}
	var left []*KernelDevice
	for uuid, has := range k.devices {
		_, lv, layer, ok := ParseDeviceUUID(uuid)
		if !ok || known[lv] && (!layers[lv] || layer.missing() || s.has(lv, layer)) {
			continue
		}
		left = append(left, has)
	}
	// One may stand on another: each round takes away those that nothing stands on.
	slices.SortFunc(left, func(a, b *KernelDevice) int { return strings.Compare(a.Name, b.Name) })
	for again := true; again; {
		again = false
		for i, has := range left {
			if has == nil {
				continue
			}
			if err := ctx.Err(); err != nil {
				return fault(err)
			}
			gone, err := a.removeUnused(ctx, has)
			if err != nil {
				return fault(err)
			}
			if gone {
				left[i], again = nil, true
			}
		}
	}
	return nil
}

// has reports whether an LV is to have a device of the given layer.
func (s *stack) has(lv ID, layer Layer) bool {
	for _, is := range s.vg.LVs {
		if is.ID == lv {
			return s.made[stackKey{is, layer}] != nil
		}
	}
	return false
}

// removeUnused removes a device that nothing has open.
func (a *Activator) removeUnused(ctx context.Context, has *KernelDevice) (bool, error) {
	dev := a.conn.Device(dm.ByName(has.Name))
	info, err := dev.Info()
	if err == nil && info.OpenCount > 0 {
		return false, nil
	}
	if err == nil {
		err = dev.Remove(ctx, dm.RemoveOptions{NoHolders: true})
	}
	switch {
	case errors.Is(err, syscall.EBUSY):
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	}
	return err == nil, err
}

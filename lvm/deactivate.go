package lvm

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rok-storage/rok/dm"
)

// DeactivateRequest says which LVs of a VG cease to be devices.
type DeactivateRequest struct {
	VG *VG
	// LVs are their names. Nil: all volumes of the VG. An origin goes with its
	// snapshots, and a snapshot only with its origin.
	LVs []string
	// Retry is how long a device that is in use is tried again: other programs
	// open devices for a moment, to look what is on them. Zero: not again.
	Retry time.Duration
}

// Deactivate removes the devices of LVs: first the volumes, then what they
// stand on and nothing else needs. LVs that are not active are left alone. It
// asks nothing of the VG's PVs, which may be missing.
//
// An LV that is in use stays, and all that it needs; the error is a
// [*BusyError] in an [*ActivationError], joined with those of others. If ctx
// ends, what is gone by then is gone.
//
// Volumes of one device each are removed beside each other: see
// [ActivatorConfig.Workers]. What comes of it is the same.
func (a *Activator) Deactivate(ctx context.Context, req DeactivateRequest) error {
	run := &deactivation{
		a: a, req: req, stack: newStack(relationsOf(req.VG), StackOptions{}),
		kernel: newKernelView(a.conn, req.VG.ID), udev: a.conn.NewUdevBatch(), removed: map[string]bool{},
	}
	run.stack.names = true
	if err := run.kernel.list(); err != nil {
		return &ActivationError{Op: "list devices of", VG: req.VG.Name, Err: err}
	}
	errs := run.collect()
	errs = append(errs, run.remove(ctx), run.udev.Wait(ctx))
	return errors.Join(append(errs, run.unlink())...)
}

// unlink removes the links to what is gone.
func (run *deactivation) unlink() error {
	var errs []error
	some := false
	for _, g := range run.groups {
		for _, gone := range g.gone {
			errs = append(errs, run.a.unlink(run.req.VG.Name, gone.lv, gone.name, gone.dev))
			some = true
		}
	}
	if some {
		run.a.unlinkVG(run.req.VG.Name)
	}
	return errors.Join(errs...)
}

// deactivation is one call of Deactivate.
type deactivation struct {
	a      *Activator
	req    DeactivateRequest
	stack  *stack
	kernel *kernelView
	udev   *dm.UdevBatch

	groups []*deviceGroup

	mu      sync.Mutex      // for removed, where groups go beside each other
	removed map[string]bool // by UUID
}

// deviceGroup are the devices of a volume that no volume before it has.
type deviceGroup struct {
	devices []*MappedDevice
	gone    []goneDevice
	err     error
}

// goneDevice is a device that was removed, and had a link.
type goneDevice struct {
	lv, name string
	dev      dm.Dev
}

// collect finds the devices of the volumes that are asked for.
func (run *deactivation) collect() (errs []error) {
	names := run.req.LVs
	if names == nil {
		for _, lv := range run.req.VG.LVs {
			if run.stack.isVolume(lv) {
				names = append(names, lv.Name)
			}
		}
	}
	asked := map[string]bool{}
	for _, name := range names {
		asked[name] = true
	}
	for _, name := range names {
		if lv := run.stack.lvs[name]; lv != nil {
			if len(run.kernel.ofLV(lv.ID)) == 0 && run.stack.cow[name] != nil {
				continue // inactive, whatever its origin is
			}
			if v := run.stack.volume(lv); v != lv && run.stack.cow[name] != nil && !asked[v.Name] && run.stack.isVolume(v) {
				// Without it the origin would go on, and what is written to it
				// would be missing in the snapshot.
				errs = append(errs, run.stack.fault("deactivate", name, ErrNeedsOrigin))
				continue
			}
		}
		devices, err := run.stack.of(name)
		if err != nil {
			var e *ActivationError
			if errors.As(err, &e) {
				e.Op = "deactivate"
			}
			errs = append(errs, err)
			continue
		}
		run.groups = append(run.groups, &deviceGroup{devices: devices})
	}
	return errs
}

// remove removes all groups, the last first: a group stands on those before it,
// if on any. Groups of one device stand beside each other: what two of them
// share is in a larger one.
func (run *deactivation) remove(ctx context.Context) error {
	workers := newAbreast(run.a.workers())
	for _, g := range slices.Backward(run.groups) {
		if len(g.devices) == 1 {
			workers.run(func() { run.group(ctx, g) })
			continue
		}
		workers.wait()
		run.group(ctx, g)
	}
	workers.wait()
	var errs []error
	for _, g := range slices.Backward(run.groups) {
		errs = append(errs, g.err)
	}
	return errors.Join(errs...)
}

// group removes the devices of one volume, from above.
func (run *deactivation) group(ctx context.Context, g *deviceGroup) {
	if g.err = run.inUse(ctx, g.devices); g.err != nil {
		return
	}
	var errs []error
	for _, d := range slices.Backward(g.devices) {
		if err := ctx.Err(); err != nil {
			errs = append(errs, run.stack.fault("deactivate", d.LV.Name, err))
			break
		}
		err := run.device(ctx, g, d)
		if err != nil {
			errs = append(errs, run.stack.fault("deactivate", d.LV.Name, err))
			if d.isTop() {
				break // what is below is in use by it
			}
			continue
		}
		errs = append(errs, run.extras(ctx, g, d))
	}
	g.err = errors.Join(errs...)
}

// has is a device that the kernel has, and that is not removed yet; or nil.
func (run *deactivation) has(uuid string) *KernelDevice {
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.removed[uuid] {
		return nil
	}
	return run.kernel.devices[uuid]
}

// isTop reports whether d is a volume, or the LV of a pool.
func (d *MappedDevice) isTop() bool { return d.Link || d.Layer == LayerNone || d.Layer == LayerPool }

// inUse waits until none of several volumes that must go together is in use,
// before the first of them goes: a snapshot without its origin would stay.
func (run *deactivation) inUse(ctx context.Context, devices []*MappedDevice) error {
	var tops []*MappedDevice
	for _, d := range devices {
		if d.isTop() && run.has(d.UUID) != nil {
			tops = append(tops, d)
		}
	}
	if len(tops) < 2 {
		return nil
	}
	deadline := time.Now().Add(run.req.Retry)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := run.holder(tops)
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			again.Stop()
		case <-again.C:
		}
	}
}

// holder is the error of the first device that is in use.
func (run *deactivation) holder(devices []*MappedDevice) error {
	for _, d := range devices {
		info, err := run.a.conn.Device(dm.ByUUID(d.UUID)).Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.OpenCount > 0 {
			err = run.a.busy(info.Name, info.Dev, info.OpenCount)
		}
		if err != nil {
			return run.stack.fault("deactivate", d.LV.Name, err)
		}
	}
	return nil
}

// device removes one device. One that is below others goes only if none is
// left.
func (run *deactivation) device(ctx context.Context, g *deviceGroup, d *MappedDevice) error {
	has := run.has(d.UUID)
	if has == nil {
		return nil
	}
	dev := run.a.conn.Device(dm.ByName(has.Name))
	if !d.isTop() {
		info, err := dev.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.OpenCount > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	opts := dm.RemoveOptions{Retry: run.req.Retry, NoHolders: true, Dev: has.Dev, Udev: dm.UdevOptions{Flags: d.Udev, Batch: run.udev}}
	err := dev.Remove(ctx, opts)
	if errors.Is(err, syscall.EBUSY) && ctx.Err() == nil {
		info, infoErr := dev.Info()
		if infoErr != nil {
			return err
		}
		return run.a.busy(has.Name, has.Dev, info.OpenCount)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	run.removed[d.UUID] = true
	if d.Link {
		g.gone = append(g.gone, goneDevice{d.LV.Name, has.Name, has.Dev})
	}
	return nil
}

// extras removes what lies below a volume only in the kernel: the errors in the
// place of a PV that was missing, and layers that its LV had before a crash.
func (run *deactivation) extras(ctx context.Context, g *deviceGroup, d *MappedDevice) error {
	if !d.isTop() {
		return nil
	}
	var errs []error
	for _, has := range run.kernel.ofLV(d.LV.ID) {
		_, _, layer, _ := ParseDeviceUUID(has.UUID)
		if run.stack.made[stackKey{d.LV, layer}] != nil || run.has(has.UUID) == nil {
			continue
		}
		errs = append(errs, run.device(ctx, g, &MappedDevice{LV: d.LV, Layer: layer, Name: has.Name, UUID: has.UUID, Udev: udevHidden}))
	}
	return errors.Join(errs...)
}

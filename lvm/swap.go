package lvm

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// Swap takes the active LVs of a VG along when its text changes: to larger or
// smaller tables, other permissions and names, into snapshots' origins and out
// of them. LVs that are not active, and those that did not change, are left
// alone. It goes around the commit, as lvm2 does it:
//
//	Preload   before       volumes that the new VG does not have are deactivated;
//	                       new tables are loaded, which may be refused
//	Suspend   within       when the new text is on all PVs, and does not count yet
//	Resume    behind       the new tables and names are in place
//	Undo      instead      all is as it was
//
// Between Suspend and Resume nothing may be read or written but the headers of
// the PVs: what a program would touch may lie on a volume that is suspended.
//
// Swap sends no messages to pools: see [Activator.Complete].
type Swap struct {
	a        *Activator
	old, new *relations
	was, is  map[ID]*LV // of the old VG and of the new one
	opts     StackOptions

	kernel  *kernelView
	udev    *dm.UdevBatch
	t       *transition
	gone    []*DeviceStep // that the new VG does not have, above what they stand on
	removed []string      // volumes of the old VG that were active
	done    []*MappedDevice
	phase   swapPhase
	locked  bool
}

type swapPhase uint8

const (
	swapNew swapPhase = iota
	swapLoaded
	swapSuspended
	swapEnded
)

var errSwapEnded = errors.New("the change was made or undone")

// NewSwap prepares a change from old to next, the same VG by its ID. Those LVs
// count as changed that are not the same value in both.
func (a *Activator) NewSwap(old, next *VG, opts StackOptions) *Swap {
	return &Swap{a: a, old: relationsOf(old), new: relationsOf(next), was: byID(old), is: byID(next), opts: opts}
}

// Hook is s for a commit that suspends in one step, and then says whether the
// new text counts. Preload may have been called before.
func (s *Swap) Hook(ctx context.Context) func() (resume func(committed bool) error, err error) {
	return func() (func(bool) error, error) {
		if err := s.Suspend(ctx); err != nil {
			return nil, err
		}
		return func(committed bool) error {
			if committed {
				return s.Resume(ctx)
			}
			return s.Undo(ctx)
		}, nil
	}
}

func (s *Swap) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, is := errors.AsType[*ActivationError](err); is {
		return err
	}
	return &ActivationError{Op: op, VG: s.old.vg.Name, Err: err}
}

// Preload does what can be refused. It fails with a [*BusyError] where a volume
// that is to go is in use. When it fails it has undone what it did.
func (s *Swap) Preload(ctx context.Context) error {
	if s.phase != swapNew {
		return nil
	}
	s.udev = s.a.conn.NewUdevBatch()
	s.t = &transition{a: s.a, r: s.new, udev: s.udev, numbers: map[string]dm.Dev{}}
	s.phase = swapLoaded
	changed, removed := s.changes()
	err := s.deactivate(ctx, removed)
	if err == nil {
		err = s.plan(changed)
	}
	for _, step := range s.t.steps {
		if err != nil {
			break
		}
		err = s.t.load(ctx, step)
	}
	if err != nil {
		return s.fault("load tables of", errors.Join(err, s.Undo(ctx)))
	}
	return nil
}

// deactivate takes away what the new VG does not have.
func (s *Swap) deactivate(ctx context.Context, removed []*LV) error {
	s.kernel = newKernelView(s.a.conn, s.old.vg.ID)
	if err := s.kernel.expect(len(removed)); err != nil {
		return err
	}
	for _, lv := range removed {
		active, err := s.isActive(lv)
		if err != nil {
			return err
		}
		if active {
			s.removed = append(s.removed, lv.Name)
		}
	}
	if len(s.removed) == 0 {
		return nil
	}
	return s.a.Deactivate(ctx, DeactivateRequest{VG: s.old.vg, LVs: s.removed, Retry: s.a.cfg.Patience})
}

// plan finds what is active of what changed, and what is to be done with it.
func (s *Swap) plan(changed []*LV) error {
	s.kernel = newKernelView(s.a.conn, s.old.vg.ID)
	if err := s.kernel.expect(len(changed)); err != nil {
		return err
	}
	before := newStack(s.old, StackOptions{})
	before.names = true
	after := newStack(s.new, s.opts)
	for _, lv := range changed {
		if err := s.volume(before, after, lv); err != nil {
			return after.fault("change", lv.Name, err)
		}
	}
	return nil
}

// isActive reports whether a volume has a device.
func (s *Swap) isActive(lv *LV) (bool, error) {
	layers := []Layer{LayerNone}
	if _, pool := only(lv).(*ThinPool); pool {
		layers = []Layer{LayerPool, LayerThinPool}
	}
	for _, layer := range layers {
		if has, err := s.kernel.find(DeviceUUID(s.old.vg.ID, lv.ID, layer)); has != nil || err != nil {
			return true, err
		}
	}
	return false, nil
}

// volume plans for one volume of the new VG.
func (s *Swap) volume(before, after *stack, lv *LV) error {
	from := len(after.order)
	if active, err := s.want(after, lv); !active || err != nil {
		return err
	}
	devices := after.order[from:]
	steps, err := planSteps(devices, s.kernel.find)
	if err != nil {
		return err
	}
	gone, err := s.leftovers(before, after, lv)
	if err != nil {
		return err
	}
	s.t.add(append(gone, steps...), true)
	s.done = append(s.done, devices...)
	return nil
}

// want builds the devices that an active volume is to have.
func (s *Swap) want(after *stack, lv *LV) (bool, error) {
	has := func(layer Layer) (*KernelDevice, error) {
		return s.kernel.find(DeviceUUID(s.old.vg.ID, lv.ID, layer))
	}
	if _, pool := only(lv).(*ThinPool); pool {
		readable, err := has(LayerPool)
		if err != nil {
			return false, err
		}
		pool, err := has(LayerThinPool)
		switch {
		case err != nil || pool == nil && readable == nil:
			return false, err
		case readable != nil || pool.Name == DeviceName(s.old.vg.Name, s.was[lv.ID].Name, LayerNone):
			_, err = after.top(lv)
		default: // only its volumes keep it active
			_, err = after.thinPool(lv)
		}
		return true, err
	}
	top, err := has(LayerNone)
	if top != nil {
		_, err = after.top(lv)
		return true, err
	}
	if err != nil {
		return false, err
	}
	real, err := has(LayerReal)
	if real == nil {
		return false, err
	}
	_, err = after.real(lv) // only thin volumes keep it active
	return true, err
}

// leftovers are the devices of a volume that it is to have no more. Snapshots
// among them get a table of errors first, so that they let go of their origin.
func (s *Swap) leftovers(before, after *stack, lv *LV) (steps []*DeviceStep, err error) {
	from := len(before.order)
	if _, err := before.top(before.volume(s.was[lv.ID])); err != nil {
		before.forget(from)
		return nil, nil // it was nonsense, and is not any more
	}
	for _, d := range before.order[from:] {
		if now := s.is[d.LV.ID]; now != nil && after.made[stackKey{now, d.Layer}] != nil {
			continue
		}
		switch d.Layer {
		case LayerPool, LayerThinPool, LayerThinData, LayerThinMeta:
			continue // of a pool that only volumes keep active
		}
		has, err := s.kernel.find(d.UUID)
		if err != nil {
			return nil, err
		}
		if has == nil || d.isTop() && !d.Snapshot {
			continue
		}
		step := &DeviceStep{Device: d, Has: has}
		d.Name = has.Name
		s.gone = append(s.gone, step)
		if !d.Snapshot {
			continue
		}
		if has.OpenCount > 0 {
			return nil, s.a.busy(has.Name, has.Dev, has.OpenCount)
		}
		step.Reload = true
		step.table = dm.Table{{Length: has.Table.Size(), Target: dm.ErrorTarget{}}}
		steps = append(steps, step)
	}
	return steps, nil
}

// Suspend stops the I/O of what changes. It calls Preload where that was not
// done. When it fails it has undone what was done.
func (s *Swap) Suspend(ctx context.Context) error {
	if s.phase == swapEnded {
		return s.fault("suspend", errSwapEnded)
	}
	if err := s.Preload(ctx); err != nil || s.phase == swapSuspended {
		return err
	}
	for _, step := range s.t.steps {
		if step.suspends() && step.Has.OpenCount > 0 && !s.a.cfg.NoLockMemory && !s.locked {
			// Without the right to it, the danger is as great as without trying.
			s.locked = ioctl.LockMemory() == nil
			break
		}
	}
	s.phase = swapSuspended
	if err := s.t.suspend(ctx); err != nil {
		return s.fault("suspend", errors.Join(err, s.Undo(ctx)))
	}
	return nil
}

// Resume makes the new tables active, and lets I/O go on, also where ctx has
// ended. Where it fails for a device, the others are resumed all the same, and
// that one as far as it can be: what the text says is made so by activating it
// again.
func (s *Swap) Resume(ctx context.Context) error {
	if s.phase != swapSuspended {
		return nil
	}
	s.phase = swapEnded
	through := context.WithoutCancel(ctx)
	var errs []error
	for _, step := range s.t.steps {
		err := s.t.resume(through, step)
		if err != nil && step.suspended {
			// The kernel has dropped what it refused: the old table goes on.
			err = errors.Join(err, s.t.device(step).Resume(through, s.t.suspendOptions(step)))
		}
		errs = append(errs, err)
	}
	for i := len(s.gone) - 1; i >= 0; i-- {
		errs = append(errs, s.remove(through, s.gone[i]))
	}
	s.unlock()
	errs = append(errs, s.udev.Wait(ctx), s.finish())
	return s.fault("resume", errors.Join(errs...))
}

// remove removes a device that the new VG does not have. Whoever opened it
// meanwhile gets errors, and it goes with the last of them.
func (s *Swap) remove(ctx context.Context, step *DeviceStep) error {
	opts := dm.RemoveOptions{NoHolders: true, Udev: s.t.udevFor(step.Device)}
	err := s.t.device(step).Remove(ctx, opts)
	if errors.Is(err, syscall.EBUSY) {
		opts.Deferred = true
		err = s.t.device(step).Remove(ctx, opts)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// finish makes links and read-ahead what they must be.
func (s *Swap) finish() error {
	var errs []error
	for _, step := range s.gone {
		if step.Device.Link {
			errs = append(errs, s.a.unlink(s.old.vg.Name, step.Device.LV.Name, step.Has.Name, step.Has.Dev))
		}
	}
	for _, step := range s.t.steps {
		if step.renamed {
			errs = append(errs, s.a.unlinkRenamed(step))
		}
	}
	var ahead readAheads
	for _, d := range s.done {
		errs = append(errs, s.a.link(s.new.vg.Name, d), ahead.set(s.a, d))
	}
	return errors.Join(errs...)
}

// Undo takes everything back, in whatever phase s is, also where ctx has ended.
func (s *Swap) Undo(ctx context.Context) error {
	if s.phase == swapNew || s.phase == swapEnded {
		return nil
	}
	s.phase = swapEnded
	ctx = context.WithoutCancel(ctx)
	errs := []error{s.t.undo(ctx)}
	s.unlock()
	errs = append(errs, s.udev.Wait(ctx))
	if len(s.removed) > 0 {
		_, err := s.a.Activate(ctx, ActivateRequest{
			VG: s.old.vg, LVs: s.removed, StackOptions: s.opts, IgnoreSkip: true, SystemID: s.old.vg.SystemID,
		})
		errs = append(errs, err)
	}
	return s.fault("undo", errors.Join(errs...))
}

func (s *Swap) unlock() {
	if s.locked {
		s.locked = false
		_ = ioctl.UnlockMemory() // nothing depends on it
	}
}

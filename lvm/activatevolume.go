package lvm

import (
	"context"
	"errors"
)

// activatedVolume is one LV that is asked for, and what became of it.
type activatedVolume struct {
	name    string
	skipped bool
	steps   []*DeviceStep
	err     error
}

// volumes activates the LVs that are asked for, in their order. Those that are
// one new device each, on what is there, are made beside each other, and all of
// them before any other volume is touched.
func (run *activation) volumes(ctx context.Context) (errs []error) {
	workers := newAbreast(run.a.workers())
	beside := map[string]*activatedVolume{} // under way
	join := func() {
		workers.wait()
		for _, v := range beside {
			if v.err != nil {
				run.stack.drop(v.steps[0].Device)
			}
		}
		clear(beside)
	}
	var all []*activatedVolume
	names := run.names()
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		if beside[name] != nil { // asked for twice
			join()
		}
		v := &activatedVolume{name: name}
		all = append(all, v)
		from := len(run.stack.order)
		switch planned := run.plan(v); {
		case !planned:
		case run.apart(v.steps):
			beside[name] = v
			workers.run(func() { v.err = run.apply(ctx, v.steps) })
		default:
			join()
			run.volume(ctx, v, from)
		}
	}
	join()
	for _, v := range all {
		errs = append(errs, run.outcome(v))
	}
	if err := ctx.Err(); err != nil && len(all) < len(names) {
		errs = append(errs, &ActivationError{Op: "activate", VG: run.req.VG.Name, Err: err})
	}
	return errs
}

// plan finds out what is to be done for a volume. It reports false where that is
// nothing, or fails.
func (run *activation) plan(v *activatedVolume) bool {
	if lv := run.stack.lvs[v.name]; lv != nil && run.skips(run.stack.volume(lv)) {
		v.skipped = true
		return false
	}
	pool := run.poolOf(v.name)
	if v.err = run.failed[pool]; v.err != nil {
		return false
	}
	from := len(run.stack.order)
	var devices []*MappedDevice
	if devices, v.err = run.stack.of(v.name); v.err != nil {
		return false
	}
	if v.steps, v.err = planSteps(devices, run.kernel.find); v.err != nil {
		run.giveUp(v, from)
		return false
	}
	return true
}

// apart reports whether a volume can be made beside others: it is one new device
// on devices that are there, and nothing depends on when it is made. That is not
// so of a minor number, which another one may get meanwhile.
func (run *activation) apart(steps []*DeviceStep) bool {
	if len(steps) != 1 {
		return false
	}
	s := steps[0]
	if d := s.Device; s.Has != nil || d.Pool != nil || d.Snapshot || d.Minor != nil {
		return false
	}
	table, err := run.transition().resolved(s)
	if err == nil {
		s.table = table
	}
	return err == nil
}

// apply is devices for a volume that is made beside others, with which it shares
// nothing that changes: its table has its numbers already.
func (run *activation) apply(ctx context.Context, steps []*DeviceStep) error {
	t := run.transition()
	t.numbers = nil
	t.add(steps, false)
	if err := t.load(ctx, steps[0]); err != nil {
		return errors.Join(err, t.undo(ctx))
	}
	return nil
}

// volume activates one LV as planned.
func (run *activation) volume(ctx context.Context, v *activatedVolume, from int) {
	if v.err = run.devices(ctx, v.steps); v.err != nil {
		if ctx.Err() != nil {
			run.stack.forget(from)
			return
		}
		run.giveUp(v, from)
	}
}

// giveUp drops the devices of a volume that failed, from the given one on. Where
// its pool is what failed, the pool's other volumes need not try.
func (run *activation) giveUp(v *activatedVolume, from int) {
	run.stack.forget(from)
	if pool := run.poolOf(v.name); pool != "" && !run.told[pool] {
		run.failed[pool] = v.err
	}
}

// poolOf is the pool of the named thin volume, or empty.
func (run *activation) poolOf(name string) string {
	if lv := run.stack.lvs[name]; lv != nil {
		if t, ok := only(lv).(*Thin); ok {
			return t.Pool
		}
	}
	return ""
}

func (run *activation) transition() *transition {
	return &transition{a: run.a, r: run.stack.relations, udev: run.udev, numbers: run.numbers}
}

// devices makes devices right, those of one volume.
func (run *activation) devices(ctx context.Context, steps []*DeviceStep) error {
	t := run.transition()
	t.add(steps, false)
	var err error
	for _, s := range steps {
		if err = t.load(ctx, s); err == nil && s.Device.Pool != nil {
			err = run.tell(ctx, t, s)
		}
		if err != nil {
			return errors.Join(err, t.undo(ctx))
		}
	}
	if err = t.suspend(ctx); err == nil {
		for _, s := range steps {
			if err = t.resume(ctx, s); err != nil {
				break
			}
		}
	}
	if err != nil {
		return errors.Join(err, t.undo(ctx))
	}
	for _, s := range steps {
		run.now(s)
	}
	return nil
}

// now notes what a device has become, for the volumes behind it.
func (run *activation) now(s *DeviceStep) {
	if s.Has != nil && (s.Rename || s.loaded || s.Resume) {
		now := *s.Has
		now.Name, now.Suspended = s.Device.Name, false
		run.kernel.devices[s.Device.UUID] = &now
	}
}

// outcome puts into the result what became of a volume.
func (run *activation) outcome(v *activatedVolume) error {
	switch {
	case v.skipped:
		run.result.Skipped = append(run.result.Skipped, v.name)
		return nil
	case v.err != nil:
		if _, is := errors.AsType[*ActivationError](v.err); is {
			return v.err
		}
		return run.stack.fault("activate", v.name, v.err)
	}
	run.result.Active = append(run.result.Active, v.name)
	for _, s := range v.steps {
		if s.Device.Link || !s.Right() {
			run.made = append(run.made, s.Device)
		}
		if s.renamed {
			run.renamed = append(run.renamed, s)
		}
	}
	return nil
}

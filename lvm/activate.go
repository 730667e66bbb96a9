package lvm

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
)

// ActivateRequest says which LVs of a VG become devices, and how.
type ActivateRequest struct {
	VG *VG
	// LVs are their names. Nil: all volumes of the VG. Where one is a snapshot
	// or has some, the origin comes with all of its snapshots.
	LVs []string
	StackOptions
	// SystemID is this host's: the VG of another one is refused.
	SystemID string
	// IgnoreSkip activates LVs that say that they are skipped: lvm2's
	// --ignoreactivationskip.
	IgnoreSkip bool
	// Auto leaves LVs out that are not to be activated by themselves: lvm2's
	// -aay.
	Auto bool
}

// Activation is what became of an [ActivateRequest].
type Activation struct {
	// Active are the LVs that are active now, of those that were asked for.
	Active []string
	// Skipped are those that were left as they are, for what their flags say.
	Skipped []string
	// Completed are the pools whose messages the kernel has had. Their text is
	// to be committed without them.
	Completed []string
}

// Activate makes LVs devices: with lvm2's names, UUIDs and tables, their nodes,
// and links below /dev. What is right already is left alone, what differs gets
// its new table, under suspend where it is in use, or its new name. Messages
// that pools have yet to be told are sent.
//
// Each LV comes whole or not at all: where it fails, what was made for it is
// taken back. The others are activated all the same, and the errors come
// joined, as [*ActivationError]s. If ctx ends, the LVs that are active by then
// stay so, and no device stays suspended. Where only the wait for udev's rules
// ended early, all is active, and the error is the context's.
func (a *Activator) Activate(ctx context.Context, req ActivateRequest) (*Activation, error) {
	if err := req.check(); err != nil {
		return &Activation{}, err
	}
	run, err := a.newActivation(req)
	if err != nil {
		return &Activation{}, err
	}
	var errs []error
	for _, name := range run.names() {
		if err := ctx.Err(); err != nil {
			errs = append(errs, &ActivationError{Op: "activate", VG: req.VG.Name, Err: err})
			break
		}
		errs = append(errs, run.volume(ctx, name))
	}
	if err := run.udev.Wait(ctx); err != nil {
		errs = append(errs, &ActivationError{Op: "activate", VG: req.VG.Name, Err: err})
	}
	for _, s := range run.renamed {
		if err := a.unlinkRenamed(s); err != nil {
			errs = append(errs, run.stack.fault("activate", s.Device.LV.Name, err))
		}
	}
	for _, d := range run.made {
		errs = append(errs, run.finish(d))
	}
	return &run.result, errors.Join(errs...)
}

func (r *ActivateRequest) check() error {
	reason := ""
	switch vg := r.VG; {
	case vg.Status.Has(FlagExported):
		reason = "it is exported"
	case !vg.Status.Has(FlagWrite) && !vg.Flags.Has(FlagWriteLocked):
		reason = "it is read-only"
	case vg.LockType != "" && vg.LockType != "none":
		reason = "it is locked by lvmlockd, type " + vg.LockType
	case vg.Status.Has(FlagClustered):
		reason = "it is clustered"
	case vg.SystemID != "" && vg.SystemID != r.SystemID:
		reason = fmt.Sprintf("it belongs to the system %q", vg.SystemID)
	default:
		return nil
	}
	return &ActivationError{Op: "activate", VG: r.VG.Name, Err: fmt.Errorf("%w: %s", ErrNotUsable, reason)}
}

// activation is one call of Activate.
type activation struct {
	a      *Activator
	req    ActivateRequest
	stack  *stack
	kernel *kernelView
	udev   *dm.UdevBatch

	numbers map[string]dm.Dev
	failed  map[string]error // by the pool that failed
	told    map[string]bool  // pools that are complete
	ahead   readAheads
	made    []*MappedDevice // whose links and read-ahead are to be set
	renamed []*DeviceStep   // whose old links are to go
	result  Activation
}

func (a *Activator) newActivation(req ActivateRequest) (*activation, error) {
	run := &activation{
		a: a, req: req, stack: newStack(relationsOf(req.VG), req.StackOptions),
		kernel: newKernelView(a.conn, req.VG.ID), udev: a.conn.NewUdevBatch(),
		numbers: map[string]dm.Dev{}, failed: map[string]error{}, told: map[string]bool{},
	}
	devices := len(req.LVs)
	if req.LVs == nil {
		devices = len(req.VG.LVs)
	}
	if err := run.kernel.expect(devices); err != nil {
		return nil, &ActivationError{Op: "list devices of", VG: req.VG.Name, Err: err}
	}
	return run, nil
}

// names are the LVs that are asked for.
func (run *activation) names() []string {
	if run.req.LVs != nil {
		return run.req.LVs
	}
	var names []string
	for _, lv := range run.req.VG.LVs {
		if run.stack.isVolume(lv) {
			names = append(names, lv.Name)
		}
	}
	return names
}

// skips reports whether lv is left out for what it, or its VG, says.
func (run *activation) skips(lv *LV) bool {
	return lv.Flags.Has(FlagActivationSkip) && !run.req.IgnoreSkip ||
		run.req.Auto && (lv.Flags.Has(FlagNoAutoActivate) || run.req.VG.Flags.Has(FlagNoAutoActivate))
}

// volume activates one LV.
func (run *activation) volume(ctx context.Context, name string) error {
	if lv := run.stack.lvs[name]; lv != nil && run.skips(run.stack.volume(lv)) {
		run.result.Skipped = append(run.result.Skipped, name)
		return nil
	}
	pool := run.poolOf(name)
	if err := run.failed[pool]; err != nil {
		return run.stack.fault("activate", name, err)
	}
	from := len(run.stack.order)
	devices, err := run.stack.of(name)
	if err != nil {
		return err
	}
	if err := run.devices(ctx, devices); err != nil {
		run.stack.forget(from)
		if pool != "" && ctx.Err() == nil {
			run.failed[pool] = run.poolFailure(pool, err)
		}
		return run.stack.fault("activate", name, err)
	}
	run.result.Active = append(run.result.Active, name)
	return nil
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

// poolFailure is err where it is the pool's, so that its other volumes need not
// try, and nil otherwise.
func (run *activation) poolFailure(pool string, err error) error {
	if run.told[pool] {
		return nil
	}
	return err
}

// devices makes devices right, those of one volume.
func (run *activation) devices(ctx context.Context, devices []*MappedDevice) error {
	steps, err := planSteps(devices, run.kernel.find)
	if err != nil {
		return err
	}
	t := &transition{a: run.a, r: run.stack.relations, udev: run.udev, numbers: run.numbers}
	t.add(steps, false)
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
		run.done(s)
	}
	return nil
}

// done remembers what became of a device, for those after it.
func (run *activation) done(s *DeviceStep) {
	if s.Device.Link || !s.Right() {
		run.made = append(run.made, s.Device)
	}
	if s.renamed {
		run.renamed = append(run.renamed, s)
	}
	if s.Has != nil && (s.Rename || s.loaded || s.Resume) {
		now := *s.Has
		now.Name, now.Suspended = s.Device.Name, false
		run.kernel.devices[s.Device.UUID] = &now
	}
}

// tell completes the messages of a pool that is active now.
func (run *activation) tell(ctx context.Context, t *transition, s *DeviceStep) error {
	name := s.Device.LV.Name
	sent, err := t.completePool(ctx, s)
	if err != nil {
		return err
	}
	run.told[name] = true
	if sent {
		run.result.Completed = append(run.result.Completed, name)
	}
	return nil
}

// finish gives a device its link and its read-ahead, now that udev's rules are
// done.
func (run *activation) finish(d *MappedDevice) error {
	err := run.a.link(run.req.VG.Name, d)
	if err == nil {
		err = run.ahead.set(run.a, d)
	}
	if err != nil {
		return run.stack.fault("activate", d.LV.Name, err)
	}
	return nil
}

// PlanActivation returns what [Activator.Activate] would do, device by device.
// Nothing is changed.
func (a *Activator) PlanActivation(req ActivateRequest) ([]*DeviceStep, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	run, err := a.newActivation(req)
	if err != nil {
		return nil, err
	}
	var steps []*DeviceStep
	for _, name := range run.names() {
		if lv := run.stack.lvs[name]; lv != nil && run.skips(run.stack.volume(lv)) {
			continue
		}
		devices, err := run.stack.of(name)
		if err != nil {
			return nil, err
		}
		more, err := planSteps(devices, run.kernel.find)
		if err != nil {
			return nil, run.stack.fault("activate", name, err)
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

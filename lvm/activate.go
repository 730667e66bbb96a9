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
// that pools have yet to be told are sent. The metadata of a pool that the kernel
// has set aside is checked as a whole, and its mark cleared if it is sound; of
// others the superblock is read.
//
// Each LV comes whole or not at all: where it fails, what was made for it is
// taken back. The others are activated all the same, and the errors come
// joined, as [*ActivationError]s. A VG with faults is refused with them: two LVs that
// have the same extents would overwrite each other. If ctx ends, the LVs that are active by then
// stay so, and no device stays suspended. Where only the wait for udev's rules
// ended early, all is active, and the error is the context's.
//
// Volumes of which each is one new device are made beside each other: see
// [ActivatorConfig.Workers]. What comes of it is the same, in the order of the
// request.
func (a *Activator) Activate(ctx context.Context, req ActivateRequest) (*Activation, error) {
	if err := req.check(); err != nil {
		return &Activation{}, err
	}
	if err := req.VG.Validate(); err != nil {
		return &Activation{}, &ActivationError{Op: "activate", VG: req.VG.Name, Err: err}
	}
	run, err := a.newActivation(req)
	if err != nil {
		return &Activation{}, err
	}
	errs := run.volumes(ctx)
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

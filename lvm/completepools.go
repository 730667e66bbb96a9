package lvm

import (
	"context"
	"errors"
)

// Complete tells pools what they have yet to be told, and returns those that
// the kernel has then: their text is to be committed without messages. Pools
// that are not active are so for the time of it. The request's LVs are the
// pools; nil: all that have messages. Volumes are not activated.
func (a *Activator) Complete(ctx context.Context, req ActivateRequest) ([]string, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	run, err := a.newActivation(req)
	if err != nil {
		return nil, err
	}
	pools := req.LVs
	if pools == nil {
		for _, lv := range req.VG.LVs {
			if t, ok := only(lv).(*ThinPool); ok && len(t.Messages) > 0 {
				pools = append(pools, lv.Name)
			}
		}
	}
	var idle []string
	var errs []error
	for _, name := range pools {
		was, err := run.complete(ctx, name)
		if err != nil {
			errs = append(errs, run.stack.fault("complete", name, err))
		} else if !was {
			idle = append(idle, name)
		}
	}
	errs = append(errs, run.udev.Wait(ctx))
	if len(idle) > 0 {
		errs = append(errs, a.Deactivate(context.WithoutCancel(ctx), DeactivateRequest{VG: req.VG, LVs: idle, Retry: a.cfg.Patience}))
	}
	return run.result.Completed, errors.Join(errs...)
}

// complete does it for one pool, and reports whether that was active.
func (run *activation) complete(ctx context.Context, name string) (was bool, err error) {
	lv := run.stack.lvs[name]
	if lv == nil {
		return false, ErrReference
	}
	has, err := run.kernel.find(DeviceUUID(run.req.VG.ID, lv.ID, LayerThinPool))
	if err != nil {
		return false, err
	}
	from := len(run.stack.order)
	if _, err = run.stack.thinPool(lv); err == nil {
		var steps []*DeviceStep
		if steps, err = planSteps(run.stack.order[from:], run.kernel.find); err == nil {
			err = run.devices(ctx, steps)
		}
	}
	if err != nil {
		run.stack.forget(from)
	}
	return has != nil, err
}

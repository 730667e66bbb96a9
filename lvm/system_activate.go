package lvm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm/host"
)

// ActivateOptions say how LVs become devices. The zero value is what lvm2 does.
type ActivateOptions struct {
	Mode       ActivationMode
	ReadOnly   bool // let nobody write to them
	IgnoreSkip bool // also those that say that they are skipped
	// Auto leaves out what is not to be activated by itself: by its flags, its
	// VG's, or activation/auto_activation_volume_list.
	Auto bool
}

// ErrOffline says that there is no device-mapper, or that it is not to be asked:
// of image files, nothing is activated. It matches [errors.ErrUnsupported].
var ErrOffline error = offlineError{}

type offlineError struct{}

func (offlineError) Error() string {
	return "nothing can be activated: " + errors.ErrUnsupported.Error()
}

func (offlineError) Unwrap() error { return errors.ErrUnsupported }

// Activate makes the named LVs of a VG devices; nil names all of its volumes. What
// is active is left alone, or made what it should be. Messages that pools have yet
// to be told are sent, and taken out of the text. [Change.Names] are the LVs that
// are active, of those that were named; [Change.Skipped] those that were left as
// they are, for what their flags or lvm2's settings say.
func (s *System) Activate(ctx context.Context, vg string, lvs []string, o ActivateOptions) (c *Change, err error) {
	t, a, err := s.beginActivation(ctx, vg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, err
	}
	c = &Change{Before: g.VG, After: g.VG}
	if err := known(g.VG, lvs, "activate LV"); err != nil {
		return nil, err
	}
	err = t.activate(ctx, c, a, g, lvs, o)
	return c, errors.Join(err, t.complete(ctx, c, a, g))
}

// Deactivate removes the devices of the named LVs; nil names all volumes. One that
// is in use is a [*BusyError], and stays.
func (s *System) Deactivate(ctx context.Context, vg string, lvs []string) (c *Change, err error) {
	t, a, err := s.beginActivation(ctx, vg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, err
	}
	if err := known(g.VG, lvs, "deactivate LV"); err != nil {
		return nil, err
	}
	c = &Change{Before: g.VG, After: g.VG, Names: lvs}
	err = a.Deactivate(ctx, DeactivateRequest{VG: g.VG, LVs: lvs, Retry: s.cfg.BusyRetry})
	if err == nil && lvs == nil && s.host != nil {
		c.warn(s.host.VGInactive(vg))
	}
	return c, err
}

// known refuses names of LVs that are not there.
func known(vg *VG, lvs []string, op string) error {
	find := vg.LV
	if len(lvs) > few {
		r := relationsOf(vg)
		find = func(name string) *LV { return r.lvs[name] }
	}
	for _, name := range lvs {
		if find(name) == nil {
			return &OpError{Op: op, Object: vg.Name + "/" + name, Err: ErrNotFound}
		}
	}
	return nil
}

// beginActivation takes the VG's lock, as lvm2 does: nobody changes it meanwhile.
func (s *System) beginActivation(ctx context.Context, vg string) (*session, *Activator, error) {
	conn, err := s.dm()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case s.images():
		return nil, nil, fmt.Errorf("VG %s is in image files: %w", vg, ErrOffline)
	case conn == nil:
		return nil, nil, fmt.Errorf("VG %s: %w", vg, ErrOffline)
	}
	t, err := s.begin(ctx, host.LockRequest{VGs: []string{vg}, Mode: host.Exclusive}, ScanOptions{VG: vg})
	return t, s.activator(conn), err
}

func (s *System) activator(conn *dm.Conn) *Activator {
	cfg := s.cfg.Activator
	if h := s.cfg.Host; h != nil {
		cfg.Dev, cfg.Sys, cfg.Proc = h.Dev, h.Sys, h.Proc
	}
	return NewActivator(conn, &cfg)
}

// stackOptions are how LVs of g become devices on this machine.
func (t *session) stackOptions(g *DiskVG) StackOptions {
	o := StackOptions{PVs: make(map[ID]dm.Dev, len(g.PVs)), ExtendThreshold: t.s.Settings().ThinPool.Autoextend.Threshold}
	for i, pv := range g.VG.PVs {
		if d := g.PVs[i]; d != nil && !d.Device.IsFile() {
			o.PVs[pv.ID] = dm.DevFromUint64(d.Device.Number)
		}
	}
	return o
}

// forKernel is vg as the kernel is to have it here: volumes that lvm2's settings
// say are read-only are.
func (t *session) forKernel(vg *VG) *VG {
	set := t.s.Settings()
	if set.ReadOnlyVolumeList == nil {
		return vg
	}
	c := vg.Clone()
	for i, lv := range vg.LVs {
		if lv.Writable() && set.ActivateReadOnly(vg.Name, lv.Name, slices.Concat(lv.Tags, vg.Tags)...) {
			c.LVs[i] = lv.Clone()
			c.LVs[i].Status, c.LVs[i].Flags = lv.Status.Without(FlagWrite), lv.Flags.Without(FlagWriteLocked)
		}
	}
	return c
}

// activate activates LVs of g.
func (t *session) activate(ctx context.Context, c *Change, a *Activator, g *DiskVG, lvs []string, o ActivateOptions) error {
	chosen, left := t.mayActivate(relationsOf(g.VG), lvs, o.Auto)
	c.Skipped = append(c.Skipped, left...)
	if lvs != nil && len(chosen) == 0 {
		return nil
	}
	req := ActivateRequest{
		VG: t.forKernel(g.VG), LVs: chosen, StackOptions: t.stackOptions(g), SystemID: g.VG.SystemID,
		IgnoreSkip: o.IgnoreSkip, Auto: o.Auto,
	}
	req.Mode, req.ReadOnly = o.Mode, o.ReadOnly
	done, err := a.Activate(ctx, req)
	c.Names = append(c.Names, done.Active...)
	c.Skipped = append(c.Skipped, done.Skipped...)
	return err
}

// mayActivate tells the LVs that lvm2's settings let be active from the others;
// nil names all volumes.
func (t *session) mayActivate(r *relations, lvs []string, auto bool) (chosen, left []string) {
	set := t.s.Settings()
	may := set.MayActivate
	if auto {
		may = set.MayAutoActivate
	}
	if lvs == nil {
		for _, lv := range r.vg.LVs {
			if r.isVolume(lv) {
				lvs = append(lvs, lv.Name)
			}
		}
	}
	for _, name := range lvs {
		tags := r.vg.Tags
		if lv := r.lvs[name]; lv != nil && len(lv.Tags) > 0 {
			tags = slices.Concat(lv.Tags, tags)
		}
		if may(r.vg.Name, name, tags...) {
			chosen = append(chosen, name)
		} else {
			left = append(left, name)
		}
	}
	return chosen, left
}

// complete tells pools what they have yet to be told, and commits the VG without
// their messages.
func (t *session) complete(ctx context.Context, c *Change, a *Activator, g *DiskVG) error {
	if !hasMessages(g.VG) {
		return nil
	}
	told, err := a.Complete(ctx, ActivateRequest{VG: t.forKernel(g.VG), StackOptions: t.stackOptions(g), SystemID: g.VG.SystemID})
	if len(told) == 0 {
		return err
	}
	var ops []Op
	for _, pool := range told {
		ops = append(ops, CompletePool{Pool: pool})
	}
	next, opErr := Apply(g.VG, t.s.stamp(), ops...)
	if opErr != nil {
		return errors.Join(err, opErr)
	}
	done, commitErr := t.commit(c, g, next, nil)
	if commitErr != nil {
		return errors.Join(err, commitErr)
	}
	c.After = done.VG
	return err
}

func hasMessages(vg *VG) bool {
	for _, lv := range vg.LVs {
		if t, ok := only(lv).(*ThinPool); ok && len(t.Messages) > 0 {
			return true
		}
	}
	return false
}

package lvm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rok-storage/rok/dm"
)

// ActiveError says that LVs are active that a change would take away. It matches
// [ErrInUse].
type ActiveError struct {
	VG  string
	LVs []string
}

func (e *ActiveError) Error() string {
	const most = 4
	names := slices.Clone(e.LVs)
	if more := len(names) - most; more > 1 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	verb := "is"
	if len(e.LVs) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("VG %s: %s %s active", e.VG, strings.Join(names, ", "), verb)
}

// Is reports whether target is [ErrInUse].
func (e *ActiveError) Is(target error) bool { return target == ErrInUse }

// apply commits next, has the kernel follow, and keeps a backup.
func (t *session) apply(ctx context.Context, c *Change, g *DiskVG, next *VG, o ChangeOptions) error {
	conn, err := t.kernelFor(c, g.VG, next, o)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // it ended while locks were waited for
	}
	if conn != nil {
		if err := t.refuseLive(conn, g.VG, next, o); err != nil {
			return err
		}
	}
	o.Inactive = o.Inactive || conn == nil
	if !c.unmapped { // else there is nothing to make ready
		if err := t.prepare(c, g, next, o); err != nil {
			return err
		}
	}
	if conn == nil {
		done, err := t.commit(c, g, next, nil)
		if err != nil {
			return err
		}
		t.end(c, done)
		return nil
	}
	a := t.s.activator(conn)
	done, err := t.swap(ctx, c, a, g, next)
	if err != nil {
		return err
	}
	c.After = done.VG
	err = t.finish(ctx, c, a, g.VG, done, o)
	if last, findErr := t.scan.VG(next.Name); findErr == nil {
		t.end(c, last)
	}
	return err
}

// kernelFor is the kernel that a change concerns. It is nil where there is none, and
// where all that is new is plain and stays inactive.
func (t *session) kernelFor(c *Change, old, next *VG, o ChangeOptions) (*dm.Conn, error) {
	if c.unmapped = o.Inactive && addsPlain(old, next); c.unmapped {
		return nil, nil
	}
	return t.s.dm()
}

// end is what follows a change that stands.
func (t *session) end(c *Change, g *DiskVG) {
	c.After = g.VG
	if f := g.fullness(g.VG); f != nil {
		c.warn(f)
	}
	t.backup(c, g.VG)
}

// refuseLive refuses what is not done with active LVs: to take them away without
// being told so, and to resize one that has copy-on-write snapshots, which lvm2
// does not do either.
func (t *session) refuseLive(conn *dm.Conn, old, next *VG, o ChangeOptions) error {
	var gone, resized []*LV
	is := byID(next)
	r := relationsOf(old)
	for _, lv := range old.LVs {
		switch now := is[lv.ID]; {
		case now == nil && r.isVolume(lv):
			gone = append(gone, lv)
		case now != nil && now.Size() != lv.Size() && len(r.snapshots[lv.Name]) > 0:
			resized = append(resized, lv)
		}
	}
	if !o.Deactivate {
		active, err := activeOf(conn, old, gone)
		if err != nil {
			return err
		}
		if len(active) > 0 {
			return &ActiveError{VG: old.Name, LVs: active}
		}
	}
	active, err := activeOf(conn, old, resized)
	if err != nil || len(active) == 0 {
		return err
	}
	return &OpError{Op: "resize LV", Object: old.Name + "/" + active[0], Reason: "it is active, and has snapshots", Err: ErrInUse}
}

// activeOf are the names of those of the LVs that have devices.
func activeOf(conn *dm.Conn, vg *VG, lvs []*LV) ([]string, error) {
	if len(lvs) == 0 {
		return nil, nil
	}
	k := newKernelView(conn, vg.ID)
	if err := k.expect(len(lvs)); err != nil {
		return nil, err
	}
	var active []string
	for _, lv := range lvs {
		for _, layer := range []Layer{LayerNone, LayerPool, LayerThinPool} {
			if _, pool := only(lv).(*ThinPool); !pool && layer != LayerNone {
				break
			}
			has, err := k.find(DeviceUUID(vg.ID, lv.ID, layer))
			if err != nil {
				return nil, err
			}
			if has != nil {
				active = append(active, lv.Name)
				break
			}
		}
	}
	return active, nil
}

// mustBeInactive refuses what is not done under active LVs.
func (t *session) mustBeInactive(vg *VG) error {
	conn, err := t.s.dm()
	if conn == nil || err != nil {
		return err
	}
	r := relationsOf(vg)
	var volumes []*LV
	for _, lv := range vg.LVs {
		if r.isVolume(lv) {
			volumes = append(volumes, lv)
		}
	}
	active, err := activeOf(conn, vg, volumes)
	if err != nil || len(active) == 0 {
		return err
	}
	return &ActiveError{VG: vg.Name, LVs: active}
}

// swap commits next, with the active LVs that it changes taken along.
func (t *session) swap(ctx context.Context, c *Change, a *Activator, g *DiskVG, next *VG) (*DiskVG, error) {
	s := a.NewSwap(t.forKernel(g.VG), t.forKernel(next), t.nextOptions(g, next))
	if err := s.Preload(ctx); err != nil {
		return nil, err
	}
	hook := s.Hook(ctx)
	done, err := t.commit(c, g, next, func(*VG) (func(bool) error, error) { return hook() })
	if err != nil {
		return nil, errors.Join(err, s.Undo(ctx))
	}
	return done, nil
}

// nextOptions are the options for a VG that may have PVs which g has not.
func (t *session) nextOptions(g *DiskVG, next *VG) StackOptions {
	o := t.stackOptions(g)
	for _, pv := range next.PVs {
		if d, err := t.scan.PV(pv.ID.String()); err == nil && !d.Device.IsFile() {
			o.PVs[pv.ID] = dm.DevFromUint64(d.Device.Number)
		}
	}
	return o
}

// finish has pools told, and new LVs activated. New LVs that cannot be are removed
// again, as lvm2 does it.
func (t *session) finish(ctx context.Context, c *Change, a *Activator, old *VG, done *DiskVG, o ChangeOptions) error {
	if err := t.complete(ctx, c, a, done); err != nil {
		return errors.Join(err, t.untold(c, old, done))
	}
	g, err := t.scan.VG(done.VG.Name)
	if err != nil {
		return err
	}
	fresh := newVolumes(relationsOf(g.VG), old)
	if o.Inactive || len(fresh) == 0 {
		return nil
	}
	names := c.Names
	err = t.activate(ctx, c, a, g, fresh, ActivateOptions{})
	c.Names = names
	if err == nil {
		err = t.clearThin(a, g, fresh, o)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, t.takeBack(context.WithoutCancel(ctx), c, a, g, fresh))
}

// newVolumes are the volumes that r's VG has and old has not. Snapshots of active
// origins are active already, and others are not to be.
func newVolumes(r *relations, old *VG) (names []string) {
	had := byID(old)
	for _, lv := range r.vg.LVs {
		if had[lv.ID] == nil && r.isVolume(lv) && r.cow[lv.Name] == nil {
			names = append(names, lv.Name)
		}
	}
	return names
}

// untold commits the VG as it was, where a pool could not be told of the only
// volume that was made: it does not have it, and no volume of that number. Where
// there were several it may have some, so that they stay, and are told when the
// pool is activated next.
func (t *session) untold(c *Change, old *VG, done *DiskVG) error {
	messages := 0
	for _, lv := range done.VG.LVs {
		if p, ok := only(lv).(*ThinPool); ok {
			for _, m := range p.Messages {
				if messages++; m.Create == "" {
					return nil
				}
			}
		}
	}
	if messages != 1 || hasMessages(old) {
		return nil
	}
	g, err := t.scan.VG(done.VG.Name)
	if err != nil {
		return err
	}
	back, err := t.commit(c, g, old.Clone(), nil)
	if err == nil {
		c.After = back.VG
	}
	return err
}

// takeBack removes new LVs that could not be activated.
func (t *session) takeBack(ctx context.Context, c *Change, a *Activator, g *DiskVG, names []string) error {
	var ops []Op
	for _, name := range names {
		ops = append(ops, RemoveLV{Name: name})
	}
	next, err := Apply(g.VG, t.s.stamp(), ops...)
	if err != nil {
		return err
	}
	done, err := t.swap(ctx, c, a, g, next)
	if err != nil {
		return err
	}
	c.After = done.VG
	return t.complete(ctx, c, a, done)
}

// clearThin overwrites the start of new thin volumes, whose pool does not zero
// what they get: lvm2 does so too.
func (t *session) clearThin(a *Activator, g *DiskVG, names []string, o ChangeOptions) error {
	r := relationsOf(g.VG)
	for _, name := range names {
		lv := r.lvs[name]
		thin, ok := only(lv).(*Thin)
		if !ok || o.KeepStart || thin.Origin != "" || thin.ExternalOrigin != "" || lv.Flags.Has(FlagActivationSkip) || !t.writableHere(r, lv) {
			continue
		}
		pool, ok := only(r.lvs[thin.Pool]).(*ThinPool)
		if !ok || pool.ZeroNewBlocks {
			continue
		}
		device := DeviceName(g.VG.Name, name, LayerNone)
		info, err := a.conn.Device(dm.ByName(device)).Info()
		if err != nil {
			return err
		}
		f, err := a.open(device, info.Dev, true)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(make([]byte, clearedStart), 0)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("clear LV %s/%s: %w", g.VG.Name, name, err)
		}
	}
	return nil
}

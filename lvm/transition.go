package lvm

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/dm"
)

// transition takes devices from what they are to what they must be, in three
// phases, each in one order over all of them:
//
//	load     from below   new devices are made; the new tables of others are loaded
//	suspend  from above   those stop their I/O
//	resume   from below   they get their new names and tables, and go on
//
// Whatever fails, [transition.undo] leaves what was before.
type transition struct {
	a       *Activator
	r       *relations
	udev    *dm.UdevBatch
	numbers map[string]dm.Dev // of devices, by the name that they must have
	steps   []*DeviceStep
}

// add takes the steps of one volume in, and decides which of them are late: a
// snapshot begins with the resume of its origin, and a name must be free before
// it is taken.
func (t *transition) add(steps []*DeviceStep, swap bool) {
	t.steps = append(t.steps, steps...)
	names, live := map[string]bool{}, swap
	for _, s := range steps {
		if s.Has != nil {
			t.numbers[s.Device.Name] = s.Has.Dev
			live = live || s.Reload
			if s.Rename {
				names[s.Has.Name] = true
			}
		}
	}
	freeze := false
	for _, s := range steps {
		if s.Has == nil {
			s.late = names[s.Device.Name] || live && s.Device.Snapshot
			freeze = freeze || live && s.Device.Snapshot
		}
	}
	for _, s := range steps {
		s.freeze = freeze
	}
}

// number finds the number of a device for a table.
func (t *transition) number(name string) (dm.Dev, error) {
	if dev, known := t.numbers[name]; known {
		return dev, nil
	}
	info, err := t.a.conn.Device(dm.ByName(name)).Info()
	if err != nil {
		return dm.Dev{}, err
	}
	t.numbers[name] = info.Dev
	return info.Dev, nil
}

// resolved is the table of s as the kernel takes it.
func (t *transition) resolved(s *DeviceStep) (dm.Table, error) {
	if len(s.Device.Below) == 0 {
		return s.table, nil
	}
	return withNumbers(s.table, t.number)
}

// loadTable loads the table of s as the inactive one of its device.
func (t *transition) loadTable(s *DeviceStep) error {
	table, err := t.resolved(s)
	if err != nil {
		return err
	}
	return t.device(s).Load(table, dm.TableOptions{ReadOnly: s.Device.ReadOnly})
}

func (t *transition) udevFor(d *MappedDevice) dm.UdevOptions {
	return dm.UdevOptions{Flags: d.Udev, Batch: t.udev}
}

// device is the device of s under the name that it has now.
func (t *transition) device(s *DeviceStep) *dm.Device {
	name := s.Device.Name
	switch {
	case s.Has == nil || !s.Rename || s.renamed:
	case s.way != "":
		name = s.way
	default:
		name = s.Has.Name
	}
	return t.a.conn.Device(dm.ByName(name))
}

// load is the first phase for one device.
func (t *transition) load(ctx context.Context, s *DeviceStep) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case s.Has == nil:
		if s.late && !s.Device.Snapshot {
			return nil // its name is not free yet
		}
		if s.Device.Pool != nil {
			if err := t.a.checkMetadata(ctx, s.Device); err != nil {
				return err
			}
		}
		if err := t.create(ctx, s); err != nil {
			return err
		}
	case len(s.Has.Table) == 0:
		// A crash left it half-made: nobody uses it, and what is above it needs
		// it now.
		s.created = true
		err := t.loadTable(s)
		if err == nil {
			err = t.device(s).Resume(ctx, t.suspendOptions(s))
		}
		return err
	case s.Reload:
		if err := t.loadTable(s); err != nil {
			return err
		}
		s.loaded = true
	case s.Resume:
		// A crash left it suspended.
		if err := t.device(s).Resume(ctx, t.suspendOptions(s)); err != nil {
			return err
		}
	}
	return nil
}

// create makes a device, and resumes it unless it is a late one.
func (t *transition) create(ctx context.Context, s *DeviceStep) error {
	d := s.Device
	req := dm.CreateRequest{Name: d.Name, UUID: d.UUID, ReadOnly: d.ReadOnly, Minor: d.Minor, Udev: t.udevFor(d)}
	if !s.late {
		var err error
		if req.Table, err = t.resolved(s); err != nil {
			return err
		}
	}
	if _, err := t.a.conn.Create(ctx, req); err != nil {
		return err
	}
	s.created = true
	if s.late {
		return t.loadTable(s)
	}
	return nil
}

// suspendOptions are lvm2's: nothing in a pool waits for queued I/O, which may
// wait for space; file systems are frozen only where a snapshot begins.
func (t *transition) suspendOptions(s *DeviceStep) dm.SuspendOptions {
	o := dm.SuspendOptions{SkipLockFS: !s.freeze, Udev: t.udevFor(s.Device)}
	for _, segment := range s.Device.Table {
		switch segment.Target.(type) {
		case dm.ThinPool, dm.Thin:
			o.NoFlush = !s.freeze
		}
	}
	switch s.Device.Layer {
	case LayerPool, LayerThinPool, LayerThinData, LayerThinMeta:
		o.NoFlush, o.SkipLockFS = true, true
	}
	return o
}

// suspends reports whether s must stop its I/O for its resume.
func (s *DeviceStep) suspends() bool { return s.loaded || s.Touch }

// suspend is the second phase for all devices.
func (t *transition) suspend(ctx context.Context) error {
	for i := len(t.steps) - 1; i >= 0; i-- {
		s := t.steps[i]
		if !s.suspends() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.suspended = true // in part, perhaps
		if err := t.device(s).Suspend(t.suspendOptions(s)); err != nil {
			return err
		}
	}
	return nil
}

// resume is the third phase for one device.
func (t *transition) resume(ctx context.Context, s *DeviceStep) error {
	if s.Has != nil && s.Rename && !s.renamed {
		if err := t.rename(ctx, s); err != nil {
			return err
		}
	}
	switch {
	case s.late && !s.created:
		s.late = false
		return t.create(ctx, s)
	case s.late && s.created, s.suspends():
		return t.device(s).Resume(ctx, t.suspendOptions(s))
	}
	return nil
}

// rename gives a device its new name. Where another one still has it, which
// will have a third, that one makes way first.
func (t *transition) rename(ctx context.Context, s *DeviceStep) error {
	for _, other := range t.steps {
		if other != s && other.Has != nil && other.Rename && !other.renamed && other.Has.Name == s.Device.Name {
			way := other.Has.Name + "-" + other.Has.Dev.String()
			if _, err := t.device(other).RenameWith(ctx, way, t.udevFor(other.Device)); err != nil {
				return err
			}
			other.way = way
		}
	}
	if _, err := t.device(s).RenameWith(ctx, s.Device.Name, t.udevFor(s.Device)); err != nil {
		return err
	}
	s.renamed = true
	return nil
}

// undo takes back what the phases did. First what was there goes on as it was,
// from below; then what was made goes, from above.
func (t *transition) undo(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, s := range t.steps {
		dev := t.device(s)
		switch {
		case s.loaded:
			errs = append(errs, t.restore(ctx, s, dev))
		case s.suspended:
			errs = append(errs, dev.Resume(ctx, t.suspendOptions(s)))
		}
		s.loaded, s.suspended = false, false
	}
	for i := len(t.steps) - 1; i >= 0; i-- {
		s := t.steps[i]
		if s.renamed || s.way != "" {
			_, err := t.device(s).RenameWith(ctx, s.Has.Name, t.udevFor(s.Device))
			errs = append(errs, err)
			s.renamed, s.way = false, ""
		}
	}
	for i := len(t.steps) - 1; i >= 0; i-- {
		s := t.steps[i]
		if !s.created {
			continue
		}
		delete(t.numbers, s.Device.Name)
		err := t.device(s).Remove(ctx, dm.RemoveOptions{Retry: t.a.cfg.Patience, NoHolders: true, Udev: t.udevFor(s.Device)})
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		s.created = false
	}
	return errors.Join(errs...)
}

// restore gives a device its old table back, and lets it go on. It does not
// just drop the new one: see [dm.Device.Clear].
func (t *transition) restore(ctx context.Context, s *DeviceStep, dev *dm.Device) error {
	table := dm.TableOptions{ReadOnly: s.Has.ReadOnly}
	err := dev.Swap(ctx, s.Has.Table, table, t.suspendOptions(s))
	if err == nil {
		return nil
	}
	// The last resort: whatever table it has, it goes on.
	return errors.Join(err, dev.Clear(), dev.Resume(ctx, t.suspendOptions(s)))
}

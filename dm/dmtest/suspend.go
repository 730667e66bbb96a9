package dmtest

import (
	"syscall"

	"github.com/rok-storage/rok/ioctl"
)

// suspendOrResume is dev_suspend: one command, and a flag that decides.
func (m *machine) suspendOrResume(p *param) error {
	if p.has(ioctl.FlagSuspend) {
		return m.suspend(p)
	}
	return m.resume(p)
}

// suspend of a suspended device succeeds. NOFLUSH and SKIP_LOCKFS make no
// difference where there is no I/O.
func (m *machine) suspend(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	d.suspend()
	d.describe(p)
	return nil
}

func (d *device) suspend() {
	if d.suspended {
		return
	}
	d.suspended = true
	for _, s := range d.live.all() {
		if t, ok := s.instance.(suspender); ok {
			t.Suspend()
		}
	}
}

// resume is do_resume. A table that the device's queue refuses is dropped, and
// leaves the device suspended with the old one; a target that refuses to
// resume leaves it suspended with the new one, and the old one gone.
func (m *machine) resume(p *param) error {
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	next := d.inactive
	d.inactive = nil
	p.set(ioctl.FlagInactivePresent, false)
	if next != nil {
		d.suspend()
		if d.live == nil || len(next.devices) > 0 {
			if err := m.checkAreas(next); err != nil {
				m.release(next)
				return err
			}
		}
		old := d.live
		d.live = next
		d.readOnly = next.readOnly
		d.immutable = next.immutable()
		m.event()
		defer m.release(old)
	}
	if d.suspended {
		if d.live == nil {
			return syscall.EINVAL
		}
		if err := d.resume(); err != nil {
			return err
		}
		p.set(ioctl.FlagUeventGenerated, true)
	}
	d.describe(p)
	return nil
}

func (d *device) resume() error {
	for _, s := range d.live.all() {
		if t, ok := s.instance.(resumer); ok {
			if err := t.Resume(); err != nil {
				return err
			}
		}
	}
	d.suspended = false
	return nil
}

package lvm

import (
	"context"
	"errors"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/host"
)

// Scan reads what is on the devices: all VGs, or what is asked for. Its devices
// are closed. It fails where image files or devices that were named cannot be
// opened; that others cannot be read is among its faults.
//
// On a machine no lock is taken, so that a stuck command stops nobody from
// looking: each metadata area has a whole text at any moment. Only where
// something looks wrong, it is read once more under lvm2's locks, since a commit
// that is under way looks like one that was cut off.
func (s *System) Scan(ctx context.Context, o ScanOptions) (*Scan, error) {
	if s.host != nil {
		scan, err := s.look(ctx, o, host.LockRequest{})
		if err != nil || !unsettled(scan) {
			return scan, err
		}
		return s.look(ctx, o, host.LockRequest{Global: host.Shared, VGs: namesOf(scan), Mode: host.Shared})
	}
	return s.look(ctx, o, host.LockRequest{Global: host.Shared})
}

// look is one scan.
func (s *System) look(ctx context.Context, o ScanOptions, r host.LockRequest) (scan *Scan, err error) {
	t := &session{s: s}
	defer func() { err = errors.Join(err, t.close()) }()
	if r.Global != host.Unlocked {
		if t.locks, err = s.lock(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := t.scanDevices(ctx, o); err != nil {
		return nil, err
	}
	return t.scan, nil
}

// unsettled reports whether a scan has what a commit under way would look like.
func unsettled(scan *Scan) bool {
	for _, g := range scan.VGs {
		if len(g.Faults) > 0 || len(g.Outdated) > 0 {
			return true
		}
	}
	return len(scan.Faults) > 0
}

// namesOf are the names of the scan's VGs.
func namesOf(scan *Scan) (names []string) {
	for _, g := range scan.VGs {
		names = append(names, g.VG.Name)
	}
	return names
}

// session is one change, or one look: what is locked, and the devices that are
// open meanwhile.
type session struct {
	s     *System
	locks *lockSet
	set   *deviceSet
	scan  *Scan

	headers map[ID]disk.PVHeader // of the next commit
}

// begin takes locks, and reads what is on the devices under them: those that are
// named among them, which lvm2 need not have looked at so far.
func (s *System) begin(ctx context.Context, r host.LockRequest, o ScanOptions, named ...string) (*session, error) {
	t := &session{s: s}
	var err error
	if t.locks, err = s.lock(ctx, r); err != nil {
		return nil, err
	}
	if err := t.scanDevices(ctx, o, named...); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *session) scanDevices(ctx context.Context, o ScanOptions, named ...string) (err error) {
	if t.set, err = t.s.devices(ctx); err != nil {
		return err
	}
	for _, path := range named {
		if err := t.set.add(ctx, t.s, path); err != nil {
			return err
		}
	}
	o.OnText = t.s.cfg.OnText
	t.scan = ScanDevices(t.set.list, o)
	t.scan.Faults = append(t.set.faults, t.scan.Faults...)
	return nil
}

// close closes the devices, of which udev then learns what is on them, and gives
// up the locks.
func (t *session) close() error {
	var errs []error
	if t.set != nil {
		errs = append(errs, t.set.close())
	}
	if t.locks != nil {
		errs = append(errs, t.locks.unlock())
	}
	return errors.Join(errs...)
}

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

const devicesLockMode = 0o600

// Devices reads the devices file. It is nil where there is none, or where
// devices/use_devicesfile is 0: then lvm2 looks at all devices.
func (h *Host) Devices(ctx context.Context) (*DevicesFile, error) {
	if h.Settings.DevicesFile == "" {
		return nil, nil
	}
	path := h.devicesPath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	unlock, err := h.lockDevices(ctx, Shared)
	if err != nil {
		return nil, err
	}
	f, err := readDevices(path)
	return f, errors.Join(err, unlock())
}

// EditDevices changes the devices file: edit gets it as it is, and what it
// changed is written, as the next version, with a backup where the file is of an
// lvm2 that keeps them. Where there is no file, edit gets an empty one, which is
// written if it has devices then: from then on, lvm2 looks at no others.
//
// The file's lock is taken last, behind those of the VGs. It fails with a
// [*LockError], a [*DevicesFileError], or edit's error.
func (h *Host) EditDevices(ctx context.Context, edit func(*DevicesFile) error) error {
	if h.Settings.DevicesFile == "" {
		return nil
	}
	path := h.devicesPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o777&^h.Settings.Umask); err != nil {
		return err
	}
	unlock, err := h.lockDevices(ctx, Exclusive)
	if err != nil {
		return err
	}
	return errors.Join(h.editDevices(path, edit), unlock())
}

func (h *Host) editDevices(path string, edit func(*DevicesFile) error) error {
	f, err := readDevices(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = new(DevicesFile), nil
	}
	if err != nil {
		return err
	}
	if err := edit(f); err != nil || !f.Changed() {
		return err
	}
	now := time.Now()
	text := f.next(fmt.Sprintf("%s pid %d at %s", h.cfg.Program, os.Getpid(), now.Format(time.ANSIC)))
	if err := h.writeWhole(path, []byte(text)); err != nil {
		return err
	}
	if f.hashed() && h.Settings.DevicesFileBackup > 0 {
		return h.backUpDevices(path, text, f.Version(), now)
	}
	return nil
}

// PutDevice lists a device on which a PV was made, or found, as pvcreate and
// vgextend do. Where there is no devices file it does nothing.
func (h *Host) PutDevice(ctx context.Context, d *Device, pvid string) error {
	have, err := h.Devices(ctx)
	if have == nil || err != nil {
		return err
	}
	return h.EditDevices(ctx, func(f *DevicesFile) error {
		f.PutDevice(d, pvid)
		return nil
	})
}

// ClearDevice is for a PV that was removed: its device stays in the list, as
// with pvremove.
func (h *Host) ClearDevice(ctx context.Context, pvid string) error {
	have, err := h.Devices(ctx)
	if have == nil || err != nil {
		return err
	}
	return h.EditDevices(ctx, func(f *DevicesFile) error {
		f.ClearPVID(pvid)
		return nil
	})
}

// Visible tells whether lvm2 looks at a device, known by all its paths (links
// too), with the PV of that id, which may be empty. Where there is a devices
// file, list, it alone decides: lvm2 then ignores both filters. The error is
// [ErrNotListed], and says why.
func (h *Host) Visible(list *DevicesFile, d *Device, pvid string, links ...string) error {
	paths := append([]string{d.Path}, links...)
	switch {
	case list != nil && !list.Lists(d, pvid):
		return fmt.Errorf("%s: not in %s: %w", d.Path, h.devicesPath(), ErrNotListed)
	case list != nil:
		return nil
	case !h.Settings.GlobalFilter.Accepts(paths...):
		return fmt.Errorf("%s: rejected by devices/global_filter: %w", d.Path, ErrNotListed)
	case !h.Settings.Filter.Accepts(paths...):
		return fmt.Errorf("%s: rejected by devices/filter: %w", d.Path, ErrNotListed)
	}
	return nil
}

// PassesFilters is [Host.Visible] where there is no devices file, without the
// reason.
func (h *Host) PassesFilters(path string, links ...string) bool {
	paths := append([]string{path}, links...)
	return h.Settings.GlobalFilter.Accepts(paths...) && h.Settings.Filter.Accepts(paths...)
}

func (h *Host) devicesPath() string {
	return filepath.Join(h.cfg.Etc, "devices", h.Settings.DevicesFile)
}

func readDevices(path string) (*DevicesFile, error) {
	text, err := ioctl.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := ParseDevicesFile(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// lockDevices takes the lock of the devices file: a plain flock, without a file
// for writers, that is never removed.
func (h *Host) lockDevices(ctx context.Context, mode Mode) (unlock func() error, err error) {
	if err := h.makeLockDir(); err != nil {
		return nil, err
	}
	path := filepath.Join(h.cfg.Locks, "D_"+h.Settings.DevicesFile)
	l, err := openLock(path, unix.O_RDWR|unix.O_CREAT, devicesLockMode)
	if err != nil {
		return nil, err
	}
	ctx, cancel := h.bounded(ctx)
	defer cancel()
	if err := h.lockWay().on(ctx, l, mode == Exclusive); err != nil {
		return nil, errors.Join(h.lockError(path, mode, err), l.close())
	}
	return l.close, nil
}

// backUpDevices keeps each version below devices/backup, as lvm2 after 2.03.16
// does, and the last devices/devicesfile_backup_limit of them.
func (h *Host) backUpDevices(path, text string, version uint32, now time.Time) error {
	dir, name := filepath.Join(filepath.Dir(path), "backup"), filepath.Base(path)
	backup := filepath.Join(dir, fmt.Sprintf("%s-%s.%04d", name, now.Format("20060102.150405"), version))
	if err := h.writeWhole(backup, []byte(text)); err != nil {
		return err
	}
	all, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range all {
		if strings.HasPrefix(e.Name(), name+"-") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	for _, old := range names[:max(0, len(names)-h.Settings.DevicesFileBackup)] {
		if err := forget(filepath.Join(dir, old)); err != nil {
			return err
		}
	}
	return nil
}

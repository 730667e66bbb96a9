package lvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/host"
)

// deviceSet is the devices that a scan reads, open.
type deviceSet struct {
	list   []*Device
	faults []*Fault // of those that could not be opened
}

func (d *deviceSet) close() error {
	var errs []error
	for _, dev := range d.list {
		errs = append(errs, dev.Close())
	}
	d.list = nil
	return errors.Join(errs...)
}

// open opens a device, or notes why it cannot be.
func (d *deviceSet) open(s *System, path string, number uint64) {
	dev, err := s.cfg.OpenDevice(path, ReadOnly)
	switch {
	case err == nil:
		dev.Path = path
		d.list = append(d.list, dev)
	case errors.Is(err, unix.ENOMEDIUM), errors.Is(err, unix.ENXIO) && number != 0:
		// A drive without a medium.
	case errors.Is(err, fs.ErrNotExist) && number != 0:
		// It went away since sysfs had it.
	default:
		d.faults = append(d.faults, &Fault{Object: "device", Name: path, What: err.Error(), Err: err})
	}
}

// add opens one more device, unless it is there. A devices file need not have it;
// a filter may not be against it. Of image files and named devices there are no
// more.
func (d *deviceSet) add(ctx context.Context, s *System, path string) error {
	dev, err := s.cfg.OpenDevice(path, ReadOnly)
	if err != nil {
		return err
	}
	if d.find(dev) != nil {
		return dev.Close()
	}
	dev.Path = path
	if err := s.mayAdd(ctx, dev); err != nil {
		return errors.Join(err, dev.Close())
	}
	d.list = append(d.list, dev)
	return nil
}

// find returns the device of the set that other is too, or nil.
func (d *deviceSet) find(other *Device) *Device {
	for _, dev := range d.list {
		if dev.Path == other.Path || other.same != [2]uint64{} && dev.same == other.same {
			return dev
		}
	}
	return nil
}

func (s *System) mayAdd(ctx context.Context, dev *Device) error {
	switch {
	case s.images():
		return fmt.Errorf("%s: not among the image files: %w", dev.Path, fs.ErrNotExist)
	case len(s.cfg.Devices) > 0:
		return fmt.Errorf("%s: not among the devices that were named: %w", dev.Path, fs.ErrNotExist)
	case dev.IsFile():
		return &fs.PathError{Op: "open", Path: dev.Path, Err: unix.ENOTBLK}
	}
	list, err := s.host.Devices(ctx)
	if err != nil || list != nil {
		return err
	}
	return s.host.Visible(nil, &host.Device{Path: dev.Path}, "", s.links()[dev.Number]...)
}

// devices opens the devices of the system for reading.
func (s *System) devices(ctx context.Context) (*deviceSet, error) {
	d := &deviceSet{}
	named := s.cfg.Images
	if len(named) == 0 {
		named = s.cfg.Devices
	}
	if len(named) > 0 {
		for _, path := range named {
			dev, err := s.cfg.OpenDevice(path, ReadOnly)
			if err != nil {
				return nil, errors.Join(err, d.close())
			}
			dev.Path = path
			d.list = append(d.list, dev)
		}
		return d, nil
	}
	return d, s.hostDevices(ctx, d)
}

// hostDevices opens what lvm2 looks at.
func (s *System) hostDevices(ctx context.Context, d *deviceSet) error {
	list, err := s.host.Devices(ctx)
	if err != nil {
		return err
	}
	search := deviceSearch{sys: s.sys(), proc: s.proc(), isLV: s.isLV()}
	if list == nil && s.host.Filters() {
		links := s.links()
		search.want = func(d HostDevice) bool { return s.host.PassesFilters(d.Path, links[d.Number]...) }
	}
	all, err := search.hostDevices()
	if err != nil {
		return err
	}
	for _, dev := range all {
		if list == nil {
			d.open(s, dev.Path, dev.Number)
		} else {
			s.openListed(d, list, dev)
		}
	}
	return nil
}

// isLV tells whether the device of a minor number is an LV's. One request to the kernel,
// made for the first device of device-mapper, takes the place of four files for each LV.
func (s *System) isLV() func(minor uint32) bool {
	var lvs map[uint32]bool
	return func(minor uint32) bool {
		if lvs == nil {
			lvs = s.lvMinors()
		}
		return lvs[minor]
	}
}

// lvMinors are the minor numbers of the LVs that the kernel has; none where it cannot be
// asked.
func (s *System) lvMinors() map[uint32]bool {
	lvs := map[uint32]bool{}
	conn, err := s.dm()
	if conn == nil || err != nil {
		return lvs // sysfs tells
	}
	entries, err := conn.ListMatching(dm.Filter{UUID: uuidPrefix})
	if err != nil {
		return lvs
	}
	for _, e := range entries {
		lvs[e.Dev.Minor] = true
	}
	return lvs
}

// openListed opens a device if lvm2's list has it.
func (s *System) openListed(d *deviceSet, list *host.DevicesFile, dev HostDevice) {
	about, err := s.host.Device(dev.Path)
	if err != nil {
		return // it is gone, or is none that lvm2 could have in its list
	}
	before := len(d.list)
	if s.host.Visible(list, about, "") == nil {
		d.open(s, dev.Path, dev.Number)
		return
	}
	if !entryWithPath(list) {
		return
	}
	// An entry with a path alone follows its PV to another device.
	d.open(s, dev.Path, dev.Number)
	if len(d.list) > before && !s.listedByPV(list, about, d.list[before]) {
		_ = d.list[before].Close() // read only
		d.list = d.list[:before]
	}
}

// entryWithPath reports whether the list has an entry that is found by its path
// or its PV.
func entryWithPath(list *host.DevicesFile) bool {
	for _, e := range list.Entries() {
		if e.ID.Type == host.IDName && e.PVID != "" {
			return true
		}
	}
	return false
}

func (s *System) listedByPV(list *host.DevicesFile, about *host.Device, d *Device) bool {
	pv, _, err := readPV(d, scanBuffer())
	return err == nil && pv != nil && s.host.Visible(list, about, pv.ID().Compact()) == nil
}

func (s *System) sys() string {
	if s.cfg.Host != nil && s.cfg.Host.Sys != "" {
		return s.cfg.Host.Sys
	}
	return "/sys"
}

// proc is empty where sysfs is not the machine's own.
func (s *System) proc() string {
	switch {
	case s.cfg.Host != nil && s.cfg.Host.Proc != "":
		return s.cfg.Host.Proc
	case s.sys() != "/sys":
		return ""
	}
	return "/proc"
}

func (s *System) dev() string {
	if s.cfg.Host != nil && s.cfg.Host.Dev != "" {
		return s.cfg.Host.Dev
	}
	return "/dev"
}

// links are the paths that filters may decide by, by the devices' numbers.
func (s *System) links() map[uint64][]string {
	paths, all := s.host.DecidingLinks()
	if !all {
		return deviceLinks(s.dev(), s.host.Decides)
	}
	links := map[uint64][]string{}
	for _, path := range paths {
		if !strings.HasPrefix(path, s.dev()+"/") {
			continue // lvm2 knows no others
		}
		if number := blockNumber(path); number != 0 {
			links[number] = append(links[number], path)
		}
	}
	return links
}

// deviceLinks finds the paths below dir that lead to block devices, by the
// devices' numbers: filters may name any of them. What a filter does not decide
// anything about need not be followed.
func deviceLinks(dir string, decides func(path string) bool) map[uint64][]string {
	links := map[uint64][]string{}
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&(fs.ModeSymlink|fs.ModeDevice) == 0 || e.Type()&fs.ModeCharDevice != 0 {
			return nil // what cannot be read has no links
		}
		if !decides(path) {
			return nil
		}
		if number := blockNumber(path); number != 0 {
			links[number] = append(links[number], path)
		}
		return nil
	})
	return links
}

// blockNumber is the number of the block device at path, 0 where there is none.
func blockNumber(path string) uint64 {
	if key, err := fileKey(path); err == nil && key[0] == deviceKey {
		return key[1]
	}
	return 0
}

// deviceKey begins the key of a block device.
const deviceKey = math.MaxUint64

// fileKey is what [Device] has in same of what is at path.
func fileKey(path string) ([2]uint64, error) {
	var st unix.Stat_t
	if err := ioctl.Stat(path, &st); err != nil {
		return [2]uint64{}, err
	}
	return keyOf(&st), nil
}

// keyOf tells what stat(2) says of a thing from all others: of a block device its
// number, however many nodes it has.
func keyOf(st *unix.Stat_t) [2]uint64 {
	if st.Mode&unix.S_IFMT == unix.S_IFBLK {
		return [2]uint64{deviceKey, uint64(st.Rdev)}
	}
	return [2]uint64{uint64(st.Dev), st.Ino}
}

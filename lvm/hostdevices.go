package lvm

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// HostDevice is a block device of the host that may hold a PV.
type HostDevice struct {
	Path   string // "/dev/sda1"; of a device-mapper device "/dev/mapper/NAME"
	Number uint64 // unix.Major and unix.Minor tell its parts
}

// HostDevices lists the block devices that may hold a PV, from sysfs, without
// opening one; sys is where it is mounted, "/sys" if empty. They are sorted by
// number. Left out are
//
//   - disks with partitions, of which the partitions are there, and without size,
//     as loop devices without a file are;
//   - floppy and optical drives, which would spin up, and zram, which lvm2 does not
//     take;
//   - device-mapper devices of LVs, and suspended ones, which would block;
//   - what a multipath or md device is made of, which is there itself.
func HostDevices(sys string) ([]HostDevice, error) {
	if sys == "" {
		sys = "/sys"
	}
	return (&deviceSearch{sys: sys}).hostDevices()
}

// hostDevices is [HostDevices] of those that are looked for.
func (f *deviceSearch) hostDevices() ([]HostDevice, error) {
	found, err := f.blockDevices()
	if err != nil {
		return nil, err
	}
	var list []HostDevice
	for _, d := range found {
		if !d.disk.offline() && !f.component(&d) {
			list = append(list, d.HostDevice)
		}
	}
	slices.SortFunc(list, func(a, b HostDevice) int {
		return cmp.Or(cmp.Compare(unix.Major(a.Number), unix.Major(b.Number)), cmp.Compare(unix.Minor(a.Number), unix.Minor(b.Number)))
	})
	return list, nil
}

// sysDevice is a block device's folder in sysfs.
type sysDevice struct{ dir string }

// text is the content of a file; empty where there is none.
func (s sysDevice) text(name string) string {
	var b [units.SectorSize]byte // more than any of these files has
	n, err := ioctl.ReadOnce(s.dir+"/"+name, b[:])
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b[:n]))
}

// empty reports whether the device has no size, or is gone.
func (s sysDevice) empty() bool {
	size := s.text("size")
	return size == "" || size == "0"
}

// offline reports whether a disk is suspended, or of an LV.
func (s sysDevice) offline() bool {
	return s.mapped() && (s.text("dm/suspended") == "1" || strings.HasPrefix(s.text("dm/uuid"), "LVM-"))
}

// mappedPrefix begins the names of all of device-mapper's devices; their minor number
// follows: alloc_dev of drivers/md/dm.c.
const mappedPrefix = "dm-"

// mapped reports whether the device is of device-mapper.
func (s sysDevice) mapped() bool { return strings.HasPrefix(filepath.Base(s.dir), mappedPrefix) }

// unfit reports whether a disk of that name in sysfs cannot hold a PV, or must not
// be touched.
func unfit(name string) bool {
	for _, prefix := range []string{"fd", "sr", "zram"} {
		if number, ok := strings.CutPrefix(name, prefix); ok {
			if _, err := strconv.Atoi(number); err == nil {
				return true
			}
		}
	}
	return false
}

// partitions are those of the disk.
func (s sysDevice) partitions() (parts []sysDevice, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		p := sysDevice{filepath.Join(s.dir, e.Name())}
		if e.IsDir() && strings.HasPrefix(e.Name(), filepath.Base(s.dir)) && p.text("partition") != "" {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// component reports whether the device is a part of a multipath or md device. There
// may be a thousand LVs on it.
func (f *deviceSearch) component(d *blockDevice) bool {
	for _, holder := range d.holders {
		if f.knownLV(holder) {
			continue
		}
		h := sysDevice{d.dir.dir + "/holders/" + holder}
		if strings.HasPrefix(holder, "md") || strings.HasPrefix(h.text("dm/uuid"), "mpath-") {
			return true
		}
	}
	return false
}

// holders are the names of the devices that are made of this one.
func (s sysDevice) holders() []string {
	names, err := ioctl.DirNames(s.dir + "/holders")
	if err != nil {
		return nil // it went away, or has none
	}
	return names
}

func (s sysDevice) number() (uint64, bool) {
	major, minor, _ := strings.Cut(s.text("dev"), ":")
	a, err := strconv.ParseUint(major, 10, 32)
	if err != nil {
		return 0, false
	}
	b, err := strconv.ParseUint(minor, 10, 32)
	return unix.Mkdev(uint32(a), uint32(b)), err == nil
}

// path is the device's node; empty where the device has gone away. Where a name
// has a slash, sysfs has '!'.
func (s sysDevice) path() string {
	if s.mapped() {
		name := s.text("dm/name")
		if name == "" {
			return ""
		}
		return "/dev/mapper/" + name
	}
	return "/dev/" + strings.ReplaceAll(filepath.Base(s.dir), "!", "/")
}

package lvm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
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
	block := filepath.Join(sys, "block")
	names, err := os.ReadDir(block)
	if err != nil {
		return nil, err
	}
	var list []HostDevice
	for _, name := range names {
		s := sysDevice{dir: filepath.Join(block, name.Name())}
		if s.empty() || s.offline(name.Name()) {
			continue
		}
		parts, err := s.partitions()
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it went away meanwhile
			return nil, err
		}
		if len(parts) == 0 {
			parts = []sysDevice{s}
		}
		for _, p := range parts {
			if p.empty() || p.component() {
				continue
			}
			if number, ok := p.number(); ok {
				list = append(list, HostDevice{p.path(), number})
			}
		}
	}
	slices.SortFunc(list, func(a, b HostDevice) int {
		if d := int(unix.Major(a.Number)) - int(unix.Major(b.Number)); d != 0 {
			return d
		}
		return int(unix.Minor(a.Number)) - int(unix.Minor(b.Number))
	})
	return list, nil
}

// sysDevice is a block device's folder in sysfs.
type sysDevice struct{ dir string }

// text is the content of a file; empty where there is none.
func (s sysDevice) text(name string) string {
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// empty reports whether the device has no size, or is gone.
func (s sysDevice) empty() bool {
	size := s.text("size")
	return size == "" || size == "0"
}

// offline reports whether the disk cannot hold a PV, or must not be touched.
func (s sysDevice) offline(name string) bool {
	for _, prefix := range []string{"fd", "sr", "zram"} {
		if number, ok := strings.CutPrefix(name, prefix); ok {
			if _, err := strconv.Atoi(number); err == nil {
				return true
			}
		}
	}
	return s.text("dm/suspended") == "1" || strings.HasPrefix(s.text("dm/uuid"), "LVM-")
}

// partitions are those of the disk.
func (s sysDevice) partitions() (parts []sysDevice, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		p := sysDevice{filepath.Join(s.dir, e.Name())}
		if e.IsDir() && p.text("partition") != "" {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// component reports whether the device is a part of a multipath or md device.
func (s sysDevice) component() bool {
	holders, err := os.ReadDir(filepath.Join(s.dir, "holders"))
	if err != nil {
		return false
	}
	for _, holder := range holders {
		h := sysDevice{filepath.Join(s.dir, "holders", holder.Name())}
		if strings.HasPrefix(holder.Name(), "md") || strings.HasPrefix(h.text("dm/uuid"), "mpath-") {
			return true
		}
	}
	return false
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

// path is the device's node. Where a name has a slash, sysfs has '!'.
func (s sysDevice) path() string {
	if name := s.text("dm/name"); name != "" {
		return "/dev/mapper/" + name
	}
	return "/dev/" + strings.ReplaceAll(filepath.Base(s.dir), "!", "/")
}

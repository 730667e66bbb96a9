package lvm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

// blockDevice is a disk without partitions, or a partition, that has a size.
type blockDevice struct {
	HostDevice
	dir     sysDevice // its own
	disk    sysDevice // the disk's; the same where it is one
	holders []string  // the names in sysfs of the devices that are made of it
}

// deviceSearch says which block devices are looked for. What sysfs has of a device
// is many small files, and a machine may have hundreds of devices that are not PVs.
type deviceSearch struct {
	sys string
	// proc, if not empty, says which devices there are: one file in place of some
	// for each of them.
	proc string
	// isLV tells LVs by their minor numbers. Nil: sysfs does.
	isLV func(minor uint32) bool
	// want is asked before sysfs is. Nil: all are wanted.
	want func(HostDevice) bool
}

// blockDevices are those that are looked for, but for drives that would spin up.
func (f *deviceSearch) blockDevices() ([]blockDevice, error) {
	block := filepath.Join(f.sys, "block")
	if f.proc != "" {
		if text, err := ioctl.ReadFile(filepath.Join(f.proc, "partitions")); err == nil {
			if all, ok := readPartitions(string(text)); ok {
				if list := f.find(all, block); len(list) > 0 || exists(block) {
					return list, nil
				}
			}
		}
	}
	return f.walkDisks(block)
}

// device is the device of a folder, if it is looked for.
func (f *deviceSearch) device(s sysDevice, number uint64) (d HostDevice, ok bool) {
	if f.knownLV(filepath.Base(s.dir)) {
		return d, false
	}
	d = HostDevice{s.path(), number}
	return d, d.Path != "" && (f.want == nil || f.want(d))
}

// knownLV reports whether isLV says that the device of that name in sysfs is an LV.
func (f *deviceSearch) knownLV(name string) bool {
	text, mapped := strings.CutPrefix(name, mappedPrefix)
	if f.isLV == nil || !mapped {
		return false
	}
	minor, err := strconv.ParseUint(text, 10, 32)
	return err == nil && f.isLV(uint32(minor))
}

// walkDisks reads sysfs.
func (f *deviceSearch) walkDisks(block string) (list []blockDevice, err error) {
	entries, err := os.ReadDir(block)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		s := sysDevice{filepath.Join(block, e.Name())}
		if unfit(e.Name()) || s.empty() {
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
			number, ok := p.number()
			if !ok || p.empty() {
				continue
			}
			if d, ok := f.device(p, number); ok {
				list = append(list, blockDevice{d, p, s, p.holders()})
			}
		}
	}
	return list, nil
}

// listedDevice is a line of /proc/partitions.
type listedDevice struct {
	name   string // as in sysfs
	number uint64
}

// readPartitions reads /proc/partitions (show_partition, block/genhd.c), which
// has a line for each disk and each partition that has a size. What it does not
// understand, as an empty file in a container, it leaves to
// walkDisks.
func readPartitions(text string) (list []listedDevice, ok bool) {
	const heading = "major minor"
	if !strings.HasPrefix(text, heading) {
		return nil, false
	}
	for line := range strings.Lines(text[strings.IndexByte(text, '\n')+1:]) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 4 {
			return nil, false
		}
		major, err := strconv.ParseUint(fields[0], 10, 32)
		minor, err2 := strconv.ParseUint(fields[1], 10, 32)
		if err != nil || err2 != nil {
			return nil, false
		}
		list = append(list, listedDevice{strings.ReplaceAll(fields[3], "/", "!"), unix.Mkdev(uint32(major), uint32(minor))})
	}
	return list, true
}

// find finds the folders of listed devices, and tells disks from partitions.
func (f *deviceSearch) find(all []listedDevice, block string) (list []blockDevice) {
	for _, l := range all {
		s := sysDevice{block + "/" + l.name}
		d, ok := f.device(s, l.number) // of a partition it is the same
		if !ok {
			continue
		}
		disk := l.name
		holders, err := ioctl.DirNames(s.dir + "/holders")
		if os.IsNotExist(err) && !exists(s.dir) {
			if disk = diskOf(l.name, all, block); disk == "" {
				continue // it went away meanwhile
			}
			s.dir = block + "/" + disk + "/" + l.name
			holders = s.holders()
		} else if divided(l.name, all, block) {
			continue
		}
		if !unfit(disk) {
			list = append(list, blockDevice{d, s, sysDevice{block + "/" + disk}, holders})
		}
	}
	return list
}

// diskOf is the disk of a partition.
func diskOf(part string, all []listedDevice, block string) string {
	for _, l := range all {
		if part != l.name && strings.HasPrefix(part, l.name) && exists(block+"/"+l.name+"/"+part) {
			return l.name
		}
	}
	return ""
}

// divided reports whether a disk has partitions. Another disk's name may begin as
// its own, as those of sda and sdaa do.
func divided(disk string, all []listedDevice, block string) bool {
	for _, l := range all {
		if disk != l.name && strings.HasPrefix(l.name, disk) && exists(block+"/"+disk+"/"+l.name) {
			return true
		}
	}
	return false
}

// exists reports whether there is something at path.
func exists(path string) bool { return unix.Access(path, unix.F_OK) == nil }

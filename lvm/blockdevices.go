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

	"github.com/rok-storage/rok/ioctl"
)

// blockDevice is a disk without partitions, or a partition, that has a size.
type blockDevice struct {
	dir    sysDevice // its own
	disk   sysDevice // the disk's; the same where it is one
	number uint64
}

// blockDevices are those of the machine, but for drives that would spin up.
func blockDevices(sys, proc string) ([]blockDevice, error) {
	block := filepath.Join(sys, "block")
	entries, err := os.ReadDir(block)
	if err != nil {
		return nil, err
	}
	disks := make([]string, 0, len(entries))
	for _, e := range entries {
		if !unfit(e.Name()) {
			disks = append(disks, e.Name())
		}
	}
	if proc != "" {
		if text, err := ioctl.ReadFile(filepath.Join(proc, "partitions")); err == nil {
			if list, ok := readPartitions(string(text), block, disks); ok {
				return list, nil
			}
		}
	}
	return walkDisks(block, disks)
}

// walkDisks reads sysfs.
func walkDisks(block string, disks []string) (list []blockDevice, err error) {
	for _, name := range disks {
		s := sysDevice{filepath.Join(block, name)}
		if s.empty() {
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
			if number, ok := p.number(); ok && !p.empty() {
				list = append(list, blockDevice{p, s, number})
			}
		}
	}
	return list, nil
}

// readPartitions reads /proc/partitions (show_partition, block/genhd.c), which
// has a line for each disk and each partition that has a size: one file in place
// of some for each of them. disks are the names in sysfs. What it does not
// understand, as an empty file in a container, it leaves to walkDisks.
func readPartitions(text, block string, disks []string) ([]blockDevice, bool) {
	const heading = "major minor"
	if !strings.HasPrefix(text, heading) {
		return nil, false
	}
	var list []blockDevice
	divided := map[string]bool{}
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
		name := strings.ReplaceAll(fields[3], "/", "!")
		d := blockDevice{number: unix.Mkdev(uint32(major), uint32(minor))}
		disk := name
		if !slices.Contains(disks, name) {
			// Of several disks whose names begin it, as sda and sdaa, the longest.
			disk = ""
			for _, of := range disks {
				if strings.HasPrefix(name, of) && len(of) > len(disk) {
					disk = of
				}
			}
			if disk == "" {
				continue // of a disk that is left out, or has come since
			}
			divided[disk] = true
		}
		d.disk = sysDevice{filepath.Join(block, disk)}
		d.dir = d.disk
		if disk != name {
			d.dir = sysDevice{filepath.Join(block, disk, name)}
		}
		list = append(list, d)
	}
	return slices.DeleteFunc(list, func(d blockDevice) bool {
		return d.dir == d.disk && divided[filepath.Base(d.disk.dir)]
	}), true
}

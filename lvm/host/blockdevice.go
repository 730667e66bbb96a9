package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/units"
)

// BlockDevice is a block device that the kernel has.
type BlockDevice struct {
	Name         string // the kernel's: "sda1", "dm-3", "cciss/c0d0"
	Path         string // of its node
	Major, Minor uint32
	Size         units.Sectors // 0: no medium, no file
	ReadOnly     bool
	Disk         string // the Name of the disk that it is a partition of; empty: it is none
	Part         int    // the partition's number
	Partitioned  bool   // it has partitions
	// Holders are the Names of devices that are made of it, by device-mapper or
	// MD.
	Holders []string
}

// BlockDevices lists the kernel's block devices from sysfs, by name. What goes
// meanwhile is left out.
func (h *Host) BlockDevices() ([]BlockDevice, error) {
	class := filepath.Join(h.cfg.Sys, "class/block")
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil, err
	}
	var all []BlockDevice
	for _, e := range entries {
		d, err := h.blockDevice(filepath.Join(class, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("block device %s: %w", e.Name(), err)
		}
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b BlockDevice) int { return cmp.Compare(a.Name, b.Name) })
	for i := range all {
		all[i].Partitioned = slices.ContainsFunc(all, func(p BlockDevice) bool { return p.Disk == all[i].Name })
	}
	return all, nil
}

func (h *Host) blockDevice(link string) (BlockDevice, error) {
	dir, err := filepath.EvalSymlinks(link)
	if err != nil {
		return BlockDevice{}, err
	}
	d := BlockDevice{Name: blockName(dir)}
	d.Path = filepath.Join(h.cfg.Dev, d.Name)
	number, ok := sysValue(dir, "dev")
	if !ok {
		return d, fs.ErrNotExist
	}
	if _, err := fmt.Sscanf(number, "%d:%d", &d.Major, &d.Minor); err != nil {
		return d, fmt.Errorf("dev %q: %w", number, err)
	}
	size, ok := sysValue(dir, "size")
	if !ok {
		return d, fs.ErrNotExist
	}
	sectors, err := strconv.ParseUint(size, 10, 64)
	if err != nil {
		return d, err
	}
	d.Size = units.Sectors(sectors)
	if part, ok := sysValue(dir, "partition"); ok {
		if d.Part, err = strconv.Atoi(part); err != nil {
			return d, err
		}
		d.Disk = blockName(filepath.Dir(dir))
	}
	readOnly, _ := sysValue(dir, "ro")
	d.ReadOnly = readOnly == "1"
	holders, _ := os.ReadDir(filepath.Join(dir, "holders")) // a kernel without any has no folder
	for _, e := range holders {
		d.Holders = append(d.Holders, strings.ReplaceAll(e.Name(), "!", "/"))
	}
	return d, nil
}

// blockName is the name of the device whose folder it is: sysfs has "!" for
// "/".
func blockName(dir string) string { return strings.ReplaceAll(filepath.Base(dir), "!", "/") }

package lvm

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// DefaultLayout is the layout of a new PV on d with which pvcreate would make it:
// where the device tells in sysfs how it wants to be used, the data is aligned to
// that. sys is where sysfs is mounted, "/sys" if empty. A file has no such wishes.
func DefaultLayout(d *Device, sys string) disk.Layout {
	if sys == "" {
		sys = "/sys"
	}
	l := disk.Layout{Size: d.Size}
	if !d.IsFile() {
		l.Alignment, l.AlignmentOffset = alignment(sysDeviceOf(d, sys), imageSettings())
	}
	return l
}

// layout is where the areas of a new PV on d are to be, as lvm2's settings and the
// device have it, where l says nothing.
func (s *System) layout(d *Device, l disk.Layout) disk.Layout {
	set := s.Settings()
	if l.Size == 0 {
		l.Size = d.Size
	}
	if l.MetadataSize == 0 {
		l.MetadataSize = units.Bytes(set.PVMetadataSize) * units.SectorSize
	}
	var device sysDevice
	if !d.IsFile() {
		device = sysDeviceOf(d, s.sys())
	}
	align, offset := alignment(device, set)
	l.Alignment = cmp.Or(l.Alignment, align)
	l.AlignmentOffset = cmp.Or(l.AlignmentOffset, offset)
	return l
}

func sysDeviceOf(d *Device, sys string) sysDevice {
	return sysDevice{filepath.Join(sys, "dev/block", fmt.Sprintf("%d:%d", unix.Major(d.Number), unix.Minor(d.Number)))}
}

// alignment is where data is to begin, by the settings and what the device wishes
// for: set_pe_align of lib/metadata/metadata.c.
func alignment(s sysDevice, set host.Settings) (align, offset units.Bytes) {
	if set.DataAlignment != 0 {
		align = units.Bytes(set.DataAlignment) * units.SectorSize
	} else {
		align = cmp.Or(units.Bytes(set.DefaultAlignment)*units.SectorSize, disk.DefaultAlignment)
		if set.AlignmentDetection && s.dir != "" {
			align = s.wishes(align)
		}
	}
	// It is -1 where the kernel cannot say.
	if offset = s.bytes("alignment_offset"); !set.AlignmentOffset || offset > align || offset%units.SectorSize != 0 {
		offset = 0 // pvcreate would refuse its own default
	}
	return align, offset
}

// wishes is align, or what the device wishes for where that is no part of it:
// data_alignment_detection, _get_pe_align of lib/metadata/metadata.c.
func (s sysDevice) wishes(align units.Bytes) units.Bytes {
	queue := "queue/"
	if s.text("partition") != "" {
		queue = "../queue/" // the disk's
	}
	for _, name := range []string{"minimum_io_size", "optimal_io_size"} {
		hint := s.bytes(queue + name)
		if hint != 0 && hint%units.SectorSize == 0 && align%hint != 0 {
			align = hint
		}
	}
	return align
}

// bytes is the number in a file; 0 where there is none, or it is negative, and of
// the zero value, which is of a file.
func (s sysDevice) bytes(name string) units.Bytes {
	if s.dir == "" {
		return 0
	}
	n, err := strconv.ParseUint(s.text(name), 10, 63)
	if err != nil {
		return 0
	}
	return units.Bytes(n)
}

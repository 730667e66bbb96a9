package lvm

import (
	"fmt"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// DefaultLayout is the layout of a new PV on d with which pvcreate would make it:
// where the device tells in sysfs how it wants to be used, the data is aligned to
// that. sys is where sysfs is mounted, "/sys" if empty. A file has no such wishes.
func DefaultLayout(d *Device, sys string) disk.Layout {
	l := disk.Layout{Size: d.Size}
	if d.IsFile() {
		return l
	}
	if sys == "" {
		sys = "/sys"
	}
	s := sysDevice{filepath.Join(sys, "dev/block", fmt.Sprintf("%d:%d", unix.Major(d.Number), unix.Minor(d.Number)))}
	queue := "queue/"
	if s.text("partition") != "" {
		queue = "../queue/" // the disk's
	}
	l.Alignment = alignment(s.bytes(queue+"minimum_io_size"), s.bytes(queue+"optimal_io_size"))
	// It is -1 where the kernel cannot say.
	l.AlignmentOffset = s.bytes("alignment_offset")
	if l.AlignmentOffset > l.Alignment {
		l.AlignmentOffset = 0 // pvcreate would refuse its own default
	}
	return l
}

// alignment is 1 MiB, or what the device wishes for, where that is no part of it:
// data_alignment_detection, _get_pe_align of lib/metadata/metadata.c.
func alignment(hints ...units.Bytes) units.Bytes {
	a := disk.DefaultAlignment
	for _, hint := range hints {
		if hint != 0 && hint%units.SectorSize == 0 && a%hint != 0 {
			a = hint
		}
	}
	return a
}

// bytes is the number in a file; 0 where there is none, or it is negative.
func (s sysDevice) bytes(name string) units.Bytes {
	n, err := strconv.ParseUint(s.text(name), 10, 63)
	if err != nil {
		return 0
	}
	return units.Bytes(n)
}

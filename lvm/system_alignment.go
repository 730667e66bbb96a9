package lvm

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/units"
)

// alignment is where the data of a new PV on d is to begin: what the settings
// say, and what the device says that it likes: set_pe_align of
// lib/metadata/metadata.c. Zero is lvm2's default.
func (s *System) alignment(d *Device) (align, offset units.Bytes) {
	set := s.Settings()
	if set.DataAlignment != 0 {
		align = units.Bytes(set.DataAlignment) * units.SectorSize
	} else {
		align = units.Bytes(set.DefaultAlignment) * units.SectorSize
	}
	if d.IsFile() {
		return align, 0
	}
	dir, err := filepath.EvalSymlinks(filepath.Join(s.sys(), "dev/block", fmt.Sprintf("%d:%d", unix.Major(d.Number), unix.Minor(d.Number))))
	if err != nil {
		return align, 0
	}
	if set.DataAlignment == 0 && set.AlignmentDetection {
		for _, hint := range []string{"minimum_io_size", "optimal_io_size"} {
			// Of a partition they are its disk's.
			n, ok := sysNumber(dir, "queue/"+hint)
			if !ok {
				n, _ = sysNumber(dir, "../queue/"+hint)
			}
			// A size of which the default is no multiple counts more.
			if n > 0 && align%units.Bytes(n) != 0 && n%units.SectorSize == 0 {
				align = units.Bytes(n)
			}
		}
	}
	if set.AlignmentOffset {
		if n, ok := sysNumber(dir, "alignment_offset"); ok && n > 0 && n%units.SectorSize == 0 {
			offset = units.Bytes(n)
		}
	}
	return align, offset
}

// sysNumber reads a number from a file of sysfs.
func sysNumber(dir, name string) (int64, bool) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}

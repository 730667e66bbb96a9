// Package disk knows where LVM2 keeps what on a physical volume, in bytes.
//
//	sector 0-3   label: a sector with the PV header: the PV's ID and size, and
//	             where the areas are, which follow in this order
//	4096         metadata area: a header of one sector, and a ring of texts
//	             bootloader area, which lvm2 leaves alone; there may be none
//	1 MiB        data area: the extents
//	             second metadata area, at the end; seldom made
//
// A [PVHeader] and an [AreaHeader] are values that are decoded from sectors and
// encoded into them; a [Layout] makes the header of a new PV, as pvcreate would.
// [Area] has the arithmetic of the ring: where the next text goes, how long it
// may be, and how it is read. What a text says is not known here.
//
// The package has no effects: it reads through [io.ReaderAt], and what is to be
// written it returns. Whatever the bytes are, nothing panics, and no more memory
// is taken than the device has.
//
// Names and layouts are those of lib/format_text/layout.h, lib/label/label.h and
// lib/format_text/format-text.c of lvm2; all numbers are little endian.
package disk

// Package lvm reads and writes LVM2 volume groups, beside lvm2 on the same
// disks.
//
// A [VG] is a plain value: what the metadata text of a volume group says. It is
// parsed, printed, compared and changed without a disk; operations are functions
// from one VG to the next.
package lvm

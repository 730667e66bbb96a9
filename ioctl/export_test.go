package ioctl

import "unsafe"

// TargetSpec is the layout of struct dm_target_spec, for tests of it.
type TargetSpec = targetSpec

// TargetSpecOffsets are the offsets of its fields, in order.
var TargetSpecOffsets = []uintptr{
	unsafe.Offsetof(targetSpec{}.start), unsafe.Offsetof(targetSpec{}.length), unsafe.Offsetof(targetSpec{}.status),
	unsafe.Offsetof(targetSpec{}.next), unsafe.Offsetof(targetSpec{}.name),
}

// Package dmtest tests what drives the device-mapper: [Kernel] is a fake kernel
// in memory, and [Run] a suite that the fake and the real kernel both pass, so
// that the one cannot drift from the other.
//
//	k := dmtest.NewKernel(dmtest.Config{})
//	disk := k.AddDisk("/dev/vdb", 1<<21)
//	conn := k.Open(t)
//	dev, err := conn.Create(ctx, dm.CreateRequest{Name: "lv", Table: …})
//	release, err := k.Hold("lv") // as a mount would
//	k.Fail(ioctl.DevSuspend, 1, syscall.EINVAL)
//
// The fake reads requests and writes replies as bytes at the offsets of
// include/uapi/linux/dm-ioctl.h, and shares no code with package ioctl's
// encoders, so that a mistake there shows. It knows the rules of
// drivers/md/dm-ioctl.c, dm.c and dm-table.c of Linux 6.1, and by
// [Config.ABI] those of older and newer kernels where they differ. Of the
// targets, linear, striped, zero, error, thin-pool and thin check their
// arguments and have the state that the real ones have; the kernel's other
// targets take any arguments and keep them as they are; [TargetType] adds more.
// There is no I/O.
package dmtest

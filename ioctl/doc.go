// Package ioctl is the kernel's side of rok: the binary interfaces of the
// device-mapper control node, of block and loop devices, and the few system
// calls beside them (System V semaphores, flock, device nodes). Bytes go in,
// bytes come out, and errors are errno values; there is no policy here.
//
// The device-mapper interface is [Buffer], one request and its reply, and
// [Control], the open control node that carries it:
//
//	var b ioctl.Buffer
//	b.Reset(ioctl.DevStatus, 0, 0)
//	if err := b.SetName("vg-lv"); err != nil { … }
//	if err := control.Ioctl(ioctl.DevStatus, &b); err != nil { … }
//	fmt.Println(b.Header().OpenCount)
//
// A Buffer works on every system, so that what is built on it can be tested
// without a kernel; the rest needs Linux. What other packages' values need of
// it is there elsewhere too, and fails with [errors.ErrUnsupported].
//
// This package and the rings of package bench are the only ones that use
// unsafe.
package ioctl

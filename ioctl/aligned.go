package ioctl

import "unsafe"

// DirectAlignment is how buffers for O_DIRECT are aligned: a page, which is
// enough for every device.
const DirectAlignment = 4096

// AlignedBytes returns n zero bytes that begin at a multiple of
// [DirectAlignment], as O_DIRECT wants of buffers.
func AlignedBytes(n int) []byte {
	b := make([]byte, n+DirectAlignment-1)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % DirectAlignment
	return b[skip : int(skip)+n : int(skip)+n]
}

// IsAligned reports whether b begins at a multiple of [DirectAlignment].
func IsAligned(b []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%DirectAlignment == 0
}

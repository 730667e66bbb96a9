package host_test

import (
	"os"

	"github.com/rok-storage/rok/ioctl"
)

// drop makes the next read of a device come from the device.
func drop(f *os.File) error { return ioctl.FlushBuffers(f) }

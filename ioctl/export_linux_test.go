package ioctl

import (
	"os"

	"golang.org/x/sys/unix"
)

// ConfigureLoopInSteps attaches f as kernels before 5.8 need it.
func ConfigureLoopInSteps(f, backing *os.File, cfg LoopConfig) error {
	cfg.DirectIO = cfg.DirectIO && takesDirectIO(backing.Name())
	info := unix.LoopInfo64{Offset: uint64(cfg.Offset), Sizelimit: uint64(cfg.Size), Flags: cfg.flags()}
	return onFile(backing, "use", func(file uintptr) error { return configureLoopInSteps(f, file, cfg, info) })
}

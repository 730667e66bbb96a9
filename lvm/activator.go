package lvm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// ActivatorConfig says where an [Activator] finds things. The zero value, and a
// nil pointer, are right for most programs.
type ActivatorConfig struct {
	// Dev is where the links to volumes are: DEV/VG/LV. Empty: /dev.
	Dev string
	// Sys and Proc are where sysfs and procfs are. Empty: /sys and /proc.
	Sys, Proc string
	// NoLinks leaves Dev alone.
	NoLinks bool
	// NoLockMemory lets the program's memory be taken away while a device that
	// something uses is suspended. A program that runs from that device may then
	// wait for itself, for ever.
	NoLockMemory bool
	// Patience is how long a device that is taken back, or must make way for a
	// change, is tried again while something has it open: udev's rules look at
	// new devices for a moment. Zero: 2 seconds.
	Patience time.Duration
	// Workers is how many devices are made or removed at once, where none
	// depends on another. Zero: as many as the program runs on processors, and
	// at most 4. One: one after the other.
	Workers int
	// Open opens an active device, for its content: a pool's metadata to be
	// checked, a new volume to be wiped, its read-ahead to be set. Nil: its node
	// is opened.
	Open func(name string, dev dm.Dev, write bool) (DeviceFile, error)
}

// DeviceFile is an open device.
type DeviceFile interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Close() error
}

// Activator makes devices of LVs, and takes them away. Its methods may be
// called by several goroutines at once for different VGs; those for one VG need
// the VG's lock, as lvm2 does.
type Activator struct {
	conn *dm.Conn
	cfg  ActivatorConfig
}

// NewActivator returns an Activator over an open connection, which must stay
// open.
func NewActivator(conn *dm.Conn, cfg *ActivatorConfig) *Activator {
	a := &Activator{conn: conn}
	if cfg != nil {
		a.cfg = *cfg
	}
	if a.cfg.Patience == 0 {
		a.cfg.Patience = 2 * time.Second
	}
	for _, d := range []struct {
		path  *string
		usual string
	}{{&a.cfg.Dev, "/dev"}, {&a.cfg.Sys, "/sys"}, {&a.cfg.Proc, "/proc"}} {
		if *d.path == "" {
			*d.path = d.usual
		}
	}
	return a
}

// maxWorkers is how many requests to the kernel are under way at once where the
// configuration says nothing: what they wait for most of the time, one after the
// other, is the same for all of them.
const maxWorkers = 4

func (a *Activator) workers() int {
	if a.cfg.Workers > 0 {
		return a.cfg.Workers
	}
	return min(runtime.GOMAXPROCS(0), maxWorkers)
}

// open opens an active device. Its node may not be there yet, where udev makes
// it; the kernel's own is.
func (a *Activator) open(name string, dev dm.Dev, write bool) (DeviceFile, error) {
	if a.cfg.Open != nil {
		return a.cfg.Open(name, dev, write)
	}
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR
	}
	var errs []error
	for _, path := range []string{filepath.Join(a.cfg.Dev, fmt.Sprintf("dm-%d", dev.Minor)), a.conn.NodePath(name)} {
		there, err := ioctl.NodeDev(path)
		if err == nil && there != dev.Uint64() {
			err = fmt.Errorf("%s is device %v, want %v", path, dm.DevFromUint64(there), dev)
		}
		if err == nil {
			return os.OpenFile(path, flags, 0)
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

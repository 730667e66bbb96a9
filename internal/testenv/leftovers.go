package testenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

// lazily is MNT_DETACH of umount2(2), which x/sys has for Linux alone: a mount
// that is still in use goes when its last user does.
const lazily = 2

// marked is what carries the prefix in the running kernel.
type marked struct {
	mounts  []string // mount points
	devices []string // names of device-mapper
	loops   []string // paths of loop devices whose file carries the prefix
}

func (l *marked) list() (lines []string) {
	for _, m := range l.mounts {
		lines = append(lines, "mount "+m)
	}
	for _, d := range l.devices {
		lines = append(lines, "device-mapper device "+d)
	}
	for _, p := range l.loops {
		lines = append(lines, "loop device "+p)
	}
	return lines
}

func leftovers() (*marked, error) {
	l := new(marked)
	var err error
	if l.mounts, err = markedMounts(); err != nil {
		return nil, err
	}
	if l.devices, err = markedDevices(); err != nil {
		return nil, err
	}
	l.loops, err = markedLoops()
	return l, err
}

// removeLeftovers removes what an interrupted run left, and nothing without the
// prefix. Devices stand on each other in an order that is not known here, so it
// goes on as long as a round removes something.
func removeLeftovers() error {
	for before := -1; ; {
		l, err := leftovers()
		if err != nil {
			return err
		}
		count := len(l.list())
		if count == 0 {
			return nil
		}
		if count == before {
			return fmt.Errorf("cannot remove: %s", strings.Join(l.list(), ", "))
		}
		before = count
		l.remove()
	}
}

// remove tries each once; what fails is seen by the next round.
func (l *marked) remove() {
	for _, m := range l.mounts {
		_ = unix.Unmount(m, lazily)
	}
	for _, name := range l.devices {
		_ = removeDevice(name)
	}
	for _, path := range l.loops {
		_ = detachLoop(path)
	}
}

// markedMounts reads the mounts whose source or place carries the prefix, the
// innermost first.
func markedMounts() ([]string, error) {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 1 && (strings.Contains(f[0], Prefix) || strings.Contains(f[1], Prefix)) {
			points = append([]string{f[1]}, points...)
		}
	}
	return points, nil
}

func markedDevices() ([]string, error) {
	c, err := ioctl.OpenControl(control)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var b ioctl.Buffer
	for size := 64 << 10; ; size *= 4 {
		b.Reset(ioctl.ListDevices, 0, size)
		if err := c.Ioctl(ioctl.ListDevices, &b); err != nil {
			return nil, fmt.Errorf("list devices: %w", err)
		}
		if b.Header().Flags&ioctl.FlagBufferFull == 0 {
			break
		}
	}
	var names []string
	r := b.Names()
	for r.Next() {
		if strings.HasPrefix(string(r.Name), Prefix) {
			names = append(names, string(r.Name))
		}
	}
	return names, r.Err()
}

// removeDevice first resumes a device without flushing into an error table: a
// suspended one, or a pool that waits for space, would hold its users for ever.
func removeDevice(name string) error {
	c, err := ioctl.OpenControl(control)
	if err != nil {
		return err
	}
	defer c.Close()
	remove := func() error {
		var b ioctl.Buffer
		b.Reset(ioctl.DevRemove, 0, 0)
		if err := b.SetName(name); err != nil {
			return err
		}
		return c.Ioctl(ioctl.DevRemove, &b)
	}
	if err := remove(); err == nil {
		return nil
	}
	if err := replaceByError(c, name); err != nil {
		return err
	}
	return remove()
}

// replaceByError swaps the device's table for one that fails every request.
func replaceByError(c *ioctl.Control, name string) error {
	var b ioctl.Buffer
	b.Reset(ioctl.TableStatus, 0, 64<<10)
	if err := b.SetName(name); err != nil {
		return err
	}
	if err := c.Ioctl(ioctl.TableStatus, &b); err != nil {
		return err
	}
	var length uint64
	for r := b.Targets(); r.Next(); {
		length = r.Start + r.Length
	}
	if length == 0 {
		return nil
	}
	b.Reset(ioctl.TableLoad, 0, 0)
	if err := errors.Join(b.SetName(name), b.AppendTarget(0, length, "error", nil)); err != nil {
		return err
	}
	if err := c.Ioctl(ioctl.TableLoad, &b); err != nil {
		return err
	}
	for _, flags := range []ioctl.Flags{ioctl.FlagSuspend | ioctl.FlagNoFlush | ioctl.FlagSkipLockFS, 0} {
		b.Reset(ioctl.DevSuspend, flags, 0)
		if err := b.SetName(name); err != nil {
			return err
		}
		if err := c.Ioctl(ioctl.DevSuspend, &b); err != nil {
			return err
		}
	}
	return nil
}

func markedLoops() ([]string, error) {
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // detached meanwhile
		}
		if strings.Contains(string(text), Prefix) {
			paths = append(paths, filepath.Join("/dev", filepath.Base(filepath.Dir(filepath.Dir(file)))))
		}
	}
	return paths, nil
}

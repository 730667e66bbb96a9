package lvm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// BusyError says that an LV cannot be deactivated, because something has it
// open, and who, as far as can be seen. It unwraps to EBUSY.
type BusyError struct {
	Device    string   // its name in device-mapper
	OpenCount int      // how many times it is open
	Mounts    []string // where it is mounted, in this and in other namespaces
	Swap      bool     // the kernel swaps to it
	Holders   []string // devices on top of it, by their device-mapper names where they have one
	Processes []BusyProcess
}

// BusyProcess is a process that has a device open.
type BusyProcess struct {
	PID  int
	Name string
}

// Error prints, for example, `vg-home is in use: mounted on /home, open in fio (1234)`.
func (e *BusyError) Error() string {
	var by []string
	if len(e.Mounts) > 0 {
		by = append(by, "mounted on "+strings.Join(e.Mounts, ", "))
	}
	if e.Swap {
		by = append(by, "swapped to")
	}
	if len(e.Holders) > 0 {
		by = append(by, "below "+strings.Join(e.Holders, ", "))
	}
	for _, p := range e.Processes {
		by = append(by, fmt.Sprintf("open in %s (%d)", p.Name, p.PID))
	}
	if len(by) == 0 {
		by = append(by, fmt.Sprintf("open count %d", e.OpenCount))
	}
	return e.Device + " is in use: " + strings.Join(by, ", ")
}

// Unwrap returns EBUSY.
func (e *BusyError) Unwrap() error { return syscall.EBUSY }

// busy finds out who has a device open. What cannot be seen is left out: it
// explains an error, and must not cause another.
func (a *Activator) busy(name string, dev dm.Dev, openCount int) *BusyError {
	u := users{cfg: &a.cfg, dev: dev}
	e := &BusyError{Device: name, OpenCount: openCount, Holders: u.holders(), Swap: u.swap()}
	e.Mounts = u.mounts("self")
	u.processes(e)
	slices.Sort(e.Mounts)
	e.Mounts = slices.Compact(e.Mounts)
	return e
}

// users looks for who uses a device.
type users struct {
	cfg *ActivatorConfig
	dev dm.Dev
}

func (u *users) proc(path ...string) string {
	return filepath.Join(append([]string{u.cfg.Proc}, path...)...)
}

// isNode reports whether path is a node of the device.
func (u *users) isNode(path string) bool {
	dev, err := ioctl.NodeDev(path)
	return err == nil && dev == u.dev.Uint64()
}

// holders are the devices on top.
func (u *users) holders() []string {
	entries, _ := os.ReadDir(filepath.Join(u.cfg.Sys, "dev/block", u.dev.String(), "holders"))
	var names []string
	for _, e := range entries {
		name := e.Name()
		if text, err := os.ReadFile(filepath.Join(u.cfg.Sys, "block", name, "dm/name")); err == nil {
			name = strings.TrimSpace(string(text))
		}
		names = append(names, name)
	}
	return names
}

func (u *users) swap() bool {
	text, _ := os.ReadFile(u.proc("swaps"))
	for line := range strings.Lines(string(text)) {
		path, _, _ := strings.Cut(line, " ")
		if strings.HasPrefix(path, "/") && u.isNode(unescapeMount(path)) {
			return true
		}
	}
	return false
}

// mounts are the places where a process sees the device mounted: proc(5),
// mountinfo.
func (u *users) mounts(pid string) []string {
	text, _ := os.ReadFile(u.proc(pid, "mountinfo"))
	var places []string
	for line := range strings.Lines(string(text)) {
		mount, source, _ := strings.Cut(line, " - ")
		f, s := strings.Fields(mount), strings.Fields(source)
		if len(f) < 5 || len(s) < 2 {
			continue
		}
		// Some file systems have a number of their own.
		if f[2] == u.dev.String() || strings.HasPrefix(s[1], "/") && u.isNode(unescapeMount(s[1])) {
			places = append(places, unescapeMount(f[4]))
		}
	}
	return places
}

// unescapeMount undoes mangle_path of fs/seq_file.c: blanks and backslashes as
// three octal digits.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if n, err := strconv.ParseUint(s[min(i+1, len(s)):min(i+4, len(s))], 8, 8); err == nil && s[i] == '\\' {
			b.WriteByte(byte(n))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// processes adds the processes that have the device open, and the mounts that
// only they see.
func (u *users) processes(e *BusyError) {
	entries, _ := os.ReadDir(u.cfg.Proc)
	own, _ := os.Readlink(u.proc("self/ns/mnt"))
	seen := map[string]bool{own: true}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if ns, err := os.Readlink(u.proc(entry.Name(), "ns/mnt")); err == nil && !seen[ns] {
			seen[ns] = true
			e.Mounts = append(e.Mounts, u.mounts(entry.Name())...)
		}
		if u.opens(entry.Name()) {
			name, _ := os.ReadFile(u.proc(entry.Name(), "comm"))
			e.Processes = append(e.Processes, BusyProcess{PID: pid, Name: strings.TrimSpace(string(name))})
		}
	}
}

func (u *users) opens(pid string) bool {
	dir := u.proc(pid, "fd")
	fds, _ := os.ReadDir(dir)
	for _, fd := range fds {
		path := filepath.Join(dir, fd.Name())
		if target, err := os.Readlink(path); err == nil && strings.HasPrefix(target, "/") && u.isNode(path) {
			return true
		}
	}
	return false
}

package host

import (
	"cmp"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Config says where a host keeps what lvm2 and rok share. The zero value, and
// a nil pointer, are lvm2's own places.
type Config struct {
	Etc string // lvm.conf, backups and the devices file. Empty: /etc/lvm
	Run string // hints and what is online. Empty: /run/lvm
	// Locks is the directory of the lock files. Empty: what lvm.conf says in
	// global/locking_dir, /run/lock/lvm where it says nothing.
	Locks string

	Sys  string // Empty: /sys
	Proc string // Empty: /proc
	Dev  string // Empty: /dev
	// MachineID is the file with systemd's id of the machine. Empty:
	// /etc/machine-id.
	MachineID string
	// Node is the host's name. Empty: what uname(2) says.
	Node string
	// Program is what files that name their writer say. Empty: rok.
	Program string

	// LockWait bounds the wait for locks. Zero: no longer than the context
	// allows; negative: not at all.
	LockWait time.Duration
}

// Host is what lvm2 keeps on a machine beside the disks. Its methods may be
// called by several goroutines, and other processes may do the same at the same
// time, at any moment.
type Host struct {
	// Settings are what lvm.conf and the files beside it said when the Host was
	// opened.
	Settings Settings

	cfg  Config
	conf *conf
	uts  unix.Utsname // what uname(2) said
}

// Open reads the settings. A file that is not there says nothing. It fails with
// a [*SettingError] where one cannot be understood.
func Open(cfg *Config) (*Host, error) {
	h := &Host{}
	if cfg != nil {
		h.cfg = *cfg
	}
	if err := unix.Uname(&h.uts); err != nil {
		return nil, os.NewSyscallError("uname", err)
	}
	h.cfg.fill(&h.uts)
	var err error
	if h.conf, err = loadConf(h.cfg.Etc, h.cfg.Node); err != nil {
		return nil, err
	}
	if h.Settings, err = settingsOf(h.conf, &h.cfg); err != nil {
		return nil, err
	}
	if h.cfg.Locks == "" {
		h.cfg.Locks = h.Settings.LockingDir
	}
	return h, nil
}

// fill puts in what is empty.
func (cfg *Config) fill(uts *unix.Utsname) {
	cfg.Etc = cmp.Or(cfg.Etc, "/etc/lvm")
	cfg.Run = cmp.Or(cfg.Run, "/run/lvm")
	cfg.Sys = cmp.Or(cfg.Sys, "/sys")
	cfg.Proc = cmp.Or(cfg.Proc, "/proc")
	cfg.Dev = cmp.Or(cfg.Dev, "/dev")
	cfg.MachineID = cmp.Or(cfg.MachineID, "/etc/machine-id")
	cfg.Program = cmp.Or(cfg.Program, "rok")
	if cfg.Node == "" {
		cfg.Node = unix.ByteSliceToString(uts.Nodename[:])
	}
}

// Node is the host's name, for a VG's creation_host.
func (h *Host) Node() string { return h.cfg.Node }

// System is what a VG's text has behind the host's name, in a comment: the
// words of uname(2), as "Linux vm 6.1.0 #1 SMP x86_64".
func (h *Host) System() string {
	word := func(b []byte) string { return unix.ByteSliceToString(b) }
	return word(h.uts.Sysname[:]) + " " + h.cfg.Node + " " + word(h.uts.Release[:]) + " " +
		word(h.uts.Version[:]) + " " + word(h.uts.Machine[:])
}

func (h *Host) run(name ...string) string {
	return filepath.Join(append([]string{h.cfg.Run}, name...)...)
}

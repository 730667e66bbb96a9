package main

import (
	"io"
	"os"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/pool"
)

// env is what the commands reach of the world around them. Tests have their
// own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	sysfs          string // where the kernel shows its devices
	args           []string
	lvm            lvm.SystemConfig // where LVM is; the zero value: on this machine

	mounts     func() []pool.FileSystem
	openDM     func(*dm.Config) (*dm.Conn, error)
	executable func() (string, error)
	// exec becomes another program. It returns only to say why it could not.
	exec func(path string, argv []string) error
}

// system is the env of a process. Nothing else reads the environment.
func system() *env {
	return &env{
		stdin:      os.Stdin,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		getenv:     os.Getenv,
		sysfs:      "/sys",
		mounts:     mounts,
		openDM:     dm.Open,
		lvm:        lvm.SystemConfig{Host: &host.Config{Etc: os.Getenv("LVM_SYSTEM_DIR")}},
		executable: os.Executable,
		exec: func(path string, argv []string) error {
			return syscall.Exec(path, argv, os.Environ())
		},
	}
}

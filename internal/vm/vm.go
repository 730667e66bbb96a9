package vm

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Config describes one run of one command in one machine.
type Config struct {
	// Kernel boots the machine; see [Find]. Required.
	Kernel Kernel
	// Command is the program and its arguments. The program is looked up in
	// the caller's PATH, because the guest sees the same files. Required.
	Command []string
	// Dir is the working directory, an absolute path of the host. Required.
	Dir string
	// Env is the command's environment, NAME=value. The guest adds TMPDIR,
	// VMRUN=1 and VMRUN_KERNEL.
	Env []string
	// Writable lists the host's directories that the guest may write to,
	// absolute paths. All other files of the host are read-only underneath
	// an overlay that vanishes with the machine.
	Writable []string
	// Outputs lists files and directories, absolute paths, that are copied
	// from the guest to the host once the command has ended, where they
	// exist. It is how coverage profiles come out of a read-only host.
	Outputs []string
	// CPUs is the number of processors; zero means 2. User-mode Linux has
	// always one.
	CPUs int
	// Memory is the guest's memory in MiB; zero means 1024. Everything that
	// the command writes lives there.
	Memory int
	// Timeout ends the machine, counted from its start; zero means never.
	Timeout time.Duration
	// Stdout and Stderr receive what the command wrote, byte for byte. Nil
	// discards.
	Stdout, Stderr io.Writer
	// Console receives the kernel's console as it comes. Nil discards; the
	// tail is kept for [Failure] all the same.
	Console io.Writer
	// Runner is a static binary whose main calls [Enter] first. It is the
	// jail's process on the host and process 1 in the guest. Required.
	Runner string
}

const (
	defaultCPUs   = 2
	defaultMemory = 1024
)

// guestOwn are the directories that the guest does not share with the host:
// it has its own kernel's file systems there.
var guestOwn = []string{"/proc", "/sys", "/dev", "/run"}

var (
	// ErrTimeout: the machine was ended because Config.Timeout had passed.
	ErrTimeout = errors.New("time limit reached")
	// ErrDied: the machine ended, by a kernel panic for example, before the
	// command's exit status was known.
	ErrDied = errors.New("the machine died without an exit status")
)

// Failure is a run without an exit status: the machine failed, not the
// command. Err is ErrTimeout, ErrDied, the context's error, or what the guest
// said when it could not start the command.
type Failure struct {
	Kernel  string
	Err     error
	Console []byte // the last lines of the kernel's console and of the emulator
}

func (f *Failure) Error() string { return fmt.Sprintf("machine %s: %v", f.Kernel, f.Err) }

func (f *Failure) Unwrap() error { return f.Err }

// CommandError: the command was not found or may not be executed.
type CommandError struct {
	Name string
	Err  error
}

func (e *CommandError) Error() string { return fmt.Sprintf("command %s: %v", e.Name, e.Err) }

func (e *CommandError) Unwrap() error { return e.Err }

// job turns cfg into what the guest is told, and finds the errors that are
// better reported before a machine is booted.
func (cfg *Config) job() (*job, error) {
	if len(cfg.Command) == 0 {
		return nil, errors.New("no command")
	}
	program, err := exec.LookPath(cfg.Command[0])
	if err != nil {
		if ee := (*exec.Error)(nil); errors.As(err, &ee) {
			err = ee.Err
		}
		return nil, &CommandError{Name: cfg.Command[0], Err: err}
	}
	if !filepath.IsAbs(program) {
		program = filepath.Join(cfg.Dir, program)
	}
	paths := append([]string{program, cfg.Dir, cfg.Runner}, cfg.Writable...)
	for _, p := range append(paths, cfg.Outputs...) {
		if !filepath.IsAbs(p) {
			return nil, fmt.Errorf("path %q is not absolute", p)
		}
		for _, own := range guestOwn {
			if p == own || strings.HasPrefix(p, own+"/") {
				return nil, fmt.Errorf("path %s: the guest has its own %s and cannot see the host's", p, own)
			}
		}
	}
	return &job{
		Kernel:   cfg.Kernel.Name,
		Modules:  cfg.Kernel.Modules,
		Runner:   cfg.Runner,
		Command:  append([]string{program}, cfg.Command[1:]...),
		Dir:      cfg.Dir,
		Env:      cfg.Env,
		Writable: cfg.Writable,
		Outputs:  cfg.Outputs,
	}, nil
}

func (cfg *Config) cpus() int {
	if cfg.CPUs > 0 {
		return cfg.CPUs
	}
	return defaultCPUs
}

func (cfg *Config) memory() int {
	if cfg.Memory > 0 {
		return cfg.Memory
	}
	return defaultMemory
}

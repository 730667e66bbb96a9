package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// guest is process 1 of the machine. It never returns while the machine is
// well: process 1 must not end, or the kernel panics.
func guest() error {
	// Caught and dropped: no signal may end process 1. Not ignored, which the
	// command would inherit.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGTERM)
	wire, err := prepare()
	if wire == nil {
		return err // nobody can be told but the console; the panic ends the machine
	}
	if err == nil {
		err = wire.serve()
	}
	if err != nil {
		err = wire.frame(frameFail, []byte(err.Error()))
	}
	if err != nil {
		return err
	}
	return powerOff()
}

// guestWire is the wire together with what it serves.
type guestWire struct {
	wireWriter
	job *job
}

// prepare mounts what the guest sees, opens the wire and loads the modules.
func prepare() (*guestWire, error) {
	j, err := readJob()
	if err != nil {
		return nil, err
	}
	for _, m := range []struct{ fstype, target string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/run"},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return nil, err
		}
		// User-mode Linux has mounted its /dev by itself; then this is EBUSY.
		if err := mount(m.fstype, m.target, m.fstype, 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
			return nil, err
		}
	}
	for _, file := range j.Early {
		if err := loadModule(file, ""); err != nil {
			return nil, err
		}
	}
	out, err := openWire(j.Kernel)
	if err != nil {
		return nil, err
	}
	wire := &guestWire{wireWriter: wireWriter{w: out}, job: j}
	if err := enterRoot(j); err != nil {
		return wire, err
	}
	if err := furnish(j); err != nil {
		return wire, err
	}
	return wire, nil
}

func readJob() (*job, error) {
	text, err := os.ReadFile(jailJob) // hostfs shows the jail's own /run
	if err != nil {
		return nil, err
	}
	j := new(job)
	if err := json.Unmarshal(text, j); err != nil {
		return nil, fmt.Errorf("read the job: %w", err)
	}
	return j, nil
}

// powerOff ends the machine; the host may be quicker.
func powerOff() error {
	unix.Sync()
	return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// serve runs the command, sends what it wrote, and its exit status last.
func (w *guestWire) serve() error {
	status, err := w.run()
	if err != nil {
		return err
	}
	for _, path := range w.job.Outputs {
		if err := w.sendOutput(path); err != nil {
			return fmt.Errorf("bring out %s: %w", path, err)
		}
	}
	// What was written to Config.Writable sits in this kernel's page cache.
	unix.Sync()
	return w.exit(status)
}

// run runs the command to its end and reaps the orphans that fall to process 1.
func (w *guestWire) run() (status int, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	stdout, stdoutDone, err := w.pipe(frameStdout)
	if err != nil {
		return 0, err
	}
	stderr, stderrDone, err := w.pipe(frameStderr)
	if err != nil {
		return 0, err
	}
	if err := w.frame(frameReady, nil); err != nil {
		return 0, err
	}
	p, err := os.StartProcess(w.job.Command[0], w.job.Command, &os.ProcAttr{
		Dir:   w.job.Dir,
		Env:   append(w.job.Env, "TMPDIR="+guestTemp, "VMRUN=1", "VMRUN_KERNEL="+w.job.Kernel),
		Files: []*os.File{null, stdout, stderr},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	stdout.Close()
	stderr.Close()
	if err != nil {
		return 0, fmt.Errorf("start the command: %w", err)
	}
	status, err = reapUntil(p.Pid)
	// A daemon that the command left may hold the pipes open for ever.
	waitShortly(stdoutDone, stderrDone)
	return status, err
}

// reapUntil reaps every child until pid has ended, and returns pid's status as
// a shell has it: 128 and the signal's number for one that was killed.
func reapUntil(pid int) (int, error) {
	for {
		var ws unix.WaitStatus
		got, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("wait for the command: %w", err)
		case got == pid && ws.Signaled():
			return 128 + int(ws.Signal()), nil
		case got == pid && ws.Exited():
			return ws.ExitStatus(), nil
		}
	}
}

// sendOutput sends a file, or the regular files below a directory.
func (w *guestWire) sendOutput(path string) error {
	return filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // the command did not write it
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return w.file(fileHeader{Path: path, Mode: uint32(info.Mode().Perm())}, f)
	})
}

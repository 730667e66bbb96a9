package vm

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// jail is process 1 of the process namespace around the emulator. It locks the
// host's files, starts the emulator and ends with it; the kernel ends all other
// processes of the namespace with the jail.
func jail() error {
	runtime.LockOSThread() // the CPU affinity is the thread's, and passed on by fork
	spec, err := readSpec()
	if err != nil {
		return err
	}
	if err := lockFiles(spec); err != nil {
		return err
	}
	// Without a core: user-mode Linux ends a panic with abort().
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core limit: %w", err)
	}
	if spec.CPU >= 0 {
		// On one CPU a system call in user-mode Linux takes 15 us, because its
		// processes hand over to each other without waking another CPU; free
		// to wander it takes 64 us.
		var set unix.CPUSet
		set.Set(spec.CPU)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return fmt.Errorf("pin to CPU %d: %w", spec.CPU, err)
		}
	}
	if spec.Server != nil {
		if err := serveFiles(spec.Server); err != nil {
			return err
		}
	}
	return runMachine(spec.Machine, spec.Preload)
}

func readSpec() (*jailSpec, error) {
	f := os.NewFile(jailSpecFD, "spec")
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read the jail's orders: %w", err)
	}
	spec := new(jailSpec)
	if err := json.Unmarshal(text, spec); err != nil {
		return nil, fmt.Errorf("read the jail's orders: %w", err)
	}
	return spec, nil
}

// lockFiles makes every mount of the host read-only for this namespace, except
// the directories that were asked for and the jail's own /run.
func lockFiles(spec *jailSpec) error {
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, dir := range spec.Writable {
		if err := mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	// /proc of this process namespace: the emulators look themselves up there.
	if err := mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	// A tmpfs that nobody else sees holds all files of the run, the memory of
	// user-mode Linux among them, so nothing can be left behind. Executable:
	// user-mode Linux maps that memory so.
	size := fmt.Sprintf("size=%dm,mode=755", spec.Memory+64)
	if err := mount("vmrun", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, size); err != nil {
		return err
	}
	readOnly := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, readOnly); err != nil {
		return fmt.Errorf("make the host read-only (needs Linux 5.12): %w", err)
	}
	writable := &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	for _, dir := range append([]string{"/run"}, spec.Writable...) {
		if err := unix.MountSetattr(unix.AT_FDCWD, dir, 0, writable); err != nil {
			return fmt.Errorf("make %s writable: %w", dir, err)
		}
	}
	if err := os.Mkdir(jailRun, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(spec.Runner, jailInit); err != nil {
		return err
	}
	return os.WriteFile(jailJob, spec.Job, 0o644)
}

// serveFiles starts the file server on a socket that already listens, so that
// QEMU cannot come too early.
func serveFiles(server *fileServer) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: server.Socket, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	f, err := l.File()
	if err != nil {
		return err
	}
	cmd := exec.Command(server.Args[0], server.Args[1:]...)
	cmd.ExtraFiles = []*os.File{f} // descriptor 3
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(server.Args[0]), err)
	}
	if err := l.Close(); err != nil {
		return err
	}
	return f.Close()
}

// runMachine runs the emulator to its end. What it prints goes to the console,
// behind what the kernel says.
func runMachine(args []string, preload string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Dir = jailRun
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + jailRun, "TMPDIR=" + jailRun}
	if preload != "" {
		cmd.Env = append(cmd.Env, "LD_PRELOAD="+preload)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for fd := uintptr(jailWireFD); fd <= jailInitrdFD; fd++ {
		if _, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err == nil {
			cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(fd, "machine"))
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(args[0]), err)
	}
	for _, f := range cmd.ExtraFiles {
		f.Close() // the host waits for the end of file
	}
	// The machine's death is reported by what is missing on the wire.
	_ = cmd.Wait()
	return nil
}

// mount names source and target in its error.
func mount(source, target, fstype string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, fstype, flags, data); err != nil {
		return fmt.Errorf("mount %s on %s: %w", fstype, target, err)
	}
	return nil
}

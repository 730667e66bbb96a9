package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runLVM measures the commands on volume groups beside lvm2's, on loop devices of
// this machine, in a mount namespace whose /etc/lvm and /run are empty: neither
// program sees the machine's own volume groups, settings and locks, and both see
// the same.
func runLVM(ctx context.Context, cfg config, w io.Writer) (bars []bar, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("loop devices and mount namespaces need root")
	}
	dir, err := lvmDir(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	empty, err := buildEmptyCobra(ctx, dir)
	if err != nil {
		return nil, err
	}
	return inNamespace(ctx, cfg, w, "volume groups", dir, childLVM, "-empty", empty)
}

// lvmDir makes a folder for a disk, and what stands for /etc/lvm.
func lvmDir(cfg config) (string, error) {
	dir, err := os.MkdirTemp(cfg.dir, prefix)
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o700); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// inNamespace runs a child of peers in a mount namespace of its own, with a copy of
// rok. All its files are in dir: temporary ones elsewhere may be hidden there.
func inNamespace(ctx context.Context, cfg config, w io.Writer, what, dir, child string, args ...string) ([]bar, error) {
	rok := filepath.Join(dir, "rok")
	if err := copyProgram(cfg.rok, rok); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args = append([]string{child, "-dir", dir}, args...)
	args = append(args, "-rok", rok, "-ops", cfg.ops.String(), "-spawns", fmt.Sprint(cfg.spawns))
	if cfg.quick {
		args = append(args, "-quick")
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute // it detaches loop devices
	return oneBar(what, cmd, w)
}

// ownFolders puts a folder of dir, the child's own, in the place of /etc/lvm, and as on
// any machine one in memory in that of /run. It returns where lvm.conf goes.
func ownFolders(dir string) (string, error) {
	etc := filepath.Join(dir, "etc")
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", os.NewSyscallError("mount", err)
	}
	if err := unix.Mount(etc, "/etc/lvm", "", unix.MS_BIND, ""); err != nil {
		return "", fmt.Errorf("mount %s on /etc/lvm: %w", etc, err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return "", fmt.Errorf("mount tmpfs on /run: %w", err)
	}
	for _, sub := range []string{"/run/lvm", "/run/lock/lvm"} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return "", err
		}
	}
	return etc, nil
}

// oneBar runs a process that measures. Its bars are in what it prints; here they
// count as one.
func oneBar(what string, cmd *exec.Cmd, w io.Writer) ([]bar, error) {
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	err := cmd.Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	failed := ok && exit.ExitCode() == 1
	all := bar{text: what}
	all.check(!failed, "see above")
	if failed {
		err = nil
	}
	return []bar{all}, err
}

// buildEmptyCobra builds the floor of all commands as make build builds rok.
func buildEmptyCobra(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "emptycobra")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path+".built", "./internal/peers/emptycobra")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return path, copyProgram(path+".built", path)
}

// copyProgram installs a program. A file that the linker has just written is in the
// page cache in single pages, which a process that starts has to map one by one; one
// that was copied, as all that are installed, in larger pieces. The difference is up
// to a fifth of a short command.
func copyProgram(from, to string) error { return copyFile(from, to, 0o700) }

// copyFile makes a file that is not there yet.
func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// runLVMChild measures inside of the namespace.
func runLVMChild(ctx context.Context, cfg config, w io.Writer) (err error) {
	etc, err := ownFolders(cfg.dir)
	if err != nil {
		return err
	}
	fmt.Fprint(w, "## volume groups\n\n")
	printEnvironment(w, cfg, programVersion("LVM version", "lvm", "version", "--driverloaded", "n"))
	var outcomes []lvmOutcome
	for _, s := range lvmShapes(cfg.ops) {
		began := time.Now()
		o, err := measureShape(ctx, cfg, etc, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		outcomes = append(outcomes, o...)
		fmt.Fprintf(os.Stderr, "peers: %s, %.1f s\n", s, time.Since(began).Seconds())
	}
	printLVM(w, outcomes)
	bars := lvmBars(outcomes)
	printBars(w, bars, cfg.quick)
	return verdict(bars, cfg.quick)
}

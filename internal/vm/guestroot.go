package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	guestTemp = "/run/tmp" // TMPDIR: a tmpfs, without an overlay in between

	rootDir = "/run/root" // the new root, before it becomes /
	hostDir = "/run/host" // the host's files in QEMU; in user-mode Linux they are at /
	hostTag = "host"      // the name of their virtiofs
)

// openWire opens the guest's end of the wire.
func openWire(kernel string) (*os.File, error) {
	if kernel == UML {
		return openLine("/dev/tty1")
	}
	return openPort(wirePort)
}

// openLine opens a terminal line and makes it carry bytes as they are.
func openLine(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the wire: %w", err)
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("wire: get attributes: %w", err)
	}
	t.Iflag, t.Oflag = 0, 0
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("wire: set attributes: %w", err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openPort opens the virtio port called name.
func openPort(name string) (*os.File, error) {
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return nil, err
	}
	for _, path := range names {
		if text, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(text)) == name {
			return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(path)), os.O_WRONLY, 0)
		}
	}
	return nil, fmt.Errorf("open the wire: no virtio port %q", name)
}

// enterRoot makes an overlay over the host's files the root of all processes,
// the kernel's helpers included: they share process 1's root.
func enterRoot(j *job) error {
	host := "/"
	if j.Kernel == UML {
		if err := moduleTree(j.Modules).load("overlay"); err != nil {
			return err
		}
	} else {
		host = hostDir
		if err := os.MkdirAll(host, 0o755); err != nil {
			return err
		}
		if err := mount(hostTag, host, "virtiofs", 0, ""); err != nil {
			return err
		}
	}
	const upper = "/run/upper"
	for _, dir := range []string{rootDir, upper} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := mount("upper", upper, "tmpfs", 0, "size=75%"); err != nil {
		return err
	}
	for _, dir := range []string{upper + "/files", upper + "/work"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/files,workdir=%[2]s/work", host, upper)
	if err := mount("vmrun", rootDir, "overlay", 0, options); err != nil {
		return err
	}
	for _, dir := range j.Writable {
		if err := mount(filepath.Join(host, dir), rootDir+dir, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/proc", "/sys", "/dev"} {
		if err := mount(dir, rootDir+dir, "", unix.MS_MOVE, ""); err != nil {
			return err
		}
	}
	if err := os.Chdir(rootDir); err != nil {
		return err
	}
	if err := mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return err
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	return os.Chdir("/")
}

// furnish brings the rest that a command expects to find on a machine.
func furnish(j *job) error {
	for _, m := range []struct {
		fstype, target, options string
		optional                bool
	}{
		{"tmpfs", "/run", "size=75%,mode=755", false},
		{"devpts", "/dev/pts", "", false},
		{"tmpfs", "/dev/shm", "mode=1777", false},
		{"debugfs", "/sys/kernel/debug", "", true},
		{"configfs", "/sys/kernel/config", "", true},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil && !m.optional {
			return err
		}
		if err := mount(m.fstype, m.target, m.fstype, 0, m.options); err != nil && !m.optional {
			return err
		}
	}
	// A bare devtmpfs has none of these.
	for link, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "fd/0", "/dev/stdout": "fd/1", "/dev/stderr": "fd/2",
	} {
		if err := os.Symlink(target, link); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for _, dir := range []string{guestTemp, "/run/lock", filepath.Dir(guestModprobe), "/lib/modules"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(guestTemp, 0o777|os.ModeSticky); err != nil {
		return err
	}
	// For kmod, udevd and lvm2, should they be asked to run.
	if err := os.Symlink(j.Modules, "/lib/modules/"+filepath.Base(j.Modules)); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := provideModprobe(j); err != nil {
		return err
	}
	if err := dropUeventHelper(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("vmrun")); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	return loopbackUp()
}

// provideModprobe makes this program the kernel's modprobe, and loads what
// nothing in the kernel asks for: loop-control and device-mapper's control node
// are made by their modules.
func provideModprobe(j *job) error {
	if err := os.Symlink(j.Modules, guestModules); err != nil {
		return err
	}
	if err := os.Symlink(j.Runner, guestModprobe); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/kernel/modprobe", []byte(guestModprobe), 0); err != nil {
		return err
	}
	for _, name := range []string{"loop", "dm-mod"} {
		if err := moduleTree(guestModules).load(name); err != nil {
			return err
		}
	}
	return nil
}

// dropUeventHelper keeps the kernel from running a program for each uevent, as
// distributions do. A kernel with CONFIG_UEVENT_HELPER tries one, which is not there: in
// user-mode Linux each attempt is a new process of the host, and the more is mapped the
// longer it takes to be made; activating 1,000 LVs, twice to eight times as long.
func dropUeventHelper() error {
	f, err := os.OpenFile("/sys/kernel/uevent_helper", os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n")
	return errors.Join(err, f.Close())
}

func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	return nil
}

// pipe returns the writing end for the command; what comes out is sent as
// frames of one kind until the end of file, when done is closed. The command
// gets a pipe and not the wire's line, which is a terminal.
func (w *guestWire) pipe(kind frameKind) (*os.File, <-chan struct{}, error) {
	r, in, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.Close()
		_ = w.copy(kind, r) // a broken wire shows at the exit frame
	}()
	return in, done, nil
}

// pipeGrace is how long the command's pipes may stay open after its end.
const pipeGrace = 2 * time.Second

func waitShortly(done ...<-chan struct{}) {
	grace := time.NewTimer(pipeGrace)
	defer grace.Stop()
	for _, d := range done {
		select {
		case <-d:
		case <-grace.C:
			return
		}
	}
}

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/rok-storage/rok/ioctl"
)

// control is device-mapper's node. It may exist where there is no
// device-mapper: only opening it tells.
const control = "/dev/mapper/control"

// Inside reports whether kernel tests run here: in the virtual machine, or
// natively because that was asked for.
func Inside() bool { return os.Getenv("VMRUN") == "1" || os.Getenv("ROK_TEST_NATIVE") == "1" }

// Virtual returns the name of vmrun's kernel that the test runs on, such as
// "uml" or "6.12"; it is empty elsewhere.
func Virtual() string { return os.Getenv("VMRUN_KERNEL") }

// Kernel skips the test where no kernel may be tested. Where one may, every
// feature must be there, and a missing one fails the test, unless the kernel
// provably cannot have it; then the test skips and says why. A feature is
//
//	thin-pool        a target; the kernel is asked to load its module
//	thin-pool 1.15   a target of at least this version
//	dm 4.41          device-mapper's interface of at least this version
//	linux 6.6        a kernel of at least this release
//	module brd       a module, which is loaded
//	program fio      a program in PATH
//	smp              more than one processor
func Kernel(t testing.TB, features ...string) {
	t.Helper()
	if !Inside() {
		t.Skip(`needs a kernel to test: go test -exec bin/vmrun, or as root ROK_TEST_NATIVE=1`)
	}
	k, err := openKernel()
	if err != nil {
		t.Fatalf("testenv: no device-mapper: %v", err)
	}
	defer k.control.Close()
	for _, feature := range features {
		if absent := k.absent(feature); absent == nil {
			continue
		} else if proof := k.excuse(feature, absent); proof != "" {
			t.Skipf("kernel %s without %s: %s", k.release, feature, proof)
		} else {
			t.Fatalf("testenv: kernel %s must have %s: %v", k.release, feature, absent)
		}
	}
}

// kernel is the running kernel.
type kernel struct {
	control *ioctl.Control
	abi     version
	release version
}

func openKernel() (*kernel, error) {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	release, err := parseVersion(string(text))
	if err != nil {
		return nil, err
	}
	c, err := ioctl.OpenControl(control)
	if err != nil {
		return nil, err
	}
	var b ioctl.Buffer
	b.Reset(ioctl.Version, 0, 0)
	if err := c.Ioctl(ioctl.Version, &b); err != nil {
		c.Close()
		return nil, fmt.Errorf("version: %w", err)
	}
	abi := b.Header().ABI()
	return &kernel{control: c, abi: version{int(abi.Major), int(abi.Minor)}, release: release}, nil
}

// tooOld is a missing feature that is proof by itself: what is there has an
// older version.
type tooOld struct{ have version }

func (e tooOld) Error() string { return "has version " + e.have.String() }

// absent returns nil where the feature is there, or why it is not.
func (k *kernel) absent(feature string) error {
	kind, arg, _ := strings.Cut(feature, " ")
	switch kind {
	case "smp":
		if n := runtime.NumCPU(); n < 2 {
			return fmt.Errorf("%d processor", n)
		}
		return nil
	case "module":
		if out, err := exec.Command(modprobe(), arg).CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe: %v %s", err, out)
		}
		return nil
	case "program":
		_, err := exec.LookPath(arg)
		return err
	}
	var want version
	if arg != "" {
		var err error
		if want, err = parseVersion(arg); err != nil {
			return err
		}
	}
	switch kind {
	case "dm":
		return k.abi.atLeast(want)
	case "linux":
		return k.release.atLeast(want)
	default:
		have, err := k.target(kind)
		if err != nil {
			return err
		}
		return have.atLeast(want)
	}
}

// target returns the version of a target, loading its module.
func (k *kernel) target(name string) (version, error) {
	if name == "thin" {
		// The module is dm-thin-pool, and has no alias for its second target.
		if _, err := k.target("thin-pool"); err != nil {
			return version{}, err
		}
	}
	var b ioctl.Buffer
	b.Reset(ioctl.GetTargetVersion, 0, 16<<10)
	if err := b.SetName(name); err != nil {
		return version{}, err
	}
	if err := k.control.Ioctl(ioctl.GetTargetVersion, &b); err != nil {
		return version{}, fmt.Errorf("target: %w", err)
	}
	v := b.Versions()
	for v.Next() {
		if string(v.Name) == name {
			return version{int(v.Version[0]), int(v.Version[1])}, nil
		}
	}
	if err := v.Err(); err != nil {
		return version{}, err
	}
	return version{}, fmt.Errorf("target %s is not in the kernel's reply", name)
}

// modprobe is the program that loads modules: the machine's own, or kmod's.
func modprobe() string {
	const own = "/run/vmrun/modprobe"
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return "modprobe"
}

package testenv

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// LoopDisk returns the path of a loop device of the given size, all zeros. Its
// file is sparse, in a temporary directory; it is used with O_DIRECT where the
// file system can. The device is detached when the test ends: what the test
// builds on it must be gone by then.
func LoopDisk(t testing.TB, size units.Bytes) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), Prefix+"*.img")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	loop, err := ioctl.AttachLoop(f.Name(), ioctl.LoopConfig{DirectIO: true})
	if err != nil {
		t.Fatalf("attach %s: %v", filepath.Base(f.Name()), err)
	}
	t.Cleanup(func() {
		if err := loop.Detach(); err != nil {
			t.Errorf("detach %s: %v", loop.Path(), err)
		}
	})
	return loop.Path()
}

// detachLoop detaches a loop device that another process left.
func detachLoop(path string) error { return ioctl.DetachLoop(path) }

package interop_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// namespace is a mount namespace with a /run of its own. It is that of one thread,
// which starts processes in it: no program is needed for it, and none is waited
// for.
type namespace struct{ calls chan func() }

// newNamespace makes one where the directory run is at /run.
func newNamespace(t testing.TB, run string) *namespace {
	t.Helper()
	n := &namespace{calls: make(chan func())}
	entered, left := make(chan error), make(chan struct{})
	go func() {
		defer close(left)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		err := enter(run)
		entered <- err
		if err != nil {
			return
		}
		for call := range n.calls {
			call()
		}
	}()
	require.NoError(t, <-entered)
	t.Cleanup(func() { close(n.calls); <-left })
	return n
}

func enter(run string) error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	// Temporary files may be below /run, too, and stay visible.
	if inside, err := filepath.Rel("/run", os.TempDir()); err == nil && filepath.IsLocal(inside) {
		if err := os.MkdirAll(filepath.Join(run, inside), 0o700); err != nil {
			return err
		}
		if err := unix.Mount(os.TempDir(), filepath.Join(run, inside), "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return unix.Mount(run, "/run", "", unix.MS_BIND|unix.MS_REC, "")
}

// do runs call in the namespace.
func (n *namespace) do(call func()) {
	done := make(chan struct{})
	n.calls <- func() { defer close(done); call() }
	<-done
}

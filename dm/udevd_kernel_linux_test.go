package dm_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

const udevDir = testenv.UdevDir

// startUdev starts Debian's udev, with its rules and those of dmsetup, for the
// time of the test. Rules that are masked do not run.
func startUdev(t *testing.T, masked ...string) *exec.Cmd {
	t.Helper()
	testenv.Kernel(t, "zero", "program dmsetup", "program udevadm", "program "+testenv.Udevd)
	ownMachine(t)
	return testenv.StartUdev(t, []string{"55-dm.rules", "60-persistent-storage-dm.rules", "95-dm-notify.rules"}, masked...)
}

// traced opens dm as programs do, and tells which waits for udev ended without
// an answer.
func traced(t *testing.T, cfg dm.Config) (*dm.Conn, func() int) {
	t.Helper()
	waits := 0
	cfg.Trace = func(tr dm.Trace) {
		if tr.Op == "wait for udev" {
			waits++
		}
	}
	conn, err := dm.Open(&cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.Empty(t, cookies(t))
	})
	return conn, func() int { return waits }
}

// settled waits until udev has nothing more to do.
func settled(t *testing.T) {
	t.Helper()
	out, err := exec.Command("udevadm", "settle", "--timeout=20").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// links are the links that udev says it made for the device's node.
func links(t *testing.T, d *dm.Device) string {
	t.Helper()
	info, err := d.Info()
	require.NoError(t, err)
	out, err := exec.Command("udevadm", "info", "--query=symlink", fmt.Sprintf("/dev/dm-%d", info.Dev.Minor)).Output()
	require.NoError(t, err)
	return " " + strings.TrimSpace(string(out)) + " "
}

// When a call returns, udev's rules are done: not only is the node there, udev
// knows it, and has made what only udev makes.
func TestKernelUdevd(t *testing.T) {
	startUdev(t)
	conn, waits := traced(t, dm.Config{})
	base := testenv.Name(t)
	long := base + strings.Repeat("l", 127-len(base))
	for _, name := range []string{base, base + " a b", base + `\back`, base + "-ü", base + "#+-.:=@_", long} {
		check := func(d *dm.Device, name string) {
			t.Helper()
			file := dm.NodeName(name)
			info, err := d.Info()
			require.NoError(t, err)
			require.Equal(t, name, info.Name)
			target, err := os.Readlink(conn.NodePath(name))
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("../dm-%d", info.Dev.Minor), target)
			require.Contains(t, links(t, d), " mapper/"+file+" ")
			_, err = os.Stat("/dev/disk/by-id/dm-name-" + file)
			require.NoError(t, err)
			out, err := exec.Command("dmsetup", "table", name).CombinedOutput()
			require.NoError(t, err, "dmsetup knows it: %s", out)
			require.Equal(t, "0 8 zero \n", string(out))
			require.Empty(t, cookies(t))
		}
		gone := func(name string) {
			t.Helper()
			for _, path := range []string{conn.NodePath(name), "/dev/disk/by-id/dm-name-" + dm.NodeName(name)} {
				_, err := os.Lstat(path)
				require.ErrorIs(t, err, fs.ErrNotExist, path)
			}
			require.Empty(t, cookies(t))
		}
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
		require.NoError(t, err, "%q", name)
		check(d, name)
		require.NoError(t, d.Suspend(dm.SuspendOptions{}))
		require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
		check(d, name)
		moved := base + "moved"
		d, err = d.Rename(t.Context(), moved)
		require.NoError(t, err)
		check(d, moved)
		gone(name)
		require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
		gone(moved)
	}
	require.Zero(t, waits(), "each was answered")
}

// A deferred remove of an open device is answered by nobody; its node goes with
// the last close. A failed request is, neither.
func TestKernelUdevdNoEvent(t *testing.T) {
	startUdev(t)
	conn, waits := traced(t, dm.Config{})
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.ErrorIs(t, err, fs.ErrExist)
	require.Empty(t, cookies(t))
	require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
	require.Empty(t, cookies(t))

	f, err := os.Open(conn.NodePath(name))
	require.NoError(t, err)
	require.ErrorIs(t, d.Remove(t.Context(), dm.RemoveOptions{}), syscall.EBUSY)
	require.Empty(t, cookies(t))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Deferred: true}))
	require.Empty(t, cookies(t))
	require.True(t, node(t, conn, name))
	require.NoError(t, f.Close())
	// The kernel removes it in the background, and udev its node after that.
	require.Eventually(t, func() bool { return !node(t, conn, name) }, 20*time.Second, 20*time.Millisecond)
	settled(t)
	require.Zero(t, waits())
}

// A device that was made beside udev keeps its links when udev looks at all
// devices anew.
func TestKernelUdevdOff(t *testing.T) {
	startUdev(t)
	conn, _ := traced(t, dm.Config{Udev: dm.UdevOff})
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.True(t, node(t, conn, name))
	settled(t)
	require.Contains(t, links(t, d), " mapper/"+name+" ")
	require.NoError(t, exec.Command("udevadm", "trigger", "--action=add", "--settle", "--sysname-match=dm-*").Run())
	require.Contains(t, links(t, d), " mapper/"+name+" ")
	require.True(t, node(t, conn, name))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Retry: 10 * time.Second}))
	require.False(t, node(t, conn, name))
	settled(t)
}

// A udev that is there and does not answer costs one time-out, and a context
// ends the wait before that.
func TestKernelUdevdStopped(t *testing.T) {
	running := startUdev(t)
	conn, _ := traced(t, dm.Config{UdevTimeout: time.Minute})
	name := testenv.Name(t)
	require.NoError(t, running.Process.Signal(syscall.SIGSTOP))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := conn.Create(ctx, dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, marked(t))
	require.Empty(t, cookies(t))

	conn, waits := traced(t, dm.Config{UdevTimeout: 300 * time.Millisecond})
	for range 3 {
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
		require.NoError(t, err)
		require.True(t, node(t, conn, name))
		require.Equal(t, 1, waits(), "once")
		require.Empty(t, cookies(t))
		require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
		require.False(t, node(t, conn, name))
	}
	// Cookies that nobody waits for any more are no trouble to udev.
	require.NoError(t, running.Process.Signal(syscall.SIGCONT))
	settled(t)
	conn, waits = traced(t, dm.Config{})
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.Contains(t, links(t, d), " mapper/"+name+" ")
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	require.Zero(t, waits())
}

// Without the rule that answers, the links are there, and the wait times out.
func TestKernelUdevdNoNotify(t *testing.T) {
	startUdev(t, "95-dm-notify.rules")
	conn, waits := traced(t, dm.Config{UdevTimeout: time.Second})
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	require.Equal(t, 1, waits())
	settled(t)
	require.Contains(t, links(t, d), " mapper/"+d.String()+" ")
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Retry: 10 * time.Second}))
	settled(t)
}

// Without the rule that makes the links, they are made here.
func TestKernelUdevdNoLinks(t *testing.T) {
	startUdev(t, "55-dm.rules")
	conn, waits := traced(t, dm.Config{})
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.NotContains(t, links(t, d), "mapper")
	require.True(t, node(t, conn, name))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Retry: 10 * time.Second}))
	require.False(t, node(t, conn, name))
	require.Zero(t, waits())
}

// Killed while somebody waits, udev leaves its socket. That wait ends with the
// time-out; who comes later sees that nobody listens.
func TestKernelUdevdKilled(t *testing.T) {
	running := startUdev(t)
	conn, waits := traced(t, dm.Config{UdevTimeout: 3 * time.Second})
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.Zero(t, waits())
	require.NoError(t, running.Process.Kill())
	_ = running.Wait()
	require.ErrorIs(t, ioctl.DialSocket(udevDir+"/control"), syscall.ECONNREFUSED)
	d, err = d.Rename(t.Context(), name+"+")
	require.NoError(t, err)
	require.False(t, node(t, conn, name))
	require.True(t, node(t, conn, name+"+"))
	require.Equal(t, 1, waits())
	later, none := traced(t, dm.Config{})
	require.NoError(t, later.Device(d.ID()).Remove(t.Context(), dm.RemoveOptions{}))
	require.False(t, node(t, conn, name+"+"))
	require.Zero(t, none())
}

// otherIPC marks the child of TestKernelUdevdContainer.
const otherIPC = "ROK_DM_OTHER_IPC"

// In an IPC namespace of its own, as in a container that sees udev's socket, a
// program cannot be answered, and does not wait.
func TestKernelUdevdContainer(t *testing.T) {
	if os.Getenv(otherIPC) != "" {
		testenv.Kernel(t, "zero")
		conn, waits := traced(t, dm.Config{UdevTimeout: time.Hour})
		name := testenv.Name(t)
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
		require.NoError(t, err)
		require.True(t, node(t, conn, name))
		require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Retry: 10 * time.Second}))
		require.Zero(t, waits())
		return
	}
	startUdev(t)
	child := exec.Command(os.Args[0], "-test.run=^TestKernelUdevdContainer$", "-test.timeout=60s")
	child.Env = append(os.Environ(), otherIPC+"=1", "GOCOVERDIR="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWIPC}
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	settled(t)
}

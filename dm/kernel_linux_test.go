package dm_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

// killVariable tells a child which request to die before.
const killVariable = "ROK_DM_KILL"

// killer dies before its nth request.
type killer struct {
	dmwire.Kernel
	left int
}

func (k *killer) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	if k.left--; k.left == 0 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return err
		}
		select {}
	}
	return k.Kernel.Ioctl(cmd, b)
}

// marked lists the devices of tests.
func marked(t *testing.T) (names []string) {
	t.Helper()
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	defer conn.Close()
	entries, err := conn.ListMatching(dm.Filter{Name: testenv.Prefix})
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names
}

// TestKernelKilled is what the children of TestKernelKill run. Their TestMain
// has removed what the child before left.
func TestKernelKilled(t *testing.T) {
	nth, err := strconv.Atoi(os.Getenv(killVariable))
	if err != nil {
		t.Logf("is run by TestKernelKill")
		return
	}
	testenv.Kernel(t, "zero")
	require.Empty(t, marked(t))
	control, err := ioctl.OpenControl("/dev/mapper/control")
	require.NoError(t, err)
	conn, err := dm.NewConn(&killer{dmwire.Control{Control: control}, nth}, &dm.Config{Udev: dm.UdevOff})
	require.NoError(t, err)
	defer conn.Close()
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	require.NoError(t, d.Swap(t.Context(), zeroTable(8, 8), dm.TableOptions{}, dm.SuspendOptions{}))
	d, err = d.Rename(t.Context(), testenv.Name(t)+"-moved")
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

// Killed between any two requests, a program leaves what the next run cleans
// up.
func TestKernelKill(t *testing.T) {
	testenv.Kernel(t, "zero")
	left := 0
	for nth := 1; ; nth++ {
		child := exec.Command(os.Args[0], "-test.run=^TestKernelKilled$")
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", killVariable, nth), "GOCOVERDIR="+t.TempDir())
		out, err := child.CombinedOutput()
		if err == nil {
			require.Greater(t, nth, 10)
			break
		}
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit), err)
		status, _ := exit.Sys().(syscall.WaitStatus)
		require.True(t, status.Signaled() && status.Signal() == syscall.SIGKILL, "request %d: %s", nth, out)
		left += len(marked(t))
	}
	require.Positive(t, left)
	require.Empty(t, marked(t))
}

// dmsetup makes the nodes that NodeName says, of names as typed and of the
// names that package dm reads back.
func TestKernelNodeNames(t *testing.T) {
	testenv.Kernel(t, "zero", "program dmsetup")
	conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff})
	require.NoError(t, err)
	defer conn.Close()
	for _, tt := range nodeNames {
		name := testenv.Prefix + "node-" + tt.name
		out, err := exec.Command("dmsetup", "--verifyudev", "create", name, "--table", "0 8 zero").CombinedOutput()
		require.NoError(t, err, "%q: %s", name, out)
		found, err := filepath.Glob("/dev/mapper/" + testenv.Prefix + "node-*")
		require.NoError(t, err)
		require.Equal(t, []string{"/dev/mapper/" + dm.NodeName(name)}, found)
		entries, err := conn.ListMatching(dm.Filter{Name: testenv.Prefix + "node-"})
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, name, entries[0].Name)
		require.NoError(t, conn.Device(dm.ByName(name)).Remove(t.Context(), dm.RemoveOptions{}))
		_, err = os.Lstat(found[0])
		require.ErrorIs(t, err, os.ErrNotExist, "it goes with the device")

		// The other way round: dmsetup finds what package dm makes, by the
		// name as it was given, and all others.
		_, err = conn.Create(t.Context(), dm.CreateRequest{Name: name, UUID: "u " + tt.name, Table: dm.Table{{Length: 8, Target: dm.Zero{}}}})
		require.NoError(t, err)
		out, err = exec.Command("dmsetup", "table", name).CombinedOutput()
		require.NoError(t, err, "%q: %s", name, out)
		out, err = exec.Command("dmsetup", "info").CombinedOutput()
		require.NoError(t, err, "%q: %s", name, out)
		info, err := conn.Device(dm.ByUUID("u " + tt.name)).Info()
		require.NoError(t, err)
		require.Equal(t, name, info.Name)
		require.Equal(t, "u "+tt.name, info.UUID)
		require.NoError(t, conn.Device(dm.ByName(name)).Remove(t.Context(), dm.RemoveOptions{}))
	}
}

// A name that some other program put into the kernel as it is can be reached,
// too.
func TestKernelRawName(t *testing.T) {
	testenv.Kernel(t)
	control, err := ioctl.OpenControl("/dev/mapper/control")
	require.NoError(t, err)
	defer control.Close()
	conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff})
	require.NoError(t, err)
	defer conn.Close()
	for _, name := range []string{testenv.Prefix + "raw a b", testenv.Prefix + `raw\x41`, testenv.Prefix + strings.Repeat(" ", 100)} {
		var b ioctl.Buffer
		b.Reset(ioctl.DevCreate, 0, 0)
		require.NoError(t, b.SetName(name))
		require.NoError(t, control.Ioctl(ioctl.DevCreate, &b))
		entries, err := conn.ListMatching(dm.Filter{Name: name})
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, name, entries[0].Name)
		require.NoError(t, conn.Device(dm.ByName(entries[0].Name)).Remove(t.Context(), dm.RemoveOptions{}))
		_, err = conn.Device(dm.ByName(name)).Info()
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
}

// What package dm makes, dmsetup prints; what dmsetup makes, package dm reads.
func TestKernelDmsetup(t *testing.T) {
	testenv.Kernel(t, "zero", "striped", "program dmsetup")
	conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff})
	require.NoError(t, err)
	defer conn.Close()
	n, err := ioctl.NodeDev(testenv.LoopDisk(t, 1<<20))
	require.NoError(t, err)
	disk := dm.BlockDev{Dev: dm.DevFromUint64(n)}
	table := dm.Table{
		{Length: 512, Target: dm.Linear{Dev: disk, Offset: 8}},
		{Start: 512, Length: 512, Target: dm.Striped{ChunkSize: 8, Stripes: []dm.Area{{Dev: disk}, {Dev: disk, Offset: 1024}}}},
		{Start: 1024, Length: 8, Target: dm.Zero{}},
	}
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: table})
	require.NoError(t, err)
	out, err := exec.Command("dmsetup", "table", name).Output()
	require.NoError(t, err)
	require.Equal(t, table.String()+"\n", string(out))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))

	require.NoError(t, exec.Command("dmsetup", "--verifyudev", "create", name, "--table", table.String()).Run())
	read, err := d.Table(dm.TableQuery{})
	require.NoError(t, err)
	require.Equal(t, table, read)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

// Without udev the node is there when the call returns, under the name that
// libdm gives it, and goes with the device. One that is in the way is left.
func TestKernelNodes(t *testing.T) {
	testenv.Kernel(t, "zero")
	dir := t.TempDir()
	conn, err := dm.Open(&dm.Config{Dir: dir, Udev: dm.UdevOff})
	require.NoError(t, err)
	defer conn.Close()
	base := testenv.Name(t)
	for _, tt := range []struct{ name, node string }{
		{base, base}, {base + " ü", base + `\x20\xc3\xbc`}, {base + `\back`, base + `\x5cback`},
	} {
		path := filepath.Join(dir, tt.node)
		require.Equal(t, path, conn.NodePath(tt.name))
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: tt.name, Table: zeroTable(8)})
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		there, err := ioctl.NodeDev(path)
		require.NoError(t, err)
		require.Equal(t, info.Dev.Uint64(), there)
		f, err := os.Open(path)
		require.NoError(t, err)
		size, err := ioctl.DeviceSize(f)
		require.NoError(t, err)
		require.EqualValues(t, 4096, size)
		require.NoError(t, f.Close())

		moved, err := d.Rename(t.Context(), tt.name+"+")
		require.NoError(t, err)
		_, err = os.Lstat(path)
		require.ErrorIs(t, err, os.ErrNotExist)
		_, err = ioctl.NodeDev(path + "+")
		require.NoError(t, err)
		require.NoError(t, moved.Remove(t.Context(), dm.RemoveOptions{}))
		_, err = os.Lstat(path + "+")
		require.ErrorIs(t, err, os.ErrNotExist)
	}

	// What is no device is nobody's to replace, and the device goes again.
	require.NoError(t, os.WriteFile(filepath.Join(dir, base), nil, 0o600))
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: base, Table: zeroTable(8)})
	require.ErrorIs(t, err, os.ErrExist)
	require.Empty(t, marked(t))
	_, err = os.Lstat(filepath.Join(dir, base))
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, base)))

	// A link that some earlier device left is.
	require.NoError(t, os.Symlink("../dm-999", filepath.Join(dir, base)))
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: base, Table: zeroTable(8)})
	require.NoError(t, err)
	_, err = ioctl.NodeDev(filepath.Join(dir, base))
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

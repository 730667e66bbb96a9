package dm_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

// fakeNodes opens a fake kernel twice: with nodes in a directory, and without.
func fakeNodes(t *testing.T, cfg dm.Config) (nodes, plain *dm.Conn, k *dmtest.Kernel) {
	t.Helper()
	k = dmtest.NewKernel(dmtest.Config{})
	again, err := k.Reopen()
	require.NoError(t, err)
	cfg.Udev = dm.UdevOff
	nodes, err = dm.NewConn(again, &cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, nodes.Close()) })
	return nodes, k.Open(t), k
}

// What is no node of a block device is nobody's to replace: the device goes
// again.
func TestNodeInTheWay(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(path string) error
		want error
	}{
		{"file", func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) }, fs.ErrExist},
		{"directory", func(path string) error { return os.Mkdir(path, 0o700) }, fs.ErrExist},
		{"pipe", func(path string) error { return unix.Mkfifo(path, 0o600) }, fs.ErrExist},
		{"no directory", func(path string) error {
			dir := filepath.Dir(path)
			if err := os.Remove(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, nil, 0o600)
		}, syscall.ENOTDIR},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "mapper")
			require.NoError(t, os.Mkdir(dir, 0o700))
			nodes, plain, k := fakeNodes(t, dm.Config{Dir: dir})
			require.NoError(t, tt.make(nodes.NodePath("a")))
			before, err := os.ReadDir(filepath.Dir(dir))
			require.NoError(t, err)
			_, err = nodes.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
			require.ErrorIs(t, err, tt.want)
			require.Empty(t, k.Devices())
			after, err := os.ReadDir(filepath.Dir(dir))
			require.NoError(t, err)
			require.Equal(t, before, after)

			_, err = plain.Create(t.Context(), dm.CreateRequest{Name: "b", Table: zeroTable(8)})
			require.NoError(t, err)
			d, err := nodes.Device(dm.ByName("b")).Rename(t.Context(), "a")
			require.ErrorIs(t, err, tt.want, "but a new name is one without a node, too")
			require.Equal(t, []string{"a"}, k.Devices())
			require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
			after, err = os.ReadDir(filepath.Dir(dir))
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
}

// With a device its own node goes, and no other.
func TestNodeRemoved(t *testing.T) {
	dir := t.TempDir()
	nodes, plain, _ := fakeNodes(t, dm.Config{Dir: dir})
	for _, tt := range []struct {
		name string
		make func(path string, minor uint32) error
		gone bool
	}{
		{"link", func(path string, minor uint32) error { return os.Symlink(fmt.Sprintf("../dm-%d", minor), path) }, true},
		{"link beside", func(path string, minor uint32) error { return os.Symlink(fmt.Sprintf("dm-%d", minor), path) }, true},
		{"none", func(string, uint32) error { return nil }, true},
		{"other link", func(path string, minor uint32) error { return os.Symlink(fmt.Sprintf("../dm-%d0", minor), path) }, false},
		{"link elsewhere", func(path string, _ uint32) error { return os.Symlink("/dev/null", path) }, false},
		{"file", func(path string, _ uint32) error { return os.WriteFile(path, nil, 0o600) }, false},
		{"directory", func(path string, _ uint32) error { return os.Mkdir(path, 0o700) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := plain.Create(t.Context(), dm.CreateRequest{Name: tt.name, Table: zeroTable(8)})
			require.NoError(t, err)
			info, err := d.Info()
			require.NoError(t, err)
			path := nodes.NodePath(tt.name)
			require.NoError(t, tt.make(path, info.Dev.Minor))
			require.NoError(t, nodes.Device(d.ID()).Remove(t.Context(), dm.RemoveOptions{}))
			_, err = os.Lstat(path)
			require.Equal(t, tt.gone, os.IsNotExist(err), "%v", err)
		})
	}
}

// Without nodes the directory is not looked at.
func TestNoNodes(t *testing.T) {
	dir := t.TempDir()
	conn, _, _ := fakeNodes(t, dm.Config{Dir: dir, NoNodes: true})
	require.NoError(t, os.WriteFile(conn.NodePath("a"), nil, 0o600))
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	info, err := d.Info()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(fmt.Sprintf("../dm-%d", info.Dev.Minor), conn.NodePath("b")))
	d, err = d.Rename(t.Context(), "b")
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2)
}

// Beside the kernel's own node there is a link to it, elsewhere a node.
func TestKernelNodeKinds(t *testing.T) {
	testenv.Kernel(t, "zero")
	if ioctl.DialSocket(udevDir+"/control") == nil {
		require.Empty(t, testenv.Virtual())
		t.Skip("the udev of this machine makes nodes, too")
	}
	name := testenv.Name(t)
	for _, dir := range []string{"/dev/mapper", t.TempDir()} {
		conn, err := dm.Open(&dm.Config{Dir: dir, Udev: dm.UdevOff})
		require.NoError(t, err)
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		made, err := os.Lstat(conn.NodePath(name))
		require.NoError(t, err)
		if dir == "/dev/mapper" {
			target, err := os.Readlink(conn.NodePath(name))
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("../dm-%d", info.Dev.Minor), target)
		} else {
			require.Equal(t, fs.ModeDevice|0o600, made.Mode())
			there, err := ioctl.NodeDev(conn.NodePath(name))
			require.NoError(t, err)
			require.Equal(t, info.Dev.Uint64(), there)
		}
		require.NoError(t, d.Suspend(dm.SuspendOptions{}))
		require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
		again, err := os.Lstat(conn.NodePath(name))
		require.NoError(t, err)
		require.True(t, os.SameFile(made, again), "one that is right stays")
		require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
		require.False(t, node(t, conn, name))
		require.NoError(t, conn.Close())
	}
}

// A node of some other device gives way in one step: there is one at each
// moment. The other device's own node is not touched, and a character device is
// none of ours.
func TestKernelNodeReplaced(t *testing.T) {
	testenv.Kernel(t, "zero")
	dir := t.TempDir()
	conn, err := dm.Open(&dm.Config{Dir: dir, Udev: dm.UdevOff})
	require.NoError(t, err)
	defer conn.Close()
	first, second, taken := testenv.Name(t), testenv.Name(t), testenv.Name(t)
	other, err := conn.Create(t.Context(), dm.CreateRequest{Name: first, Table: zeroTable(8)})
	require.NoError(t, err)
	info, err := other.Info()
	require.NoError(t, err)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: second, Table: zeroTable(8)})
	require.NoError(t, err)
	for range 20 {
		require.NoError(t, os.Remove(conn.NodePath(second)))
		require.NoError(t, ioctl.MakeBlockNode(conn.NodePath(second), info.Dev.Uint64()))
		stop, missed := make(chan struct{}), make(chan error)
		go func() {
			for {
				if _, err := os.Lstat(conn.NodePath(second)); err != nil {
					missed <- err
					return
				}
				select {
				case <-stop:
					close(missed)
					return
				default:
				}
			}
		}()
		require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
		close(stop)
		require.NoError(t, <-missed)
		there, err := ioctl.NodeDev(conn.NodePath(second))
		require.NoError(t, err)
		require.NotEqual(t, info.Dev.Uint64(), there)
	}
	require.NoError(t, os.Remove(conn.NodePath(second)))
	require.NoError(t, ioctl.MakeBlockNode(conn.NodePath(second), info.Dev.Uint64()))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	require.True(t, node(t, conn, second), "it is of the other")
	require.True(t, node(t, conn, first))
	require.NoError(t, os.Remove(conn.NodePath(second)))

	require.NoError(t, unix.Mknod(conn.NodePath(taken), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: taken, Table: zeroTable(8)})
	require.ErrorIs(t, err, fs.ErrExist)
	require.NoError(t, os.Remove(conn.NodePath(taken)))
	require.NoError(t, other.Remove(t.Context(), dm.RemoveOptions{}))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

func TestKernelLoopDisk(t *testing.T) {
	Kernel(t)
	var path string
	t.Run("disk", func(t *testing.T) {
		path = LoopDisk(t, units.MiB)
		f, err := os.Open(path)
		require.NoError(t, err)
		defer f.Close()
		size, err := ioctl.DeviceSize(f)
		require.NoError(t, err)
		require.Equal(t, units.MiB, size)
		found, err := leftovers()
		require.NoError(t, err)
		require.Contains(t, found.loops, path)
	})
	found, err := leftovers()
	require.NoError(t, err)
	require.Empty(t, found.list())
}

// A device that stands on another, suspended, as a killed test may leave it,
// with a loop device below; one without the prefix stays.
func TestKernelRemoveLeftovers(t *testing.T) {
	Kernel(t, "linear", "zero")
	c, err := ioctl.OpenControl(control)
	require.NoError(t, err)
	defer c.Close()

	file := filepath.Join(t.TempDir(), Prefix+"left.img")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, os.Truncate(file, 1<<20))
	loop, err := ioctl.AttachLoop(file, ioctl.LoopConfig{})
	require.NoError(t, err)
	require.NoError(t, loop.Close())

	below, above, other := Name(t), Name(t), "other-"+Name(t)
	dev := create(t, c, below, "linear", loop.Path()+" 0")
	create(t, c, above, "linear", dev+" 0")
	create(t, c, other, "zero", "")
	defer func() { require.NoError(t, removeDevice(other)) }()
	request(t, c, ioctl.DevSuspend, above, ioctl.FlagSuspend)

	found, err := leftovers()
	require.NoError(t, err)
	require.Len(t, found.list(), 3)
	require.NoError(t, removeLeftovers())
	found, err = leftovers()
	require.NoError(t, err)
	require.Empty(t, found.list())
	request(t, c, ioctl.DevStatus, other, 0)
}

// create makes a device of 8 sectors and returns its number, "253:0".
func create(t *testing.T, c *ioctl.Control, name, target, params string) string {
	t.Helper()
	request(t, c, ioctl.DevCreate, name, 0)
	var b ioctl.Buffer
	b.Reset(ioctl.TableLoad, 0, 0)
	require.NoError(t, errors.Join(b.SetName(name), b.AppendTarget(0, 8, target, []byte(params))))
	require.NoError(t, c.Ioctl(ioctl.TableLoad, &b))
	return request(t, c, ioctl.DevSuspend, name, 0)
}

// request sends a request without data and returns the device's number.
func request(t *testing.T, c *ioctl.Control, cmd ioctl.Cmd, name string, flags ioctl.Flags) string {
	t.Helper()
	var b ioctl.Buffer
	b.Reset(cmd, flags, 0)
	require.NoError(t, b.SetName(name))
	require.NoError(t, c.Ioctl(cmd, &b))
	dev := b.Header().Dev
	// "Huge" encoding below 2^20 minors: MKDEV of include/linux/kdev_t.h.
	return fmt.Sprintf("%d:%d", dev>>8&0xfff, dev&0xff|dev>>12&0xfff00)
}

package dm_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

// createRaw makes a device whose name stands in the kernel as it is, as other
// programs may.
func createRaw(t *testing.T, k *dmtest.Kernel, name, uuid string) {
	t.Helper()
	var b ioctl.Buffer
	b.Reset(ioctl.DevCreate, 0, 0)
	require.NoError(t, b.SetName(name))
	require.NoError(t, b.SetUUID(uuid))
	require.NoError(t, k.Ioctl(ioctl.DevCreate, &b))
}

// A device that another program named with bytes that rok would escape is
// found by every request that takes a device.
func TestRawName(t *testing.T) {
	encoded, err := zeroTable(8).Encode()
	require.NoError(t, err)
	for name, raw := range map[string]string{"a blank": "a b", "all bytes": strings.Repeat("a b", 42) + "x"} {
		t.Run(name, func(t *testing.T) {
			k := dmtest.NewKernel(dmtest.Config{})
			conn := k.Open(t)
			createRaw(t, k, raw, "u v")
			d := conn.Device(dm.ByName(raw))
			require.NoError(t, d.LoadEncoded(encoded, dm.TableOptions{}))
			require.NoError(t, d.Load(zeroTable(8, 8), dm.TableOptions{}))
			require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
			require.NoError(t, d.Swap(t.Context(), zeroTable(8), dm.TableOptions{}, dm.SuspendOptions{}))
			require.NoError(t, d.SetGeometry(1, 1, 8, 0))
			_, err := d.Message(0, "@stats_list")
			require.NoError(t, err)
			_, err = d.Deps()
			require.NoError(t, err)
			var lines dm.Lines
			require.NoError(t, d.ReadStatus(&lines, dm.StatusOptions{}))
			require.NoError(t, d.ReadTable(&lines, dm.TableQuery{}))
			require.NoError(t, d.Clear())
			info, err := conn.Device(dm.ByUUID("u v")).Info()
			require.NoError(t, err)
			require.Equal(t, raw, info.Name)
			d, err = d.Rename(t.Context(), "c d")
			require.NoError(t, err)
			require.Equal(t, []string{`c\x20d`}, k.Devices())
			require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
			_, err = conn.Device(dm.ByName(raw)).Info()
			require.ErrorIs(t, err, syscall.ENXIO)
		})
	}
}

// Of two devices that look alike, a request that fails on the one is not tried
// on the other, and a handle by number or UUID stays with its own.
func TestRawNameBesideEscaped(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	mine, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a b", UUID: "mine", Table: zeroTable(8)})
	require.NoError(t, err)
	createRaw(t, k, "a b", "")
	numbers := map[string]dm.Dev{}
	for _, raw := range []string{`a\x20b`, "a b"} {
		var b ioctl.Buffer
		b.Reset(ioctl.DevStatus, 0, 0)
		require.NoError(t, b.SetName(raw))
		require.NoError(t, k.Ioctl(ioctl.DevStatus, &b))
		numbers[raw] = dm.DevFromUint64(b.Header().Dev)
	}
	theirs := conn.Device(dm.ByDev(numbers["a b"]))

	k.Fail(ioctl.TableLoad, 1, syscall.ENXIO) // as for a device in the table that is missing
	require.ErrorIs(t, mine.Load(zeroTable(8), dm.TableOptions{}), syscall.ENXIO)
	info, err := theirs.Info()
	require.NoError(t, err)
	require.False(t, info.Inactive)

	require.NoError(t, theirs.SetUUID("theirs"))
	info, err = theirs.Info()
	require.NoError(t, err)
	require.Equal(t, "theirs", info.UUID)
	_, err = theirs.Rename(t.Context(), "c")
	require.NoError(t, err)
	info, err = theirs.Info()
	require.NoError(t, err)
	require.Equal(t, "c", info.Name)
	require.Equal(t, []string{`a\x20b`, "c"}, k.Devices())
}

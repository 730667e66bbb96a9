package linear_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/units"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// A volume of two runs in the wrong order puts each byte where its table says.
//
//	volume  [0, 16)        [16, 24)
//	disk    [4096, 4112)   [2048, 2056)
func TestKernelVolume(t *testing.T) {
	testenv.Kernel(t, "linear")
	path := testenv.LoopDisk(t, 4*units.MiB)
	number, err := ioctl.NodeDev(path)
	require.NoError(t, err)
	dev := dm.BlockDev{Dev: dm.DevFromUint64(number)}
	table, err := linear.On(dev, []linear.Run{{Start: 4096, Length: 16}, {Start: 2048, Length: 8}}).Table()
	require.NoError(t, err)

	conn, err := dm.Open(nil)
	require.NoError(t, err)
	defer conn.Close()
	name := testenv.Name(t)
	device, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: table})
	require.NoError(t, err)
	defer func() { require.NoError(t, device.Remove(t.Context(), dm.RemoveOptions{})) }()

	back, err := device.Table(dm.TableQuery{})
	require.NoError(t, err)
	require.True(t, table.Equal(back), "%v, want %v", back, table)

	content := append(bytes.Repeat([]byte{1}, 16*units.SectorSize), bytes.Repeat([]byte{2}, 8*units.SectorSize)...)
	volume, err := os.OpenFile(conn.NodePath(name), os.O_RDWR|os.O_SYNC, 0)
	require.NoError(t, err)
	_, err = volume.WriteAt(content, 0)
	require.NoError(t, err)
	require.NoError(t, volume.Close())

	disk, err := os.Open(path)
	require.NoError(t, err)
	defer disk.Close()
	require.NoError(t, ioctl.FlushBuffers(disk))
	want := make([]byte, 4*units.MiB)
	copy(want[4096*units.SectorSize:], content[:16*units.SectorSize])
	copy(want[2048*units.SectorSize:], content[16*units.SectorSize:])
	got := make([]byte, len(want))
	_, err = disk.ReadAt(got, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
}

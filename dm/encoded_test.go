package dm_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

func TestLoadEncoded(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	disk := k.AddDisk("", 1<<20)
	table := linearTable(disk, 100)
	encoded, err := table.Encode()
	require.NoError(t, err)
	for _, name := range []string{"a", "b"} {
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name})
		require.NoError(t, err)
		for _, readOnly := range []bool{true, false} {
			require.NoError(t, d.LoadEncoded(encoded, dm.TableOptions{ReadOnly: readOnly}))
			got, err := d.Table(dm.TableQuery{Inactive: true})
			require.NoError(t, err)
			require.Equal(t, table.String(), got.String())
			require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
			info, err := d.Info()
			require.NoError(t, err)
			require.Equal(t, readOnly, info.ReadOnly)
		}
	}
}

func TestLoadEncodedAllocatesNothing(t *testing.T) {
	_, d := recorded(t)
	encoded, err := linearTable(dm.Dev{Major: 8}, 1000).Encode()
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := d.LoadEncoded(encoded, dm.TableOptions{}); err != nil {
			t.Error(err)
		}
	}))
}

func TestEncodeRefuses(t *testing.T) {
	_, err := dm.Table{{Start: 8, Length: 8, Target: dm.Zero{}}}.Encode()
	require.ErrorAs(t, err, new(*dm.TableError))
	_, err = dm.Table{{Length: 8, Target: dm.Linear{}}}.Encode()
	require.ErrorAs(t, err, new(*dm.TableError))
}

func TestLoadEncodedRefused(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	disk := k.AddDisk("", 1<<20)
	encoded, err := linearTable(disk, 1).Encode()
	require.NoError(t, err)
	require.ErrorIs(t, conn.Device(dm.ByName("missing")).LoadEncoded(encoded, dm.TableOptions{}), syscall.ENXIO)
	require.ErrorAs(t, conn.Device(dm.ByName("a/b")).LoadEncoded(encoded, dm.TableOptions{}), new(*dm.NameError))

	table := linearTable(disk, 3)
	table[1].Target = dm.Linear{Dev: dm.BlockDev{Dev: dm.Dev{Major: 99, Minor: 99}}}
	encoded, err = table.Encode()
	require.NoError(t, err)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a"})
	require.NoError(t, err)
	var refused *dm.Error
	require.ErrorAs(t, d.LoadEncoded(encoded, dm.TableOptions{}), &refused)
	require.Equal(t, 2, refused.Segment)

	encoded, err = linearTable(disk, 2).Encode()
	require.NoError(t, err)
	k.Fail(ioctl.TableLoad, 1, syscall.ENOMEM)
	require.ErrorIs(t, d.LoadEncoded(encoded, dm.TableOptions{}), syscall.ENOMEM)
	require.NoError(t, d.LoadEncoded(encoded, dm.TableOptions{}))
}

// The kernel wipes the buffer of a table with a key.
func TestLoadEncodedKey(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	table, err := dm.ParseTable("0 8 crypt aes-xts-plain64 00112233445566778899aabbccddeeff 0 " + k.AddDisk("", 64).String() + " 0")
	require.NoError(t, err)
	encoded, err := table.Encode()
	require.NoError(t, err)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a"})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, d.LoadEncoded(encoded, dm.TableOptions{}))
		got, err := d.Table(dm.TableQuery{Inactive: true})
		require.NoError(t, err)
		require.True(t, table.Equal(got))
	}
}

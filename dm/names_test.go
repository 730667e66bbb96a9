package dm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
)

func TestReadNames(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	var names dm.Names
	require.False(t, names.Next(), "the zero value")
	require.NoError(t, conn.ReadNames(&names))
	require.False(t, names.Next(), "no device")
	require.NoError(t, names.Err())

	_, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", UUID: "LVM-a", Table: dm.Table{{Length: 8, Target: dm.Zero{}}}})
	require.NoError(t, err)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "b", Table: dm.Table{{Length: 8, Target: dm.Zero{}}}})
	require.NoError(t, err)
	want, err := conn.List()
	require.NoError(t, err)
	for range 2 { // read into again
		require.NoError(t, conn.ReadNames(&names))
		var got []dm.Entry
		for names.Next() {
			got = append(got, dm.Entry{
				Name: string(names.Name()), UUID: string(names.UUID()), Dev: names.Dev(), EventNr: names.EventNr(),
			})
		}
		require.NoError(t, names.Err())
		require.Equal(t, want, got)
	}
	require.Zero(t, testing.AllocsPerRun(10, func() {
		for names.Next() {
		}
	}))
}

func TestReadNamesOfClosedConn(t *testing.T) {
	again, err := dmtest.NewKernel(dmtest.Config{}).Reopen()
	require.NoError(t, err)
	conn, err := dm.NewConn(again, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	var names dm.Names
	require.ErrorAs(t, conn.ReadNames(&names), new(*dm.Error))
	require.False(t, names.Next())
	require.NoError(t, names.Err())
}

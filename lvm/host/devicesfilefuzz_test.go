package host_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// FuzzParseDevicesFile: what is read is written again, and what is changed of it is
// changed, and nothing else.
func FuzzParseDevicesFile(f *testing.F) {
	f.Add(devicesText)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := host.ParseDevicesFile(text)
		if err != nil {
			require.ErrorAs(t, err, new(*host.DevicesFileError))
			require.NotEmpty(t, err.Error())
			return
		}
		entries := list.Entries()
		again, err := host.ParseDevicesFile(host.NextDevices(list, "rok"))
		require.NoError(t, err)
		require.Equal(t, entries, again.Entries())
		require.Equal(t, list.Version(), again.Version())
		require.False(t, again.Changed())

		for _, e := range entries {
			d := &host.Device{Path: "/dev/x", Part: e.Part, IDs: []host.DeviceID{e.ID}}
			require.True(t, again.Lists(d, ""))
			again.PutDevice(d, "other")
		}
		mine := host.DeviceEntry{ID: host.DeviceID{Type: "sys_wwid", Name: "naa.fuzz"}, Name: "/dev/fuzz", PVID: "fuzz", Part: 3}
		entries = again.Entries()
		if slices.ContainsFunc(entries, func(e host.DeviceEntry) bool { return e.ID == mine.ID || e.PVID == mine.PVID }) {
			return
		}
		again.Put(mine)
		require.Equal(t, append(slices.Clone(entries), mine), again.Entries())
		again.ClearPVID(mine.PVID)
		require.True(t, again.Remove(mine.ID, mine.Part))
		require.Equal(t, entries, again.Entries())
		_, err = host.ParseDevicesFile(host.NextDevices(again, "rok"))
		require.NoError(t, err)
	})
}

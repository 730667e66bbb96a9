package ioctl_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

// The numbers are those of include/uapi/linux/dm-ioctl.h on x86-64; x/sys has
// its own from the header.
func TestLayout(t *testing.T) {
	var h ioctl.Header
	require.EqualValues(t, 312, unsafe.Sizeof(h))
	require.EqualValues(t, unix.SizeofDmIoctl, unsafe.Sizeof(h))
	var x unix.DmIoctl
	for _, f := range []struct {
		name       string
		want       uintptr
		ours, xsys uintptr
	}{
		{"version", 0, unsafe.Offsetof(h.Version), unsafe.Offsetof(x.Version)},
		{"data_size", 12, unsafe.Offsetof(h.DataSize), unsafe.Offsetof(x.Data_size)},
		{"data_start", 16, unsafe.Offsetof(h.DataStart), unsafe.Offsetof(x.Data_start)},
		{"target_count", 20, unsafe.Offsetof(h.TargetCount), unsafe.Offsetof(x.Target_count)},
		{"open_count", 24, unsafe.Offsetof(h.OpenCount), unsafe.Offsetof(x.Open_count)},
		{"flags", 28, unsafe.Offsetof(h.Flags), unsafe.Offsetof(x.Flags)},
		{"event_nr", 32, unsafe.Offsetof(h.EventNr), unsafe.Offsetof(x.Event_nr)},
		{"dev", 40, unsafe.Offsetof(h.Dev), unsafe.Offsetof(x.Dev)},
		{"name", 48, unsafe.Offsetof(h.Name), unsafe.Offsetof(x.Name)},
		{"uuid", 176, unsafe.Offsetof(h.UUID), unsafe.Offsetof(x.Uuid)},
	} {
		require.Equal(t, f.want, f.ours, f.name)
		require.Equal(t, f.want, f.xsys, f.name)
	}
	require.EqualValues(t, 40, unsafe.Sizeof(ioctl.TargetSpec{}))
	require.EqualValues(t, unix.SizeofDmTargetSpec, unsafe.Sizeof(ioctl.TargetSpec{}))
	var spec unix.DmTargetSpec
	require.Equal(t, []uintptr{0, 8, 16, 20, 24}, ioctl.TargetSpecOffsets)
	require.Equal(t, []uintptr{
		unsafe.Offsetof(spec.Sector_start), unsafe.Offsetof(spec.Length), unsafe.Offsetof(spec.Status),
		unsafe.Offsetof(spec.Next), unsafe.Offsetof(spec.Target_type),
	}, ioctl.TargetSpecOffsets)
	require.Len(t, h.Name, unix.DM_NAME_LEN)
	require.Len(t, h.UUID, unix.DM_UUID_LEN)
	require.Equal(t, unix.DM_MAX_TYPE_NAME-1, ioctl.MaxType)
}

func TestRequestNumbers(t *testing.T) {
	want := map[ioctl.Cmd]uintptr{
		ioctl.Version: unix.DM_VERSION, ioctl.RemoveAll: unix.DM_REMOVE_ALL, ioctl.ListDevices: unix.DM_LIST_DEVICES,
		ioctl.DevCreate: unix.DM_DEV_CREATE, ioctl.DevRemove: unix.DM_DEV_REMOVE, ioctl.DevRename: unix.DM_DEV_RENAME,
		ioctl.DevSuspend: unix.DM_DEV_SUSPEND, ioctl.DevStatus: unix.DM_DEV_STATUS, ioctl.DevWait: unix.DM_DEV_WAIT,
		ioctl.TableLoad: unix.DM_TABLE_LOAD, ioctl.TableClear: unix.DM_TABLE_CLEAR, ioctl.TableDeps: unix.DM_TABLE_DEPS,
		ioctl.TableStatus: unix.DM_TABLE_STATUS, ioctl.ListVersions: unix.DM_LIST_VERSIONS, ioctl.TargetMsg: unix.DM_TARGET_MSG,
		ioctl.DevSetGeometry: unix.DM_DEV_SET_GEOMETRY, ioctl.DevArmPoll: unix.DM_DEV_ARM_POLL,
		ioctl.GetTargetVersion: unix.DM_GET_TARGET_VERSION,
	}
	require.Len(t, want, ioctl.Commands)
	for cmd, number := range want {
		require.Equal(t, number, cmd.Request(), "%v", cmd)
	}
}

func TestFlagValues(t *testing.T) {
	for flag, want := range map[ioctl.Flags]uint32{
		ioctl.FlagReadOnly: unix.DM_READONLY_FLAG, ioctl.FlagSuspend: unix.DM_SUSPEND_FLAG,
		ioctl.FlagPersistentDev: unix.DM_PERSISTENT_DEV_FLAG, ioctl.FlagStatusTable: unix.DM_STATUS_TABLE_FLAG,
		ioctl.FlagActivePresent: unix.DM_ACTIVE_PRESENT_FLAG, ioctl.FlagInactivePresent: unix.DM_INACTIVE_PRESENT_FLAG,
		ioctl.FlagBufferFull: unix.DM_BUFFER_FULL_FLAG, ioctl.FlagSkipBdget: unix.DM_SKIP_BDGET_FLAG,
		ioctl.FlagSkipLockFS: unix.DM_SKIP_LOCKFS_FLAG, ioctl.FlagNoFlush: unix.DM_NOFLUSH_FLAG,
		ioctl.FlagQueryInactive: unix.DM_QUERY_INACTIVE_TABLE_FLAG, ioctl.FlagUeventGenerated: unix.DM_UEVENT_GENERATED_FLAG,
		ioctl.FlagUUID: unix.DM_UUID_FLAG, ioctl.FlagSecureData: unix.DM_SECURE_DATA_FLAG,
		ioctl.FlagDataOut: unix.DM_DATA_OUT_FLAG, ioctl.FlagDeferredRemove: unix.DM_DEFERRED_REMOVE,
		ioctl.FlagInternalSuspend: unix.DM_INTERNAL_SUSPEND_FLAG, ioctl.FlagIMAMeasurement: unix.DM_IMA_MEASUREMENT_FLAG,
	} {
		require.EqualValues(t, want, flag, "%v", flag)
	}
}

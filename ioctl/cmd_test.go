package ioctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func TestCmd(t *testing.T) {
	seen := map[string]bool{}
	for c := range ioctl.Cmd(ioctl.Commands) {
		require.NotEmpty(t, c.String())
		require.False(t, seen[c.String()], "%v twice", c)
		seen[c.String()] = true
		require.EqualValues(t, 4, c.MinABI().Major)
	}
	require.Equal(t, "command 18", ioctl.Cmd(ioctl.Commands).String())
	require.False(t, ioctl.Cmd(ioctl.Commands).HasReply())
	require.Equal(t, ioctl.ABI{Major: 4, Minor: 41}, ioctl.GetTargetVersion.MinABI())
	require.True(t, ioctl.TableStatus.HasReply())
	require.False(t, ioctl.TableLoad.HasReply())
}

func TestABI(t *testing.T) {
	a := ioctl.ABI{Major: 4, Minor: 37, Patch: 1}
	require.Equal(t, "4.37.1", a.String())
	for _, b := range []ioctl.ABI{{Major: 5}, {Major: 4, Minor: 38}, {Major: 4, Minor: 37, Patch: 2}} {
		require.True(t, a.Less(b))
		require.False(t, b.Less(a))
	}
	require.False(t, a.Less(a))
	require.True(t, ioctl.ABI{}.Less(ioctl.Version.MinABI()))
}

func TestFlags(t *testing.T) {
	require.Equal(t, "", ioctl.Flags(0).String())
	require.Equal(t, "readonly|suspend|deferred-remove", (ioctl.FlagReadOnly | ioctl.FlagSuspend | ioctl.FlagDeferredRemove).String())
	require.Equal(t, "1<<2|1<<31", ioctl.Flags(1<<2|1<<31).String())
	tests := []struct {
		cmd   ioctl.Cmd
		flags ioctl.Flags
		minor uint32
	}{
		{ioctl.TableStatus, 0, 0}, {ioctl.TableStatus, ioctl.FlagNoFlush, 0}, {ioctl.TableStatus, ioctl.FlagQueryInactive, 16},
		{ioctl.TableLoad, ioctl.FlagSecureData, 20}, {ioctl.DevRemove, ioctl.FlagDeferredRemove, 27},
		{ioctl.TableStatus, ioctl.FlagIMAMeasurement | ioctl.FlagQueryInactive, 45}, {ioctl.DevRename, ioctl.FlagUUID, 19},
		{ioctl.ListDevices, ioctl.FlagUUID, 45}, {ioctl.GetTargetVersion, ioctl.FlagSecureData, 41},
	}
	for _, tt := range tests {
		require.Equal(t, ioctl.ABI{Major: 4, Minor: tt.minor}, tt.flags.MinABI(tt.cmd), "%v %v", tt.cmd, tt.flags)
	}
}

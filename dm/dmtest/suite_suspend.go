package dmtest

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

// suspendTests hold the rules of dev_suspend, and which requests send a uevent.
var suspendTests = []suiteTest{
	{"suspend and resume", testRawSuspend},
	{"without a table", testRawSuspendTableless},
	{"swap", testRawSwap},
	{"uevents", testRawUevents},
}

func testRawSuspend(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	for _, f := range []ioctl.Flags{0, ioctl.FlagNoFlush, ioctl.FlagSkipLockFS, ioctl.FlagNoFlush | ioctl.FlagSkipLockFS} {
		for range 2 { // suspend of what is suspended succeeds
			require.NoError(t, r.raw(ioctl.DevSuspend, named(name), flags(ioctl.FlagSuspend|f)))
			require.Equal(t, ioctl.FlagSuspend, r.has(ioctl.FlagSuspend))
		}
		for range 2 { // and so does resume of what is not
			require.NoError(t, r.raw(ioctl.DevSuspend, named(name), flags(f)))
			require.Zero(t, r.has(ioctl.FlagSuspend))
		}
	}
}

// A device without a table is not suspended, can be, and then cannot go on.
func testRawSuspendTableless(t *testing.T, r *rig) {
	name := r.make(t, nil)
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Zero(t, r.has(ioctl.FlagSuspend|ioctl.FlagUeventGenerated))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name), flags(ioctl.FlagSuspend)))
	require.Equal(t, ioctl.FlagSuspend, r.has(ioctl.FlagSuspend))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.DevSuspend, named(name)))
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(8)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Zero(t, r.has(ioctl.FlagSuspend))
}

func testRawSwap(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	length := func() uint64 {
		require.NoError(t, r.raw(ioctl.TableStatus, named(name)))
		lines := r.b.Targets()
		require.True(t, lines.Next())
		return lines.Length
	}
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(16)))
	require.EqualValues(t, 8, length())
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name), flags(ioctl.FlagSuspend)))
	require.Equal(t, ioctl.FlagInactivePresent, r.has(ioctl.FlagInactivePresent), "suspend leaves the inactive table")
	require.EqualValues(t, 8, length())
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Zero(t, r.has(ioctl.FlagInactivePresent|ioctl.FlagSuspend))
	require.EqualValues(t, 16, length())
	// Resume alone swaps as well.
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(24)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.EqualValues(t, 24, length())
}

func testRawUevents(t *testing.T, r *rig) {
	name := r.make(t, nil)
	for _, tt := range []struct {
		what   string
		cmd    ioctl.Cmd
		edit   func(*ioctl.Buffer)
		uevent bool
	}{
		{"load", ioctl.TableLoad, zeros(8), false},
		{"first resume", ioctl.DevSuspend, flags(0), true},
		{"resume of a live device", ioctl.DevSuspend, flags(0), false},
		{"suspend", ioctl.DevSuspend, flags(ioctl.FlagSuspend), false},
		{"suspend again", ioctl.DevSuspend, flags(ioctl.FlagSuspend), false},
		{"resume", ioctl.DevSuspend, flags(0), true},
		{"set UUID", ioctl.DevRename, func(b *ioctl.Buffer) { str("u-" + name)(b); flags(ioctl.FlagUUID)(b) }, true},
		{"status", ioctl.DevStatus, flags(ioctl.FlagUeventGenerated), false},
		{"remove", ioctl.DevRemove, flags(0), true},
	} {
		require.NoError(t, r.raw(tt.cmd, named(name), tt.edit), tt.what)
		require.Equal(t, tt.uevent, r.has(ioctl.FlagUeventGenerated) != 0, tt.what)
	}
	if !r.since(45) {
		return
	}
	// A device that never had a table is none for udev.
	name = r.make(t, nil)
	require.NoError(t, r.raw(ioctl.DevRename, named(name), str("u-"+name), flags(ioctl.FlagUUID)))
	require.Zero(t, r.has(ioctl.FlagUeventGenerated))
	require.NoError(t, r.raw(ioctl.DevRemove, named(name)))
	require.Zero(t, r.has(ioctl.FlagUeventGenerated))
}

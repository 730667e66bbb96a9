package dmtest

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

// removeTests hold the rules of dev_remove, deferred removal and open counts.
var removeTests = []suiteTest{
	{"remove", testRawRemove},
	{"open", testRawRemoveOpen},
	{"deferred", testRawDeferred},
	{"deferred below another", testRawDeferredStack},
	{"cancel", testRawCancelDeferred},
}

func testRawRemove(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(16)))
	require.NoError(t, r.raw(ioctl.DevRemove, named(name)))
	require.Equal(t, name, string(r.b.Header().NameBytes()))
	require.Equal(t, syscall.ENXIO, r.raw(ioctl.DevRemove, named(name)))
	suspended := r.make(t, zeros(8))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(suspended), flags(ioctl.FlagSuspend)))
	require.NoError(t, r.raw(ioctl.DevRemove, named(suspended)))
}

func testRawRemoveOpen(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	release := r.Hold(t, name)
	defer release()
	require.NoError(t, r.raw(ioctl.DevStatus, named(name)))
	require.EqualValues(t, 1, r.b.Header().OpenCount)
	require.Equal(t, syscall.EBUSY, r.raw(ioctl.DevRemove, named(name)))
	require.NoError(t, r.raw(ioctl.DevStatus, named(name)))
	require.Zero(t, r.has(ioctl.FlagDeferredRemove))
	release()
	require.NoError(t, r.raw(ioctl.DevRemove, named(name)))
}

func (r *rig) exists(name string) bool { return r.raw(ioctl.DevStatus, named(name)) == nil }

func testRawDeferred(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	require.NoError(t, r.raw(ioctl.DevRemove, named(name), flags(ioctl.FlagDeferredRemove)))
	require.Equal(t, ioctl.FlagUeventGenerated, r.has(ioctl.FlagUeventGenerated|ioctl.FlagDeferredRemove), "it went at once")
	require.False(t, r.exists(name))

	name = r.make(t, zeros(8))
	release := r.Hold(t, name)
	defer release()
	for range 2 {
		require.NoError(t, r.raw(ioctl.DevRemove, named(name), flags(ioctl.FlagDeferredRemove)))
		require.Equal(t, ioctl.FlagDeferredRemove, r.has(ioctl.FlagUeventGenerated|ioctl.FlagDeferredRemove))
	}
	require.True(t, r.exists(name))
	require.Equal(t, ioctl.FlagDeferredRemove, r.has(ioctl.FlagDeferredRemove))
	require.Equal(t, syscall.EBUSY, r.raw(ioctl.DevCreate, named(name)), "the name is taken")
	release()
	soon(t, "the last close removes it", func() bool { return !r.exists(name) })
}

// The last close can be that of a table on top.
func testRawDeferredStack(t *testing.T, r *rig) {
	below := r.make(t, zeros(8))
	params := "/dev/mapper/none 0"
	require.NoError(t, r.raw(ioctl.DevStatus, named(below)))
	params = devString(r.b.Header().Dev) + " 0"
	above := r.make(t, targets(spec(0, 8, uint32(align(specSize+len(params)+1)), "linear", params)))
	require.NoError(t, r.raw(ioctl.DevRemove, named(below), flags(ioctl.FlagDeferredRemove)))
	require.True(t, r.exists(below))
	require.NoError(t, r.raw(ioctl.DevRemove, named(above)))
	soon(t, "both go", func() bool { return !r.exists(below) })
}

func testRawCancelDeferred(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	cancel := func(message string) error { return r.raw(ioctl.TargetMsg, named(name), payload(msg(0, message))) }
	require.NoError(t, cancel("@cancel_deferred_remove"), "nothing to cancel")
	release := r.Hold(t, name)
	defer release()
	require.NoError(t, r.raw(ioctl.DevRemove, named(name), flags(ioctl.FlagDeferredRemove)))
	require.Equal(t, syscall.EINVAL, cancel("@cancel_deferred_remove now"))
	require.NoError(t, cancel("@Cancel_Deferred_Remove"))
	require.Zero(t, r.has(ioctl.FlagDeferredRemove))
	release()
	require.Never(t, func() bool { return !r.exists(name) }, removalPatience, removalPatience/5)
}

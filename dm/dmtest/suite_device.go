package dmtest

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// deviceTests hold the rules of create, rename and status.
var deviceTests = []suiteTest{
	{"create", testRawCreate},
	{"create with a minor number", testRawMinor},
	{"names that the kernel takes", testRawNames},
	{"rename", testRawRename},
	{"set UUID", testRawSetUUID},
	{"status", testRawStatus},
	{"geometry", testRawGeometry},
}

func testRawCreate(t *testing.T, r *rig) {
	a, b := r.name(t), r.name(t)
	require.NoError(t, r.raw(ioctl.DevCreate, named(a), uuid("uuid-"+a)))
	h := r.b.Header()
	require.Equal(t, ioctl.Flags(0), h.Flags)
	require.NotZero(t, h.Dev)
	require.Zero(t, h.OpenCount)
	require.Equal(t, syscall.EBUSY, r.raw(ioctl.DevCreate, named(a)))
	require.Equal(t, syscall.EBUSY, r.raw(ioctl.DevCreate, named(b), uuid("uuid-"+a)))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.DevCreate, uuid("uuid-"+b)), "no name")
	require.Equal(t, syscall.ENXIO, r.raw(ioctl.DevStatus, named(b)))
}

func testRawMinor(t *testing.T, r *rig) {
	a, b := r.name(t), r.name(t)
	minor := number(dm.Dev{Minor: 4321})
	require.NoError(t, r.raw(ioctl.DevCreate, named(a), flags(ioctl.FlagPersistentDev), minor))
	require.EqualValues(t, 4321, dm.DevFromUint64(r.b.Header().Dev).Minor)
	require.Equal(t, syscall.ENXIO, r.raw(ioctl.DevCreate, named(b), flags(ioctl.FlagPersistentDev), minor), "not EBUSY")
	// Without the flag the number is ignored.
	require.NoError(t, r.raw(ioctl.DevCreate, named(b), minor))
	require.NotEqualValues(t, 4321, dm.DevFromUint64(r.b.Header().Dev).Minor)

	taken, tooLarge := uint32(4321), uint32(1<<20)
	_, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Minor: &taken})
	require.ErrorIs(t, err, fs.ErrExist)
	require.NotErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "minor number 4321 is taken")
	_, err = r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Minor: &tooLarge})
	require.ErrorContains(t, err, "minor number 1048576: at most 20 bits")
}

// The kernel refuses slashes alone, and from ABI 4.48 on what a directory has
// already: the rest is up to package dm.
func testRawNames(t *testing.T, r *rig) {
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.DevCreate, named(r.name(t)+"/x")))
	for _, name := range []string{".", "..", "control"} {
		err := r.raw(ioctl.DevCreate, named(name))
		if r.since(48) {
			require.Equal(t, syscall.EINVAL, err, name)
			continue
		}
		require.NoError(t, err, name)
		require.NoError(t, r.raw(ioctl.DevRemove, named(name)))
	}
	odd := r.name(t) + " a\\b\tñ\x01\xff"
	r.clean(t, odd)
	require.NoError(t, r.raw(ioctl.DevCreate, named(odd)))
	require.NoError(t, r.raw(ioctl.DevStatus, named(odd)))
	require.Equal(t, odd, string(r.b.Header().NameBytes()))
}

func testRawRename(t *testing.T, r *rig) {
	a, b := r.make(t, zeros(8)), r.make(t, nil)
	free := r.name(t)
	rename := func(from, to string) error { return r.raw(ioctl.DevRename, named(from), str(to)) }
	require.Equal(t, syscall.EBUSY, rename(a, b))
	require.Equal(t, syscall.EBUSY, rename(a, a))
	require.Equal(t, syscall.EBUSY, rename("no-such", a), "the new name is looked at first")
	require.Equal(t, syscall.ENXIO, rename("no-such", free))
	require.Equal(t, syscall.EINVAL, rename(a, ""))
	require.Equal(t, syscall.EINVAL, rename(a, "x/y"))
	require.Equal(t, syscall.EINVAL, rename(a, free+strings.Repeat("x", nameLen-len(free))))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.DevRename, named(a), dataSize(headSize+4), str("abcdefg")), "no end")
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.DevRename, named(a), str("x"), func(b *ioctl.Buffer) { b.Header().DataStart = 200 }))
	require.NoError(t, r.raw(ioctl.DevStatus, named(a)))
	dev, before := r.b.Header().Dev, r.b.Header().EventNr
	// The kernel looks the device up by name, and by nothing else.
	require.Equal(t, syscall.ENXIO, r.raw(ioctl.DevRename, func(b *ioctl.Buffer) { b.Header().Dev = dev }, str(free)))

	require.NoError(t, rename(a, free))
	h := r.b.Header()
	require.Equal(t, a, string(h.NameBytes()), "the reply has the old name")
	require.Equal(t, before+1, h.EventNr)
	require.NotZero(t, r.has(ioctl.FlagUeventGenerated))
	require.Equal(t, dev, h.Dev)
	require.Equal(t, syscall.ENXIO, r.raw(ioctl.DevStatus, named(a)))
	require.NoError(t, r.raw(ioctl.DevStatus, named(free)))
}

func testRawSetUUID(t *testing.T, r *rig) {
	a, b := r.make(t, zeros(8)), r.make(t, nil)
	set := func(name, id string) error {
		return r.raw(ioctl.DevRename, named(name), str(id), flags(ioctl.FlagUUID))
	}
	require.Equal(t, syscall.EINVAL, set(a, strings.Repeat("x", uuidLen)))
	require.Equal(t, syscall.EINVAL, set(a, ""))
	id := strings.Repeat("u", uuidLen-1-len(a)) + a
	require.NoError(t, set(a, id))
	require.Equal(t, syscall.EINVAL, set(a, "another-"+a), "once only")
	require.Equal(t, syscall.EBUSY, set(b, id))
	require.NoError(t, set(b, "a/slash-"+b))
	require.NoError(t, r.raw(ioctl.DevStatus, uuid(id)))
	require.Equal(t, a, string(r.b.Header().NameBytes()))
}

func testRawStatus(t *testing.T, r *rig) {
	name := r.make(t, nil)
	state := ioctl.FlagActivePresent | ioctl.FlagInactivePresent | ioctl.FlagSuspend | ioctl.FlagReadOnly
	status := func(f ioctl.Flags) ioctl.Flags {
		require.NoError(t, r.raw(ioctl.DevStatus, named(name), flags(f)))
		return r.has(state)
	}
	require.Zero(t, status(0))
	require.Zero(t, status(state), "what the caller set is not what is")
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(8), flags(ioctl.FlagReadOnly)))
	require.Equal(t, ioctl.FlagInactivePresent, status(0))
	require.Zero(t, r.b.Header().TargetCount)
	require.Equal(t, ioctl.FlagInactivePresent|ioctl.FlagReadOnly, status(ioctl.FlagQueryInactive))
	require.EqualValues(t, 1, r.b.Header().TargetCount)
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Equal(t, ioctl.FlagActivePresent|ioctl.FlagReadOnly, status(0))
	require.EqualValues(t, 1, r.b.Header().TargetCount)
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name), flags(ioctl.FlagSuspend)))
	require.Equal(t, ioctl.FlagActivePresent|ioctl.FlagReadOnly|ioctl.FlagSuspend, status(0))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
}

func testRawGeometry(t *testing.T, r *rig) {
	name := r.make(t, zeros(63*255*10))
	for _, tt := range []struct {
		text string
		want error
	}{
		{"10 255 63 0", nil}, {"10 255 63 160650", nil}, {"10 255 63 160651", syscall.EINVAL}, {"10 255 63", syscall.EINVAL},
		{"65536 255 63 0", syscall.EINVAL}, {"10 256 63 0", syscall.EINVAL}, {"10 255 256 0", syscall.EINVAL},
		{"a b c d", syscall.EINVAL}, {"10 255 63 0 1", syscall.EINVAL}, {"", syscall.EINVAL},
	} {
		err := r.raw(ioctl.DevSetGeometry, named(name), str(tt.text))
		if tt.want == nil {
			require.NoError(t, err, tt.text)
		} else {
			require.Equal(t, tt.want, err, tt.text)
		}
	}
	require.NoError(t, r.conn.Device(dm.ByName(name)).SetGeometry(10, 255, 63, 0))
}

package dmtest

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// removalPatience is how long a device must stay to count as not removed.
const removalPatience = 50 * time.Millisecond

func devString(n uint64) string { return dm.DevFromUint64(n).String() }

// listTests hold the rules of list_devices and list_versions.
var listTests = []suiteTest{
	{"records", testRawList},
	{"filter", testRawFilter},
	{"versions", testRawVersions},
	{"filter of package dm", testListMatching},
	{"a thousand devices", testThousand},
}

type listed struct {
	name, uuid string
	dev        uint64
	eventNr    uint32
}

func (r *rig) list(t *testing.T, edit ...func(*ioctl.Buffer)) []listed {
	t.Helper()
	require.NoError(t, r.raw(ioctl.ListDevices, edit...))
	require.Zero(t, r.has(ioctl.FlagBufferFull))
	var all []listed
	names := r.b.Names()
	for names.Next() {
		all = append(all, listed{string(names.Name), string(names.UUID), names.Dev, names.EventNr})
	}
	require.NoError(t, names.Err())
	return all
}

func testRawList(t *testing.T, r *rig) {
	// Names and UUIDs of every length modulo the alignment.
	first := r.Name(t)
	var want []listed
	for i := range 9 {
		name := first + strings.Repeat("n", i)
		r.clean(t, name)
		id := ""
		if i > 0 {
			id = first + strings.Repeat("u", i)
		}
		require.NoError(t, r.raw(ioctl.DevCreate, named(name), uuid(id)))
		want = append(want, listed{name, id, r.b.Header().Dev, 0})
	}
	require.NoError(t, r.raw(ioctl.TableLoad, named(first), zeros(8)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(first)))
	require.NoError(t, r.raw(ioctl.DevRename, named(first), str(first+"."), flags(0)))
	r.clean(t, first+".")
	require.NoError(t, r.raw(ioctl.DevStatus, named(first+".")))
	want[0].name = first + "."
	if r.since(37) {
		want[0].eventNr = r.b.Header().EventNr
	}
	pick := func(all []listed) (mine []listed) {
		for _, e := range all {
			if strings.HasPrefix(e.name, first) {
				mine = append(mine, e)
			}
		}
		return mine
	}
	without := make([]listed, len(want))
	copy(without, want)
	for i := range without {
		without[i].uuid = ""
	}
	require.Equal(t, without, pick(r.list(t)))
	if r.since(45) {
		require.Equal(t, want, pick(r.list(t, flags(ioctl.FlagUUID))))
	}
}

// A name or a UUID in the request is a prefix, both together count, and a
// leftover one would hide devices.
func testRawFilter(t *testing.T, r *rig) {
	if !r.since(45) {
		return
	}
	a, b := r.name(t), r.name(t)
	require.NoError(t, r.raw(ioctl.DevCreate, named(a), uuid("UUID-"+a)))
	require.NoError(t, r.raw(ioctl.DevCreate, named(b)))
	count := func(edit ...func(*ioctl.Buffer)) int { return len(r.list(t, edit...)) }
	require.Equal(t, 1, count(named(a)))
	require.Equal(t, 0, count(named(a+"x")))
	require.Equal(t, 1, count(uuid("UUID-"+a)))
	require.Equal(t, 1, count(uuid("UUID-"+a[:len(a)-1])), "a prefix")
	require.Equal(t, 0, count(named(b), uuid("UUID-")))
	require.Equal(t, 1, count(named(a), uuid("UUID-")))
}

func testRawVersions(t *testing.T, r *rig) {
	if !r.since(41) {
		return
	}
	_, err := r.conn.TargetVersion("zero")
	require.NoError(t, err)
	require.NoError(t, r.raw(ioctl.ListVersions))
	found := map[string][3]uint32{}
	all := r.b.Versions()
	for all.Next() {
		found[string(all.Name)] = all.Version
	}
	require.NoError(t, all.Err())
	for _, target := range []string{"linear", "striped", "error", "zero"} {
		require.NotZero(t, found[target], target)
		require.NoError(t, r.raw(ioctl.GetTargetVersion, named(target)))
		one := r.b.Versions()
		require.True(t, one.Next())
		require.Equal(t, target, string(one.Name))
		require.Equal(t, found[target], one.Version)
		require.False(t, one.Next())
	}
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.GetTargetVersion, named("no-such-target")))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.GetTargetVersion, named("zero"), uuid("u")))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.GetTargetVersion))
}

func testListMatching(t *testing.T, r *rig) {
	a, b := r.name(t), r.name(t)
	for _, req := range []dm.CreateRequest{{Name: a, UUID: "UUID-" + a}, {Name: b}} {
		_, err := r.conn.Create(t.Context(), req)
		require.NoError(t, err)
	}
	names := func(f dm.Filter) (names []string) {
		entries, err := r.conn.ListMatching(f)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name)
		}
		return names
	}
	require.Subset(t, names(dm.Filter{}), []string{a, b})
	require.Equal(t, []string{a}, names(dm.Filter{Name: a}))
	require.Equal(t, []string{a}, names(dm.Filter{UUID: "UUID-" + a}))
	require.Empty(t, names(dm.Filter{Name: b, UUID: "UUID-"}))
	entries, err := r.conn.ListMatching(dm.Filter{Name: a})
	require.NoError(t, err)
	require.Equal(t, "UUID-"+a, entries[0].UUID)
	_, err = r.conn.ListMatching(dm.Filter{Name: strings.Repeat("n", 200)})
	require.ErrorAs(t, err, new(*dm.NameError))
}

// The reply outgrows the buffer several times, and the size that it needed is
// remembered.
func testThousand(t *testing.T, r *rig) {
	prefix := r.Name(t) + strings.Repeat("-", 60)
	const count = 1000
	name := func(i int) string {
		return prefix + string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10)})
	}
	t.Cleanup(func() {
		for i := range count {
			require.NoError(t, r.raw(ioctl.DevRemove, named(name(i))))
		}
	})
	for i := range count {
		require.NoError(t, r.raw(ioctl.DevCreate, named(name(i))))
	}
	requests := 0
	conn := r.connect(t, dm.Config{Trace: func(dm.Trace) { requests++ }})
	for i, want := range []int{1 + 5, 1} {
		requests = 0
		entries, err := conn.ListMatching(dm.Filter{Name: prefix})
		require.NoError(t, err)
		require.Len(t, entries, count)
		for i, e := range entries {
			require.Equal(t, name(i), e.Name)
		}
		if r.since(45) {
			require.Equal(t, want, requests, "list %d", i)
		}
	}
}

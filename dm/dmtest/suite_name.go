package dmtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// nameTests hold what package dm lets through and what it stops.
var nameTests = []suiteTest{
	{"odd ones work", testOddNames},
	{"bad ones touch nothing", testBadNames},
	{"reserved ones can be reached", testReservedNames},
	{"UUIDs", testUUIDs},
}

func fill(s string, n int) string { return s + strings.Repeat("x", n-len(s)) }

func testOddNames(t *testing.T, r *rig) {
	base := r.Name(t)
	for _, name := range []string{
		fill(base, ioctl.MaxName), base + " with  blanks ", base + `\back\slash\\`, base + `\x20escaped`, base + "-ñandú-日本",
		base + "\xff\xfe\x01", base + "#+-.:=@_", base + "\"'$`;&|*?",
	} {
		t.Run(name[len(base):], func(t *testing.T) {
			d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
			require.NoError(t, err)
			defer func() { require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{})) }()
			info, err := d.Info()
			require.NoError(t, err)
			require.Equal(t, name, info.Name)
			entries, err := r.conn.ListMatching(dm.Filter{Name: name})
			require.NoError(t, err)
			require.Len(t, entries, 1)
			require.Equal(t, name, entries[0].Name)
			moved, err := d.Rename(t.Context(), name[:len(name)-1])
			require.NoError(t, err)
			d, err = moved.Rename(t.Context(), name)
			require.NoError(t, err)
		})
	}
}

// counting wraps a kernel and counts what changes something.
func (r *rig) counting(t *testing.T) (conn *dm.Conn, requests func() int) {
	t.Helper()
	n := 0
	conn = r.connect(t, dm.Config{Trace: func(dm.Trace) { n++ }})
	n = 0
	return conn, func() int { return n }
}

func testBadNames(t *testing.T, r *rig) {
	base := r.Name(t)
	survivor := r.make(t, zeros(8))
	conn, requests := r.counting(t)
	for _, name := range []string{
		"", ".", "..", "control", "a/b", "/", base + "/", fill(base, 128), fill(base, 200), base + "\x00", strings.Repeat("x", 1<<20),
	} {
		var bad *dm.NameError
		_, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
		require.ErrorAs(t, err, &bad, "%.40q", name)
		require.Less(t, len(err.Error()), 500)
		require.True(t, errors.As(err, new(*dm.Error)))
		_, err = conn.Device(dm.ByName(survivor)).Rename(t.Context(), name)
		require.ErrorAs(t, err, &bad, "%.40q", name)
		if name == "." || name == ".." || name == "control" {
			continue // may exist
		}
		d := conn.Device(dm.ByName(name))
		_, err = d.Info()
		require.ErrorAs(t, err, &bad, "%.40q", name)
		for _, err := range []error{
			d.Remove(t.Context(), dm.RemoveOptions{}), d.Suspend(dm.SuspendOptions{}), d.Resume(t.Context(), dm.SuspendOptions{}),
			d.Load(zeroTable(8), dm.TableOptions{}), d.Clear(), d.SetUUID("u"), d.SetGeometry(1, 1, 1, 0),
		} {
			require.ErrorAs(t, err, &bad, "%.40q", name)
		}
	}
	require.Zero(t, requests())
	_, err := conn.Device(dm.ID{}).Info()
	require.ErrorAs(t, err, new(*dm.NameError))
}

// What somebody else made can be looked at and removed.
func testReservedNames(t *testing.T, r *rig) {
	if r.since(48) {
		return // the kernel has none
	}
	require.NoError(t, r.raw(ioctl.DevCreate, named("control")))
	d := r.conn.Device(dm.ByName("control"))
	info, err := d.Info()
	require.NoError(t, err)
	require.Equal(t, "control", info.Name)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

func testUUIDs(t *testing.T, r *rig) {
	base := r.name(t)
	conn, requests := r.counting(t)
	for _, id := range []string{fill("u", 129), "u\x00"} {
		_, err := conn.Create(t.Context(), dm.CreateRequest{Name: base, UUID: id})
		require.ErrorAs(t, err, new(*dm.NameError))
		require.ErrorAs(t, conn.Device(dm.ByName(base)).SetUUID(id), new(*dm.NameError))
		_, err = conn.Device(dm.ByUUID(id)).Info()
		require.ErrorAs(t, err, new(*dm.NameError))
	}
	require.Zero(t, requests())
	long := fill("UUID-"+base, ioctl.MaxUUID)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: base, UUID: long})
	require.NoError(t, err)
	info, err := conn.Device(dm.ByUUID(long)).Info()
	require.NoError(t, err)
	require.Equal(t, long, info.UUID)
	require.Equal(t, base, info.Name)
	require.Error(t, d.SetUUID("another"))

	other := r.name(t)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: other, UUID: long})
	require.ErrorContains(t, err, "UUID")
	second, err := conn.Create(t.Context(), dm.CreateRequest{Name: other})
	require.NoError(t, err)
	require.NoError(t, second.SetUUID("later-"+other))
	// By UUID and by number, too: the kernel knows only the name there.
	byUUID := conn.Device(dm.ByUUID("later-" + other))
	moved := r.name(t)
	_, err = byUUID.Rename(t.Context(), moved)
	require.NoError(t, err)
	info, err = byUUID.Info()
	require.NoError(t, err)
	require.Equal(t, moved, info.Name)
	third := r.name(t)
	d, err = conn.Create(t.Context(), dm.CreateRequest{Name: third})
	require.NoError(t, err)
	info, err = d.Info()
	require.NoError(t, err)
	require.NoError(t, conn.Device(dm.ByDev(info.Dev)).SetUUID("third-"+third))
}

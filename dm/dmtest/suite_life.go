package dmtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// lifeTests drive package dm through a device's life.
var lifeTests = []suiteTest{
	{"create, swap, rename, remove", testLife},
	{"tables that are wrong", testBadTables},
	{"undo of create", testUndoCreate},
	{"undo of swap", testUndoSwap},
	{"busy", testBusy},
	{"deferred", testDeferred},
	{"two suspend at once", testConcurrentSuspend},
	{"thousand random lives", testRandomLives},
}

func testLife(t *testing.T, r *rig) {
	disk := r.Disk(t, 2048)
	linear := func(offset units.Sectors) dm.Table {
		return dm.Table{
			{Length: 1024, Target: dm.Linear{Dev: dm.BlockDev{Dev: disk}, Offset: offset}},
			{Start: 1024, Length: 8, Target: dm.Zero{}},
		}
	}
	name := r.name(t)
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: name, UUID: "UUID-" + name, Table: linear(0), ReadOnly: true})
	require.NoError(t, err)
	info, err := d.Info()
	require.NoError(t, err)
	require.Equal(t, dm.Info{Name: name, UUID: "UUID-" + name, Dev: info.Dev, EventNr: info.EventNr, Segments: 2, ReadOnly: true, Active: true},
		withoutFlags(info))
	table, err := d.Table(dm.TableQuery{})
	require.NoError(t, err)
	require.True(t, table.Equal(linear(0)), table)
	require.Equal(t, fmt.Sprintf("0 1024 linear %v 0\n1024 8 zero ", disk), table.String())

	require.NoError(t, d.Swap(t.Context(), linear(1024), dm.TableOptions{}, dm.SuspendOptions{NoFlush: true}))
	table, err = d.Table(dm.TableQuery{})
	require.NoError(t, err)
	require.True(t, table.Equal(linear(1024)), table)
	info, err = d.Info()
	require.NoError(t, err)
	require.False(t, info.ReadOnly)
	require.False(t, info.Inactive)
	deps, err := d.Deps()
	require.NoError(t, err)
	require.Equal(t, []dm.Dev{disk}, deps)

	to := r.name(t)
	moved, err := d.Rename(t.Context(), to)
	require.NoError(t, err)
	_, err = d.Info()
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.NoError(t, moved.Load(linear(8), dm.TableOptions{}))
	inactive, err := moved.Table(dm.TableQuery{Inactive: true})
	require.NoError(t, err)
	require.True(t, inactive.Equal(linear(8)))
	require.NoError(t, moved.Clear())
	inactive, err = moved.Table(dm.TableQuery{Inactive: true})
	require.NoError(t, err)
	require.Empty(t, inactive)

	require.NoError(t, moved.Remove(t.Context(), dm.RemoveOptions{}))
	for _, err := range []error{
		moved.Remove(t.Context(), dm.RemoveOptions{}), moved.Suspend(dm.SuspendOptions{}), moved.Resume(t.Context(), dm.SuspendOptions{}),
		moved.Load(linear(0), dm.TableOptions{}), moved.Clear(), moved.Swap(t.Context(), linear(0), dm.TableOptions{}, dm.SuspendOptions{}),
	} {
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, to)
	}
	there, err := moved.Exists()
	require.NoError(t, err)
	require.False(t, there)
}

func withoutFlags(i dm.Info) dm.Info {
	return dm.Info{
		Name: i.Name, UUID: i.UUID, Dev: i.Dev, OpenCount: i.OpenCount, EventNr: i.EventNr, Segments: i.Segments,
		Suspended: i.Suspended, ReadOnly: i.ReadOnly, Active: i.Active, Inactive: i.Inactive,
		DeferredRemove: i.DeferredRemove, InternalSuspend: i.InternalSuspend,
	}
}

// What is wrong by itself never gets to the kernel; what the kernel refuses
// comes back with the segment at fault.
func testBadTables(t *testing.T, r *rig) {
	disk := dm.BlockDev{Dev: r.Disk(t, 64)}
	zero := func(start, length units.Sectors) dm.Segment {
		return dm.Segment{Start: start, Length: length, Target: dm.Zero{}}
	}
	name := r.name(t)
	conn, requests := r.counting(t)
	for _, tt := range []struct {
		table   dm.Table
		segment int
	}{
		{dm.Table{zero(0, 0)}, 1}, {dm.Table{zero(1, 8)}, 1}, {dm.Table{zero(0, 8), zero(4, 8)}, 2}, {dm.Table{zero(0, 8), zero(9, 8)}, 2},
		{dm.Table{zero(0, 8), zero(8, 0)}, 2}, {dm.Table{zero(0, 8), {Start: 8, Length: 8}}, 2},
		{dm.Table{zero(0, 8), zero(8, 1<<64-8)}, 2}, {dm.Table{zero(0, 8), {Start: 8, Length: 8, Target: dm.ThinPool{}}}, 2},
		{dm.Table{{Length: 8, Target: dm.Raw{Name: "sixteen-bytes-xx"}}}, 1}, {dm.Table{{Length: 8, Target: dm.Linear{}}}, 1},
		{dm.Table{{Length: 8, Target: dm.Raw{Name: "zero", Params: "a\x00b"}}}, 1},
	} {
		before := requests()
		_, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: tt.table})
		var e *dm.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, tt.segment, e.Segment, err.Error())
		require.Equal(t, name, e.Device)
		there, err := r.conn.Device(dm.ByName(name)).Exists()
		require.NoError(t, err)
		require.False(t, there)
		if requests() != before {
			t.Logf("%v reached the kernel, and was undone", tt.table)
		}
	}
	for _, tt := range []struct {
		table   dm.Table
		segment int
		want    error
	}{
		{dm.Table{zero(0, 8), zero(8, 8), {Start: 16, Length: 8, Target: dm.Raw{Name: "no-such-target"}}, zero(24, 8)}, 3, syscall.EINVAL},
		{dm.Table{{Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: dm.Dev{Major: 4000, Minor: 1}}}}, zero(8, 8)}, 1, syscall.ENXIO},
		{dm.Table{zero(0, 8), {Start: 8, Length: 8, Target: dm.Linear{Dev: disk, Offset: 60}}}, 2, syscall.EINVAL},
	} {
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name})
		require.NoError(t, err)
		err = d.Load(tt.table, dm.TableOptions{})
		var e *dm.Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, tt.want)
		require.Equal(t, tt.segment, e.Segment, err.Error())
		info, err := d.Info()
		require.NoError(t, err)
		require.False(t, info.Inactive)
		require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	}
}

func testUndoCreate(t *testing.T, r *rig) {
	name := r.name(t)
	_, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: dm.Table{{Length: 8, Target: dm.Raw{Name: "no-such-target"}}}})
	require.ErrorIs(t, err, syscall.EINVAL)
	there, err := r.conn.Device(dm.ByName(name)).Exists()
	require.NoError(t, err)
	require.False(t, there)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.conn.Create(canceled, dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.ErrorIs(t, err, context.Canceled)
	_, err = r.conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	_, err = r.conn.Create(t.Context(), dm.CreateRequest{Name: name})
	require.ErrorIs(t, err, fs.ErrExist)
	require.EqualError(t, err, `dm: create "`+name+`": name is taken: device or resource busy`)
}

// After a swap that failed the device goes on with its old table: the new one
// refused when it was loaded, when it was resumed, or by its target when that
// was to begin.
func testUndoSwap(t *testing.T, r *rig) {
	disk := r.Disk(t, 64)
	linear := func(length units.Sectors) dm.Table {
		return dm.Table{{Length: length, Target: dm.Linear{Dev: dm.BlockDev{Dev: disk}}}}
	}
	check := func(d *dm.Device, want dm.Table) {
		t.Helper()
		info, err := d.Info()
		require.NoError(t, err)
		require.False(t, info.Suspended)
		require.False(t, info.Inactive)
		table, err := d.Table(dm.TableQuery{})
		require.NoError(t, err)
		require.True(t, table.Equal(want), table)
	}
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: linear(64)})
	require.NoError(t, err)
	swap := func(d *dm.Device, table dm.Table) error {
		return d.Swap(t.Context(), table, dm.TableOptions{}, dm.SuspendOptions{})
	}
	require.ErrorIs(t, swap(d, dm.Table{{Length: 8, Target: dm.Raw{Name: "no-such-target"}}}), syscall.EINVAL)
	check(d, linear(64))
	require.ErrorIs(t, swap(d, linear(65)), syscall.EINVAL)
	check(d, linear(64))

	// A pool never shrinks; its target says so when it is resumed.
	meta, data := r.Disk(t, 4096), r.Disk(t, 4096)
	pool := func(length units.Sectors) dm.Table {
		return dm.Table{{Length: length, Target: dm.Raw{Name: "thin-pool", Params: fmt.Sprintf("%v %v 128 0 0 ", meta, data)}}}
	}
	d, err = r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: pool(4096)})
	require.NoError(t, err)
	require.ErrorIs(t, swap(d, pool(2048)), syscall.EINVAL)
	check(d, pool(4096))
}

func testBusy(t *testing.T, r *rig) {
	below := r.name(t)
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: below, Table: zeroTable(8)})
	require.NoError(t, err)
	info, err := d.Info()
	require.NoError(t, err)
	above := r.name(t)
	top, err := r.conn.Create(t.Context(), dm.CreateRequest{
		Name: above, Table: dm.Table{{Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: info.Dev}}}},
	})
	require.NoError(t, err)
	var busy *dm.BusyError
	err = d.Remove(t.Context(), dm.RemoveOptions{Retry: 20 * time.Millisecond})
	require.ErrorAs(t, err, &busy)
	require.ErrorIs(t, err, syscall.EBUSY)
	require.Equal(t, dm.BusyError{OpenCount: 1, Holders: []string{above}}, *busy)
	require.NoError(t, top.Remove(t.Context(), dm.RemoveOptions{}))

	release := r.Hold(t, below)
	err = d.Remove(t.Context(), dm.RemoveOptions{})
	require.ErrorAs(t, err, &busy)
	require.Equal(t, dm.BusyError{OpenCount: 1}, *busy)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = d.Remove(ctx, dm.RemoveOptions{Retry: time.Minute})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, syscall.EBUSY)
	time.AfterFunc(30*time.Millisecond, release)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Retry: time.Minute}))
}

func testDeferred(t *testing.T, r *rig) {
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	release := r.Hold(t, d.String())
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Deferred: true}))
	info, err := d.Info()
	require.NoError(t, err)
	require.True(t, info.DeferredRemove)
	require.NoError(t, d.CancelDeferredRemove())
	info, err = d.Info()
	require.NoError(t, err)
	require.False(t, info.DeferredRemove)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Deferred: true}))
	release()
	soon(t, "it goes at the last close", func() bool {
		there, err := d.Exists()
		return err == nil && !there
	})
}

func testConcurrentSuspend(t *testing.T, r *rig) {
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	for range 50 {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if err := d.Suspend(dm.SuspendOptions{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
	}
}

func testRandomLives(t *testing.T, r *rig) {
	const goroutines, lives = 8, 1000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	base := r.Name(t)
	disk := r.Disk(t, 4096)
	var group sync.WaitGroup
	for g := range goroutines {
		rng := rand.New(rand.NewPCG(seed, uint64(g)))
		group.Go(func() {
			for i := range lives / goroutines {
				if err := randomLife(r.conn, rng, fmt.Sprintf("%s-%d-%d", base, g, i), disk); err != nil {
					t.Errorf("seed %d, goroutine %d, life %d: %v", seed, g, i, err)
				}
			}
		})
	}
	group.Wait()
	left, err := r.conn.ListMatching(dm.Filter{Name: base})
	require.NoError(t, err)
	require.Empty(t, left)
}

// randomLife makes a device, does something to it, and removes it. It renames
// no device whose inactive table was cleared: see [dm.Device.Clear].
func randomLife(conn *dm.Conn, rng *rand.Rand, name string, disk dm.Dev) (err error) {
	table := func() dm.Table {
		t := dm.Table{{Length: units.Sectors(1 + rng.IntN(64)), Target: dm.Linear{Dev: dm.BlockDev{Dev: disk}, Offset: units.Sectors(rng.IntN(4000))}}}
		for range rng.IntN(3) {
			t = append(t, dm.Segment{Start: t.Size(), Length: units.Sectors(1 + rng.IntN(64)), Target: dm.Zero{}})
		}
		if rng.IntN(8) == 0 {
			t = append(t, dm.Segment{Start: t.Size(), Length: 8, Target: dm.Raw{Name: "no-such-target"}})
		}
		return t
	}
	ctx := context.Background()
	req := dm.CreateRequest{Name: name, Table: table()}
	if rng.IntN(2) == 0 {
		req.UUID = "UUID-" + name
	}
	d, err := conn.Create(ctx, req)
	if errors.Is(err, syscall.EINVAL) {
		return nil // the table had a target that is not there, and nothing is left
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Remove(ctx, dm.RemoveOptions{Deferred: rng.IntN(2) == 0})) }()
	cleared := false
	for range rng.IntN(4) {
		switch rng.IntN(7) {
		case 0:
			cleared = true // by a swap that fails
			if err := d.Swap(ctx, table(), dm.TableOptions{}, dm.SuspendOptions{}); err != nil && !errors.Is(err, syscall.EINVAL) {
				return err
			}
		case 1:
			if cleared {
				continue
			}
			moved, err := d.Rename(ctx, d.String()+"'")
			if err != nil {
				return err
			}
			d = moved
		case 2:
			if err := errors.Join(d.Suspend(dm.SuspendOptions{}), d.Resume(ctx, dm.SuspendOptions{})); err != nil {
				return err
			}
		case 3:
			if err := d.Load(table(), dm.TableOptions{}); err != nil && !errors.Is(err, syscall.EINVAL) {
				return err
			}
			cleared = true
			if err := d.Clear(); err != nil {
				return err
			}
		case 4:
			if _, err := d.Status(dm.StatusOptions{}); err != nil {
				return err
			}
		case 5:
			if _, err := conn.ListMatching(dm.Filter{Name: name}); err != nil {
				return err
			}
		case 6:
			if _, err := d.Deps(); err != nil {
				return err
			}
		}
	}
	return nil
}

package lvm_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// swap takes the active LVs from old to next, with lvm2 as who commits, and
// returns next. lvm2 then finds nothing to change.
func (h *lvm2Host) swap(old, next *lvm.VG) *lvm.VG {
	h.t.Helper()
	s := h.a.NewSwap(old, next, h.options())
	require.NoError(h.t, s.Preload(h.t.Context()))
	require.NoError(h.t, s.Suspend(h.t.Context()))
	require.NoError(h.t, s.Resume(h.t.Context()))
	h.commit(next)
	steps, err := h.a.PlanActivation(lvm.ActivateRequest{VG: next, LVs: h.active(next), StackOptions: h.options()})
	require.NoError(h.t, err)
	for _, step := range steps {
		require.True(h.t, step.Right(), "%v", step)
	}
	return next
}

// active are the volumes that lvm2 says are active.
func (h *lvm2Host) active(vg *lvm.VG) (names []string) {
	h.t.Helper()
	for _, line := range strings.Split(h.lvm("lvs", "--noheadings", "--separator", "=", "-o", "lv_name,lv_active", h.name), "\n") {
		if name, state, _ := strings.Cut(strings.TrimSpace(line), "="); state == "active" {
			names = append(names, name)
		}
	}
	return names
}

// size is the size of an active LV.
func (h *lvm2Host) size(lv string) units.Bytes {
	h.t.Helper()
	f, err := os.Open("/dev/" + h.name + "/" + lv)
	require.NoError(h.t, err)
	defer f.Close()
	size, err := ioctl.DeviceSize(f)
	require.NoError(h.t, err)
	return size
}

// Volumes that are written to all the while grow, shrink, get names, snapshots
// and lose them; not a write fails, and lvm2 agrees with each state.
func TestKernelSwap(t *testing.T) {
	h := newLVM2Host(t, 300*units.MiB, 2)
	for _, line := range []string{"-L 8M -n lin vg", "-L 16M -T vg/pool", "-V 16M -T vg/pool -n t", "-an -L 8M -n store vg"} {
		h.lvcreate(line)
	}
	vg := h.vg()
	h.write("lin", "first")

	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for _, lv := range []string{"lin", "t"} {
		f, err := os.OpenFile("/dev/"+h.name+"/"+lv, os.O_WRONLY|os.O_SYNC, 0)
		require.NoError(t, err)
		wg.Go(func() {
			defer f.Close()
			for at := int64(0); ctx.Err() == nil; at = (at + 64<<10) % (4 << 20) {
				if _, err := f.WriteAt(block("busy"), 1<<20+at); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}

	vg = h.swap(vg, edit(vg, "lin", func(lv *lvm.LV) *lvm.LV {
		lv.Segments = append(lv.Segments, lvm.Segment{Start: 2, Length: 3, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[1].ID, Start: 40}}}})
		return lv
	}))
	require.Equal(t, 20*units.MiB, h.size("lin"))
	h.writeAt("lin", "grown", 12<<20)
	vg = h.swap(vg, edit(vg, "t", length(8)))
	require.Equal(t, 32*units.MiB, h.size("t"))
	vg = h.swap(vg, edit(edit(vg, "pool", length(8)), "pool_tdata", func(lv *lvm.LV) *lvm.LV {
		lv.Segments = append(lv.Segments, lvm.Segment{Start: 4, Length: 4, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[1].ID, Start: 45}}}})
		return lv
	}))
	out, err := h.run("dmsetup", "status", lvm.DeviceName(h.name, "pool", lvm.LayerThinPool))
	require.NoError(t, err)
	require.Contains(t, out, "/512 - rw", "data blocks")
	vg = h.swap(vg, edit(vg, "pool_tmeta", func(lv *lvm.LV) *lvm.LV {
		lv.Segments = append(lv.Segments, lvm.Segment{Start: 1, Length: 1, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[1].ID, Start: 50}}}})
		return lv
	}))
	out, err = h.run("dmsetup", "status", lvm.DeviceName(h.name, "pool", lvm.LayerThinPool))
	require.NoError(t, err)
	require.Contains(t, out, "/2048 ", "metadata blocks: %s", out)

	// A snapshot, whose store is blank, of what is written to.
	h.blank(vg, "store")
	tie := &lvm.LV{
		Name: "snapshot0", ID: lvm.NewID(), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite, lvm.FlagVisible},
		Segments: []lvm.Segment{{Length: 5, Type: &lvm.Snapshot{ChunkSize: 8, Origin: "lin", COW: "store"}}},
	}
	next := edit(vg, "store", func(lv *lvm.LV) *lvm.LV { lv.Status = lv.Status.Without(lvm.FlagVisible); return lv })
	next.LVs = append(next.LVs, tie)
	vg = h.swap(vg, next)
	require.Equal(t, "first", h.read("store"))
	h.write("lin", "second")
	require.Equal(t, "first", h.read("store"))
	require.Equal(t, "second", h.read("lin"))

	// Undone, the names are what they were, and the snapshot goes on.
	renamed := edit(edit(vg, "snapshot0", segment(func(_ *lvm.Segment, s *lvm.Snapshot) { s.Origin = "new" })), "lin", rename("new"))
	before := h.seen()
	undone := h.a.NewSwap(vg, edit(renamed, "t", length(9)), h.options())
	require.NoError(t, undone.Suspend(t.Context()))
	require.NoError(t, undone.Undo(t.Context()))
	require.Equal(t, before, h.seen())
	vg = h.swap(vg, renamed)
	require.Equal(t, "second", h.read("new"))
	require.NoFileExists(t, "/dev/"+h.name+"/lin")
	vg = h.swap(vg, without(vg, "store", "snapshot0"))
	require.Equal(t, "second", h.read("new"))
	require.Equal(t, []string{"new", "pool", "t"}, h.active(vg))

	stop()
	wg.Wait()
	vg = h.swap(vg, edit(vg, "t", length(4)))
	require.Equal(t, 16*units.MiB, h.size("t"))
	vg = h.swap(vg, edit(vg, "new", readOnly))
	vg = h.swap(vg, without(vg, "new"))
	require.Equal(t, []string{"pool", "t"}, h.active(vg))
}

// blank writes what a new LV must have before it is active.
func (h *lvm2Host) blank(vg *lvm.VG, lv string) {
	h.t.Helper()
	areas, err := vg.BlankAreas(lv)
	require.NoError(h.t, err)
	require.NotEmpty(h.t, areas)
	for _, a := range areas {
		for i, id := range pvIDs(vg) {
			if id != a.PV {
				continue
			}
			f, err := os.OpenFile(h.disks[i], os.O_WRONLY|os.O_SYNC, 0)
			require.NoError(h.t, err)
			_, err = f.WriteAt(make([]byte, a.Length), int64(a.Offset))
			require.NoError(h.t, err)
			require.NoError(h.t, f.Close())
		}
	}
}

func pvIDs(vg *lvm.VG) (ids []lvm.ID) {
	for _, pv := range vg.PVs {
		ids = append(ids, pv.ID)
	}
	return ids
}

// A pool with its volumes, made in one commit that sends the messages after it,
// on disks that are full of something else.
func TestKernelPoolMessages(t *testing.T) {
	h := newLVM2Host(t, 200*units.MiB, 2)
	for _, disk := range h.disks {
		f, err := os.OpenFile(disk, os.O_WRONLY|os.O_SYNC, 0)
		require.NoError(t, err)
		for at := int64(2 << 20); at < 190<<20; at += 4 << 20 {
			_, err = f.WriteAt(block("garbage"), at-1<<20)
			require.NoError(t, err)
		}
		require.NoError(t, f.Close())
	}
	vg := h.vg().Clone()
	on := func(pv int, start, length lvm.Extents) []lvm.Segment {
		return []lvm.Segment{{Length: length, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[pv].ID, Start: start}}}}}
	}
	add := func(name string, visible bool, segments []lvm.Segment) {
		lv := &lvm.LV{Name: name, ID: lvm.NewID(), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite}, Segments: segments}
		if visible {
			lv.Status = lv.Status.With(lvm.FlagVisible)
		}
		vg.LVs = append(vg.LVs, lv)
	}
	pool := &lvm.ThinPool{Metadata: "pool_tmeta", Data: "pool_tdata", ChunkSize: 128, Discards: "passdown", ZeroNewBlocks: true}
	add("pool", true, []lvm.Segment{{Length: 8, Type: pool}})
	add("pool_tmeta", false, on(1, 0, 1))
	add("pool_tdata", false, on(0, 0, 8))
	add("lvol0_pmspare", false, on(1, 1, 1))
	_, err := h.a.Activate(t.Context(), lvm.ActivateRequest{VG: vg, StackOptions: h.options()})
	require.ErrorAs(t, err, new(*lvm.MetadataError), "garbage")
	require.Empty(t, h.seen())
	h.blank(vg, "pool")
	h.commit(vg)
	h.activate(vg)
	require.Contains(t, strings.Join(h.seen(), "\n"), "/dev/"+h.name+"/pool ->", "a new pool is a volume")

	// Its first volumes: the commit takes the active pool along.
	withThins := edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) {
		p.TransactionID = 1
		p.Messages = []lvm.ThinMessage{{Create: "t"}}
	}))
	vg, old := withThins, vg
	add("t", true, []lvm.Segment{{Length: 5, Type: &lvm.Thin{Pool: "pool", DeviceID: 1}}})
	h.swap(old, vg)
	require.NotContains(t, strings.Join(h.seen(), "\n"), "/dev/"+h.name+"/pool ->")
	require.Equal(t, []string{"pool"}, h.activate(vg, "t").Completed)
	h.write("t", "origin")
	done := edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.Messages = nil }))
	h.commit(done)
	require.Contains(t, h.lvm("lvs", "--noheadings", "-o", "lv_name,transaction_id,thin_id,lv_health_status", h.name), "1")

	// A snapshot of one that is mounted, and a volume that goes.
	mkfs(t, "/dev/"+h.name+"/t")
	dir := t.TempDir()
	mount(t, "/dev/"+h.name+"/t", dir)
	require.NoError(t, os.WriteFile(dir+"/file", block("kept"), 0o600))
	vg = edit(done, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) {
		p.TransactionID = 2
		p.Messages = []lvm.ThinMessage{{Create: "s"}}
	}))
	add("s", true, []lvm.Segment{{Length: 5, Type: &lvm.Thin{Pool: "pool", DeviceID: 2, TransactionID: 1, Origin: "t"}}})
	h.commit(vg)
	completed, err := h.a.Complete(t.Context(), lvm.ActivateRequest{VG: vg, StackOptions: h.options()})
	require.NoError(t, err)
	require.Equal(t, []string{"pool"}, completed)
	vg = edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.Messages = nil }))
	h.commit(vg)
	require.NoError(t, os.WriteFile(dir+"/file", block("changed"), 0o600))

	// Who has it says so.
	err = h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg})
	var busy *lvm.BusyError
	require.ErrorAs(t, err, &busy)
	require.Equal(t, []string{dir}, busy.Mounts)
	require.Contains(t, strings.Join(h.seen(), "\n"), lvm.DeviceName(h.name, "pool", lvm.LayerThinPool)+" ")
	unmount(t, dir)

	h.activate(vg, "s")
	mount(t, "/dev/"+h.name+"/s", dir)
	text, err := os.ReadFile(dir + "/file")
	require.NoError(t, err)
	require.Equal(t, block("kept"), text, "the file system was frozen for the snapshot")
	unmount(t, dir)

	old = vg
	vg = edit(without(vg, "s"), "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) {
		p.TransactionID = 3
		p.Messages = []lvm.ThinMessage{{Delete: 2}}
	}))
	h.swap(old, vg)
	completed, err = h.a.Complete(t.Context(), lvm.ActivateRequest{VG: vg, StackOptions: h.options()})
	require.NoError(t, err)
	require.Equal(t, []string{"pool"}, completed)
	vg = edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.Messages = nil }))
	h.commit(vg)
	h.deactivate(vg)

	// lvm2 goes on from there.
	h.lvcreate("-V 8M -T vg/pool -n by-lvm2")
	require.Contains(t, h.lvm("lvs", "--noheadings", "-o", "lv_name,transaction_id", h.name+"/pool"), "4")
	wrong := edit(h.vg(), "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.TransactionID = 9 }))
	h.lvm("vgchange", "-an", h.name)
	_, err = h.a.Activate(t.Context(), lvm.ActivateRequest{VG: wrong, StackOptions: h.options()})
	var transaction *lvm.TransactionError
	require.ErrorAs(t, err, &transaction)
	require.Equal(t, &lvm.TransactionError{Pool: "pool", Text: 9, Kernel: 4}, transaction)
	require.Empty(t, h.seen())
}

func mkfs(t *testing.T, path string) {
	t.Helper()
	testenv.Kernel(t, "program mkfs.ext4", "module ext4")
	out, err := exec.Command("mkfs.ext4", "-q", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func mount(t *testing.T, path, dir string) {
	t.Helper()
	out, err := exec.Command("mount", path, dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func unmount(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.Command("umount", dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Whoever has a device open is named.
func TestKernelBusy(t *testing.T) {
	h := newLVM2Host(t, 64*units.MiB, 1)
	h.lvcreate("-L 8M -n held vg")
	vg := h.vg()
	f, err := os.Open("/dev/" + h.name + "/held")
	require.NoError(t, err)
	name := testenv.Name(t)
	above, err := h.conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: dm.Table{{
		Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: devOf(t, "/dev/"+h.name+"/held")}},
	}}})
	require.NoError(t, err)
	err = h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg})
	var busy *lvm.BusyError
	require.ErrorAs(t, err, &busy)
	require.Equal(t, []string{name}, busy.Holders)
	require.Len(t, busy.Processes, 1)
	require.Equal(t, os.Getpid(), busy.Processes[0].PID)
	require.Equal(t, 2, busy.OpenCount)
	require.NoError(t, f.Close())
	require.NoError(t, above.Remove(t.Context(), dm.RemoveOptions{}))
	h.write("held", "file system")
	out, err := h.run("mkswap", "/dev/"+h.name+"/held")
	require.NoError(t, err, out)
	if _, err := h.run("swapon", "/dev/"+h.name+"/held"); err == nil {
		require.ErrorAs(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}), &busy)
		require.True(t, busy.Swap)
		_, err = h.run("swapoff", "/dev/"+h.name+"/held")
		require.NoError(t, err)
	}
	h.deactivate(vg)
}

package lvm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// newData makes the VG "data" of the first disks.
func (h *systemHost) newData(s *lvm.System, disks ...string) {
	h.t.Helper()
	_, err := s.CreateVG(h.t.Context(), lvm.CreateVG{Name: "data"}, disks, lvm.NewPVOptions{})
	require.NoError(h.t, err)
}

// A VG is made, changed and removed, and what lvm2 keeps on the host is kept.
func TestSystemKeepsWhatLVM2Keeps(t *testing.T) {
	h := newSystemHost(t, 64*units.MiB, 64*units.MiB)
	s := h.system()
	require.NoError(t, os.WriteFile(h.path("run/hints"), []byte("a list\n"), 0o600))
	h.newData(s, "/dev/sda", "/dev/sdb")
	hints, err := os.ReadFile(h.path("run/hints"))
	require.NoError(t, err)
	require.NotContains(t, string(hints), "a list")
	require.FileExists(t, h.path("run/newhints"))

	c, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateLV{Size: of(8)}, lvm.CreateLV{Size: of(8)}, lvm.TagVG{Add: []string{"t"}})
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Equal(t, []string{"lvol0", "lvol1", "data"}, c.Names)
	require.Equal(t, uint32(1), c.Before.Seqno)
	require.Equal(t, uint32(2), c.After.Seqno, "one commit")
	require.Equal(t, "Write from a test.", c.After.Origin.Description)
	require.Equal(t, "here", c.After.Origin.Host)
	require.Equal(t, int64(1_700_000_000), c.After.LV("lvol0").CreationTime)

	backup, err := lvm.ReadBackupFile(h.path("etc/backup/data"))
	require.NoError(t, err)
	require.Equal(t, "Created *after* executing 'a test'", backup.Origin.Description)
	require.Equal(t, uint32(2), backup.Seqno)
	archive, err := filepath.Glob(h.path("etc/archive/data_*.vg"))
	require.NoError(t, err)
	require.Len(t, archive, 1)
	old, err := lvm.ReadBackupFile(archive[0])
	require.NoError(t, err)
	require.Equal(t, "Created *before* executing 'a test'", old.Origin.Description)
	require.Empty(t, old.LVs)

	for _, name := range []string{"vgs_online/data", "pvs_lookup/data", "pvs_online/" + c.After.PVs[0].ID.Compact()} {
		require.NoError(t, os.MkdirAll(filepath.Dir(h.path("run/"+name)), 0o755))
		require.NoError(t, os.WriteFile(h.path("run/"+name), nil, 0o600))
	}
	_, err = s.RemoveVG(t.Context(), "data", false, lvm.ChangeOptions{})
	require.ErrorIs(t, err, lvm.ErrHasLVs)
	_, err = s.RemoveVG(t.Context(), "data", true, lvm.ChangeOptions{})
	require.ErrorIs(t, err, lvm.ErrInUse, "they are active")
	c, err = s.RemoveVG(t.Context(), "data", true, lvm.ChangeOptions{Deactivate: true})
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Empty(t, h.kernel.Devices())
	for _, name := range []string{"etc/backup/data", "run/vgs_online/data", "run/pvs_lookup/data", "run/pvs_online/" + c.Before.PVs[0].ID.Compact()} {
		require.NoFileExists(t, h.path(name))
	}
	locks, err := os.ReadDir(h.path("locks"))
	require.NoError(t, err)
	require.Empty(t, locks, "locks that are given up leave no files")
}

// What a new LV begins with.
func TestSystemClearsNewLVs(t *testing.T) {
	swap := func(h *systemHost) { // a signature 4 MiB behind the start of the data, and junk in front
		h.write("sda", 1<<20, bytes.Repeat([]byte{0xaa}, 8<<20))
		h.write("sda", 1<<20+4086, []byte("SWAPSPACE2"))
		h.write("sda", 1<<20+65536+64, []byte("_BHRfS_M")) // behind the first 4 KiB
	}
	tests := []struct {
		name       string
		o          lvm.ChangeOptions
		err        error
		zero, mark bool // how it begins, and whether the mark behind is still there
		wiped      int
	}{
		{"refused", lvm.ChangeOptions{}, lvm.ErrNotEmpty, false, true, 0},
		{"wiped", lvm.ChangeOptions{Signatures: lvm.WipeSignatures}, nil, true, false, 1},
		{"not looked for", lvm.ChangeOptions{Signatures: lvm.KeepSignatures}, nil, true, true, 0},
		{"kept", lvm.ChangeOptions{KeepStart: true}, nil, false, true, 0},
		{"inactive", lvm.ChangeOptions{Inactive: true}, nil, false, true, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newSystemHost(t, 64*units.MiB)
			s := h.system()
			h.newData(s, "/dev/sda")
			swap(h)
			c, err := s.Change(t.Context(), "data", test.o, lvm.CreateLV{Name: "a", Size: of(8)})
			require.ErrorIs(t, err, test.err)
			require.Equal(t, test.zero, bytes.Equal(h.read("sda", 1<<20, 4096), make([]byte, 4096)))
			require.Equal(t, test.mark, string(h.read("sda", 1<<20+65536+64, 8)) == "_BHRfS_M")
			require.Equal(t, []byte{0xaa}, h.read("sda", 1<<20+4096, 1), "no more than what must be")
			if test.err == nil {
				require.Len(t, c.Wiped, test.wiped)
				return
			}
			refused, ok := errors.AsType[*lvm.NotEmptyError](err)
			require.True(t, ok)
			require.Equal(t, "data/a", refused.Path)
			require.Empty(t, h.vg(s, "data").LVs)
		})
	}
}

// The first block of a pool's metadata and of a snapshot's store is zeros, whatever
// was asked for.
func TestSystemClearsParts(t *testing.T) {
	h := newSystemHost(t, 128*units.MiB)
	s := h.system()
	h.newData(s, "/dev/sda")
	h.write("sda", 1<<20, bytes.Repeat([]byte{0xaa}, 120<<20))
	o := lvm.ChangeOptions{KeepStart: true, Signatures: lvm.KeepSignatures}
	_, err := s.Change(t.Context(), "data", o, lvm.CreateLV{Name: "o", Size: of(8)}, lvm.CreateThinPool{Name: "pool", Size: of(16)})
	require.NoError(t, err)
	c, err := s.Change(t.Context(), "data", o, lvm.CreateCOWSnapshot{Origin: "o", Name: "s", Size: of(8), ChunkSize: 64})
	require.NoError(t, err)
	start := func(name string) int64 {
		a := c.After.LV(name).Segments[0].Type.(*lvm.Striped).Areas[0]
		return 1<<20 + int64(a.Start)*4<<20
	}
	require.Equal(t, make([]byte, 4096), h.read("sda", start("pool_tmeta"), 4096))
	require.Equal(t, make([]byte, 32<<10), h.read("sda", start("s"), 32<<10), "a whole chunk")
	require.Equal(t, []byte{0xaa}, h.read("sda", start("o"), 1))
}

// A change that the kernel refuses leaves the VG and the devices as they were.
func TestSystemUndoes(t *testing.T) {
	h := newSystemHost(t, 256*units.MiB)
	s := h.system()
	h.newData(s, "/dev/sda")
	_, err := s.Change(t.Context(), "data", lvm.ChangeOptions{},
		lvm.CreateLV{Name: "a", Size: of(8)}, lvm.CreateThinPool{Name: "pool", Size: of(16)})
	require.NoError(t, err)
	_, err = s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateThin{Pool: "pool", Name: "t", Size: of(8)})
	require.NoError(t, err)
	tests := []struct {
		name string
		cmd  ioctl.Cmd
		op   lvm.Op
	}{
		{"a new LV cannot be made", ioctl.DevCreate, lvm.CreateLV{Name: "b", Size: of(8)}},
		{"nor have its table", ioctl.TableLoad, lvm.CreateLV{Name: "b", Size: of(8)}},
		{"a larger table is refused", ioctl.TableLoad, lvm.ExtendLV{Name: "a", By: of(8)}},
		{"the old one cannot be suspended", ioctl.DevSuspend, lvm.ExtendLV{Name: "a", By: of(8)}},
		{"a pool has no room for a volume", ioctl.TargetMsg, lvm.CreateThin{Pool: "pool", Name: "u", Size: of(8)}},
		{"a snapshot's store", ioctl.DevCreate, lvm.CreateCOWSnapshot{Origin: "a", Name: "s", Size: of(8)}},
		{"the removal of a device", ioctl.DevRemove, lvm.RemoveLV{Name: "a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before, devices := h.vg(s, "data"), h.kernel.Devices()
			failed := false
			h.fail = func(c dmtest.Call) error {
				if c.Cmd == test.cmd && !failed {
					failed = true
					return syscall.ENOMEM
				}
				return nil
			}
			_, err := s.Change(t.Context(), "data", lvm.ChangeOptions{Deactivate: true}, test.op)
			h.fail = nil
			require.True(t, failed)
			require.ErrorIs(t, err, syscall.ENOMEM)
			after := h.vg(s, "data")
			require.Equal(t, names(before), names(after))
			require.Equal(t, before.LV("a").Size(), after.LV("a").Size())
			require.Empty(t, after.LV("pool").Segments[0].Type.(*lvm.ThinPool).Messages)
			require.Equal(t, devices, h.kernel.Devices())
			require.Equal(t, []string{"a", "pool", "t"}, active(t, s, after))
		})
	}
	// And it can be done afterwards.
	_, err = s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.ExtendLV{Name: "a", By: of(8)}, lvm.CreateThin{Pool: "pool", Name: "u", Size: of(8)})
	require.NoError(t, err)
}

func names(vg *lvm.VG) (names []string) {
	for _, lv := range vg.LVs {
		names = append(names, lv.Name)
	}
	slices.Sort(names)
	return names
}

// active are the LVs that have a device, parts of others left out.
func active(t testing.TB, s *lvm.System, vg *lvm.VG) (names []string) {
	t.Helper()
	state, err := s.States(vg)
	require.NoError(t, err)
	for _, line := range vg.ReportLVs(false, state) {
		if line.Active == "active" {
			names = append(names, line.Name)
		}
	}
	return names
}

// What a pool has yet to be told is completed by the next one who activates it.
func TestSystemCompletesPools(t *testing.T) {
	h := newSystemHost(t, 256*units.MiB)
	h.cfg.Offline = true
	s := h.system()
	h.newData(s, "/dev/sda")
	_, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateThinPool{Name: "pool", Size: of(16)})
	require.NoError(t, err)
	_, err = s.Change(t.Context(), "data", lvm.ChangeOptions{},
		lvm.CreateThin{Pool: "pool", Name: "t", Size: of(8)}, lvm.CreateThin{Pool: "pool", Name: "u", Size: of(8)})
	require.NoError(t, err)
	pool := func() *lvm.ThinPool { return h.vg(s, "data").LV("pool").Segments[0].Type.(*lvm.ThinPool) }
	require.Len(t, pool().Messages, 2)
	_, err = s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateThin{Pool: "pool", Name: "v", Size: of(8)})
	require.ErrorIs(t, err, lvm.ErrPending)
	_, err = s.Activate(t.Context(), "data", nil, lvm.ActivateOptions{})
	require.ErrorIs(t, err, lvm.ErrOffline)

	h.cfg.Offline = false
	s = h.system()
	c, err := s.Activate(t.Context(), "data", []string{"u"}, lvm.ActivateOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"u"}, c.Names)
	require.Empty(t, pool().Messages)
	require.Equal(t, uint64(1), pool().TransactionID)
	require.Equal(t, []uint32{1, 2}, h.kernel.Pool("data-pool-tpool").Thins())

	// The pool is there for its volume, and is not active itself.
	now := h.vg(s, "data")
	state, err := s.States(now)
	require.NoError(t, err)
	require.True(t, state(now.LV("u")).Exists)
	require.False(t, state(now.LV("pool")).Exists)
	require.GreaterOrEqual(t, state(now.LV("pool")).Used, 0.0)
	c, err = s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.CreateCOWSnapshot{Origin: "u", Name: "s", Size: of(4)})
	require.NoError(t, err)
	state, err = s.States(c.After)
	require.NoError(t, err)
	require.GreaterOrEqual(t, state(c.After.LV("u")).Used, 0.0, "how much of it is used is known below the origin")
	_, err = s.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err)
	require.Empty(t, h.kernel.Devices())
}

// lvm2's settings say which volumes may be active, and which may be written to.
func TestSystemKeepsToVolumeLists(t *testing.T) {
	h := newSystemHost(t, 64*units.MiB)
	s := h.system(`activation/volume_list = [ "@yes", "data/also" ]`, `activation/read_only_volume_list = [ "data/also" ]`)
	h.newData(s, "/dev/sda")
	c, err := s.Change(t.Context(), "data", lvm.ChangeOptions{},
		lvm.CreateLV{Name: "no", Size: of(4)}, lvm.CreateLV{Name: "also", Size: of(4)},
		lvm.CreateLV{Name: "tagged", Size: of(4), Options: lvm.Options{Tags: []string{"yes"}}})
	require.NoError(t, err)
	require.Equal(t, []string{"no"}, c.Skipped)
	require.Equal(t, []string{"also", "tagged"}, active(t, s, c.After))
	state, err := s.States(c.After)
	require.NoError(t, err)
	require.True(t, state(c.After.LV("also")).ReadOnly)
	require.False(t, state(c.After.LV("tagged")).ReadOnly)
	_, err = s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.ExtendLV{Name: "also", By: of(4)})
	require.NoError(t, err)
	require.True(t, state(c.After.LV("also")).ReadOnly, "a new table does not make it writable")
}

// Many who change the same VG, or the same files, lose nothing of each other's.
func TestSystemTakesTurns(t *testing.T) {
	const each, changes = 4, 5
	h := newSystemHost(t, 64*units.MiB)
	onHost := h.system()
	h.newData(onHost, "/dev/sda")
	image := h.path("image")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 64<<20))
	inFile, err := lvm.OpenSystem(&lvm.SystemConfig{Images: []string{image}})
	require.NoError(t, err)
	_, err = inFile.CreateVG(t.Context(), lvm.CreateVG{Name: "data"}, []string{image}, lvm.NewPVOptions{})
	require.NoError(t, err)
	for _, s := range []*lvm.System{onHost, inFile} {
		var all sync.WaitGroup
		for i := range each {
			all.Go(func() {
				for j := range changes {
					_, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.TagVG{Add: []string{fmt.Sprintf("t%d.%d", i, j)}})
					require.NoError(t, err)
					_, err = s.Scan(t.Context(), lvm.ScanOptions{})
					require.NoError(t, err)
				}
			})
		}
		all.Wait()
		scan, err := s.Scan(t.Context(), lvm.ScanOptions{})
		require.NoError(t, err)
		require.Len(t, scan.VGs[0].VG.Tags, each*changes)
		require.Equal(t, uint32(1+each*changes), scan.VGs[0].VG.Seqno)
	}
}

// Whoever stops waiting has changed nothing.
func TestSystemStopsWaiting(t *testing.T) {
	h := newSystemHost(t, 64*units.MiB)
	s := h.system()
	h.newData(s, "/dev/sda")
	f, err := os.Create(h.path("locks/V_data"))
	require.NoError(t, err)
	defer f.Close()
	locked, err := ioctl.TryLock(f, true)
	require.NoError(t, err)
	require.True(t, locked)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Change(ctx, "data", lvm.ChangeOptions{}, lvm.TagVG{Add: []string{"t"}})
		done <- err
	}()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Empty(t, h.vg(s, "data").Tags)
}

// A thousand volumes cost one write of metadata, and so does their end.
func TestSystemThousandInOneCommit(t *testing.T) {
	h := newSystemHost(t, 8*units.GiB)
	h.cfg.Offline = true
	s := h.system()
	_, err := s.CreateVG(t.Context(), lvm.CreateVG{Name: "data"}, []string{"/dev/sda"}, lvm.NewPVOptions{Layout: disk.Layout{MetadataSize: 4 * units.MiB}})
	require.NoError(t, err)
	ops := make([]lvm.Op, 1000)
	for i := range ops {
		ops[i] = lvm.CreateLV{Size: of(4)}
	}
	c, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, ops...)
	require.NoError(t, err)
	require.Len(t, c.After.LVs, 1000)
	require.Equal(t, uint32(2), c.After.Seqno)
	for i, name := range c.Names {
		ops[i] = lvm.RemoveLV{Name: name}
	}
	c, err = s.Change(t.Context(), "data", lvm.ChangeOptions{}, ops...)
	require.NoError(t, err)
	require.Empty(t, c.After.LVs)
	require.Equal(t, uint32(3), c.After.Seqno)
}

// Metadata that soon does not fit is announced, and then refused.
func TestSystemAnnouncesTheEnd(t *testing.T) {
	h := newSystemHost(t, 64*units.MiB)
	s := h.system()
	_, err := s.CreateVG(t.Context(), lvm.CreateVG{Name: "data"}, []string{"/dev/sda"}, lvm.NewPVOptions{Layout: disk.Layout{MetadataSize: 32 * units.KiB, Alignment: 64 * units.KiB}})
	require.NoError(t, err)
	announced := 0
	for i := 0; ; i++ {
		c, err := s.Change(t.Context(), "data", lvm.ChangeOptions{}, lvm.TagVG{Add: []string{fmt.Sprintf("%0900d", i)}})
		if err != nil {
			require.ErrorIs(t, err, disk.ErrTextTooLong)
			break
		}
		if len(c.Warnings) > 0 {
			require.ErrorContains(t, c.Warnings[0], "bytes left of")
			announced++
		}
		require.Less(t, i, 1000)
	}
	require.Positive(t, announced)
	checked, err := s.Check(t.Context(), "data")
	require.NoError(t, err)
	require.Len(t, checked[0].Faults, 1)
	require.ErrorIs(t, checked[0].Faults[0], lvm.ErrLimit)
}

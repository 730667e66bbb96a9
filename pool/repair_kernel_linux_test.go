package pool_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// written is how many records w0 and w1 have each, acknowledged, before the metadata
// comes to harm.
const written = 8

// newWritten makes a pool whose volumes w0 and w1 have something.
func newWritten(t *testing.T) *kernelHost {
	t.Helper()
	h := newKernelHost(t, 128*units.MiB)
	h.newTank(8, false, 2, 6)
	for _, name := range []string{"w0", "w1"} {
		_, _, err := h.write(name, 0, written)
		require.NoError(t, err)
	}
	return h
}

// under puts a target below the pool's metadata, in the place of what is there.
func (h *kernelHost) under(target func(was dm.Linear) dm.Target) {
	h.t.Helper()
	d := h.Conn.Device(dm.ByName(lvm.DeviceName(h.vg, "tank_tmeta", lvm.LayerThinMeta)))
	table, err := d.Table(dm.TableQuery{})
	require.NoError(h.t, err)
	for i, s := range table {
		table[i].Target = target(s.Target.(dm.Linear))
	}
	require.NoError(h.t, d.Swap(h.t.Context(), table, dm.TableOptions{}, dm.SuspendOptions{NoFlush: true, SkipLockFS: true}))
}

// harm writes until writes fail, and returns how many records of w0 were acknowledged
// in all.
func (h *kernelHost) harm() int {
	h.t.Helper()
	more, _, err := h.write("w0", written, 60)
	require.Error(h.t, err)
	return written + more
}

func (h *kernelHost) repair(r pool.RepairRequest) *pool.Repaired {
	h.t.Helper()
	began := time.Now()
	done, err := h.Repair(h.t.Context(), h.vg, "tank", r)
	require.NoError(h.t, err)
	require.Empty(h.t, done.Warnings)
	h.t.Logf("repaired in %v: %q", time.Since(began).Round(time.Millisecond), done.Plan.Steps(done.Checked.State))
	return done
}

// works fails where the pool does not work, or its volumes have lost something.
func (h *kernelHost) works(acknowledged int) {
	h.t.Helper()
	require.NoError(h.t, h.look().Status.Err())
	h.compare("w1", written)
	if acknowledged == 0 {
		return
	}
	h.compare("w0", acknowledged)
	more, _, err := h.write("w0", acknowledged, 8)
	require.NoError(h.t, err)
	h.compare("w0", acknowledged+more)
	c, err := h.Check(h.t.Context(), h.vg, "tank")
	require.NoError(h.t, err)
	require.Empty(h.t, c.Problems())
	require.True(h.t, c.Snapshot)
	require.Zero(h.t, h.look().Status.HeldRoot)
}

func (h *kernelHost) idle() {
	h.t.Helper()
	_, err := h.System.Deactivate(h.t.Context(), h.vg, nil)
	require.NoError(h.t, err)
}

// metadata has do work on the metadata of the inactive pool.
func (h *kernelHost) metadata(do func(*lvm.LVContent)) {
	h.t.Helper()
	require.NoError(h.t, h.System.Read(h.t.Context(), h.vg, true, func(g *lvm.DiskVG) error {
		c, err := g.PoolMetadata("tank")
		require.NoError(h.t, err)
		do(c)
		return c.Sync()
	}))
}

// The metadata's device fails: all I/O, or writes.
func TestKernelPoolRepairErrors(t *testing.T) {
	for _, test := range []struct {
		name, feature string
		target        func(was dm.Linear) dm.Target
		states        []thin.State
	}{
		{"all", "error", func(dm.Linear) dm.Target { return dm.ErrorTarget{} }, []thin.State{thin.Failed}},
		{"writes", "flakey", func(was dm.Linear) dm.Target {
			return dm.Flakey{Dev: was.Dev, Offset: was.Offset, DownInterval: time.Hour, ErrorWrites: true}
		}, []thin.State{thin.ReadOnly, thin.Failed}},
	} {
		t.Run(test.name, func(t *testing.T) {
			testenv.Kernel(t, test.feature)
			h := newWritten(t)
			h.under(test.target)
			acknowledged := h.harm()
			s := h.look()
			t.Logf("%v, %d records acknowledged", s.Status.Kernel, acknowledged)
			require.Contains(t, test.states, s.Status.State)
			require.Error(t, s.Status.Err())
			done := h.repair(pool.RepairRequest{})
			require.NoError(t, done.Err())
			h.works(acknowledged)
		})
	}
}

// Metadata runs out: it is checked, made larger, and works.
func TestKernelPoolRepairMetadataFull(t *testing.T) {
	h := newWritten(t)
	g := h.Conn.Device(dm.ByName(lvm.DeviceName(h.vg, "tank", lvm.LayerThinPool)))
	last := 1000
	for ; last < 3000; last++ {
		if _, err := g.Message(0, fmt.Sprintf("create_thin %d", last)); err != nil {
			t.Logf("volume %d: %v", last, err)
			break
		}
	}
	acknowledged := h.harm()
	s := h.look()
	t.Logf("%v, %d records acknowledged", s.Status.Kernel, acknowledged)
	require.Equal(t, thin.OutOfMetadataSpace, s.Status.State)
	done := h.repair(pool.RepairRequest{})
	require.NoError(t, done.Err())
	require.NotZero(t, done.Plan.Grow)
	require.Greater(t, h.look().Metadata, s.Metadata)
	h.works(acknowledged)
}

// Damage: what another volume has, and all of it where only the superblock is lost.
func TestKernelPoolRepairDamage(t *testing.T) {
	noise := make([]byte, metadata.BlockSize)
	for i := range noise {
		noise[i] = byte(i * 13)
	}
	for _, what := range []string{"volume", "superblock"} {
		t.Run(what, func(t *testing.T) {
			h := newWritten(t)
			h.idle()
			h.metadata(func(c *lvm.LVContent) {
				m, err := metadata.Open(c, c.Size())
				require.NoError(t, err)
				d, err := m.Trees().Device(1) // w0
				require.NoError(t, err)
				block := d.Root
				if what == "superblock" {
					block = 0
				}
				_, err = c.WriteAt(noise, int64(block)*metadata.BlockSize)
				require.NoError(t, err)
			})
			done := h.repair(pool.RepairRequest{})
			require.Equal(t, "tank_meta0", done.Kept)
			if what == "superblock" {
				require.ErrorIs(t, done.Err(), pool.ErrGuessed)
				_, err := h.System.Activate(t.Context(), h.vg, []string{"w0", "w1"}, lvm.ActivateOptions{})
				require.NoError(t, err)
				h.works(written)
				return
			}
			require.Equal(t, []string{"w0"}, done.Plan.Lost)
			require.ErrorIs(t, done.Err(), pool.ErrVolumeLost)
			_, err := h.System.Activate(t.Context(), h.vg, []string{"w1"}, lvm.ActivateOptions{})
			require.NoError(t, err)
			h.works(0)
			h.change(lvm.RemoveLV{Name: "w0"})
			h.works(0)
		})
	}
}

// The kernel's mark, on metadata that is sound.
func TestKernelPoolRepairNeedsCheck(t *testing.T) {
	h := newWritten(t)
	h.idle()
	h.metadata(func(c *lvm.LVContent) {
		sb, err := metadata.ReadSuperblock(c)
		require.NoError(t, err)
		sb.Flags |= metadata.FlagNeedsCheck
		_, err = c.WriteAt(metadata.AppendSuperblock(nil, sb), 0)
		require.NoError(t, err)
	})
	done := h.repair(pool.RepairRequest{})
	require.True(t, done.Plan.ClearNeedsCheck)
	_, err := h.System.Activate(t.Context(), h.vg, []string{"w0", "w1"}, lvm.ActivateOptions{})
	require.NoError(t, err)
	h.works(written)
}

// A VG of an earlier time than the metadata, and metadata of an earlier one than the
// VG.
func TestKernelPoolRepairTransaction(t *testing.T) {
	activate := func(h *kernelHost) error {
		_, err := h.System.Activate(h.t.Context(), h.vg, []string{"w0", "w1"}, lvm.ActivateOptions{})
		return err
	}
	t.Run("VG behind", func(t *testing.T) {
		h := newWritten(t)
		h.change(lvm.CreateThin{Pool: "tank", Name: "gone", Size: extents(1)})
		h.idle()
		h.change(lvm.RemoveLV{Name: "gone"})
		h.change(lvm.SetPoolTransaction{Pool: "tank", ID: 2})
		require.ErrorIs(t, activate(h), thin.ErrTransaction)
		done := h.repair(pool.RepairRequest{})
		require.EqualValues(t, 4, *done.Plan.VGID)
		require.NoError(t, activate(h))
		h.works(written)
	})
	for _, choice := range []pool.Choice{pool.ChooseMetadata, pool.ChooseVG} {
		t.Run("metadata behind, "+string(choice), func(t *testing.T) {
			h := newWritten(t)
			var image []byte
			h.idle()
			h.metadata(func(c *lvm.LVContent) {
				image = make([]byte, c.Size())
				_, err := c.ReadAt(image, 0)
				require.NoError(t, err)
			})
			h.change(lvm.CreateThin{Pool: "tank", Name: "late", Size: extents(1)})
			h.idle()
			h.metadata(func(c *lvm.LVContent) {
				_, err := c.WriteAt(image, 0)
				require.NoError(t, err)
			})
			require.ErrorIs(t, activate(h), thin.ErrTransaction)
			_, err := h.Repair(t.Context(), h.vg, "tank", pool.RepairRequest{})
			require.ErrorIs(t, err, thin.ErrTransaction)
			done := h.repair(pool.RepairRequest{Choice: choice})
			require.Equal(t, []string{"late"}, done.Plan.Lost)
			require.NoError(t, activate(h))
			h.change(lvm.RemoveLV{Name: "late"})
			h.works(written)
		})
	}
}

// repairedVG makes this program one that repairs, which is there to be killed.
const repairedVG = "ROK_TEST_REPAIRED_VG"

// runsRepair has the process repair, if that is what it was started for.
func runsRepair() bool {
	vg := os.Getenv(repairedVG)
	if vg == "" {
		return false
	}
	h, err := openHost(os.Getenv(watchedDir))
	if err == nil {
		_, err = h.Repair(context.Background(), vg, "tank", pool.RepairRequest{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "repair:", err)
		os.Exit(1)
	}
	return true
}

// A repair is killed at any moment, and called again.
func TestKernelPoolRepairKilled(t *testing.T) {
	testenv.Kernel(t, "error")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	h := newWritten(t)
	h.idle()
	h.metadata(func(c *lvm.LVContent) {
		sb, err := metadata.ReadSuperblock(c)
		require.NoError(t, err)
		sb.DataSpaceMap.BitmapRoot = sb.MappingRoot
		_, err = c.WriteAt(metadata.AppendSuperblock(nil, sb), 0)
		require.NoError(t, err)
	})
	killed := 0
	for n := range 30 { // later each time, until it ends by itself
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), repairedVG+"="+h.vg, watchedDir+"="+h.dir)
		c.Stderr = os.Stderr
		require.NoError(t, c.Start())
		time.Sleep(time.Duration(15*n+random.IntN(15)) * time.Millisecond)
		_ = c.Process.Kill() // it may have ended
		if c.Wait() == nil {
			break
		}
		killed++
	}
	_, err := h.Repair(t.Context(), h.vg, "tank", pool.RepairRequest{})
	require.NoError(t, err)
	t.Logf("killed %d times", killed)
	_, err = h.System.Activate(t.Context(), h.vg, []string{"w0", "w1"}, lvm.ActivateOptions{})
	require.NoError(t, err)
	h.works(written)
}

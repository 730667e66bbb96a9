package pool_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// A pool "tank" with the volumes "home" and "srv", whose metadata is on the disk, and
// is damaged by the tests.
type damaged struct {
	*fakeHost
	image []byte // of the metadata as it was written
	home  uint64 // the block of home's mappings
}

func newDamaged(t *testing.T, room units.Bytes) *damaged {
	t.Helper()
	h := &damaged{fakeHost: newFakeHost(t, room)}
	h.change(lvm.CreateThinPool{Name: "tank", Size: extents(10)})
	h.change(lvm.CreateThin{Pool: "tank", Name: "home", Size: extents(10)})
	h.change(lvm.CreateThin{Pool: "tank", Name: "srv", Size: extents(10)})
	_, err := h.System.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err)
	h.onDisk = true
	h.content("tank", func(c *lvm.LVContent) {
		w, err := metadata.NewWriter(c, c.Size(), metadata.Pool{TransactionID: 2, DataBlockSize: 128, DataBlocks: 640, Time: 1})
		require.NoError(t, err)
		for id := uint64(1); id <= 2; id++ {
			require.NoError(t, w.Device(id, metadata.DeviceDetail{TransactionID: id - 1}))
			require.NoError(t, w.Map(metadata.Mapping{Virtual: 0, Data: 200 * (id - 1), Length: 150}))
		}
		_, err = w.Commit()
		require.NoError(t, err)
		m, err := metadata.Open(c, c.Size())
		require.NoError(t, err)
		for d, err := range m.Trees().Devices() {
			require.NoError(t, err)
			if d.ID == 1 {
				h.home = d.Root
			}
		}
		h.image = make([]byte, c.Size())
		_, err = c.ReadAt(h.image, 0)
		require.NoError(t, err)
	})
	return h
}

// content has do work on a pool's metadata.
func (h *fakeHost) content(name string, do func(*lvm.LVContent)) {
	h.t.Helper()
	require.NoError(h.t, h.System.Read(h.t.Context(), "data", false, func(g *lvm.DiskVG) error {
		c, err := g.PoolMetadata(name)
		require.NoError(h.t, err)
		do(c)
		return nil
	}))
}

// spoil overwrites a block of the metadata.
func (h *damaged) spoil(block uint64) {
	h.t.Helper()
	noise := make([]byte, metadata.BlockSize)
	for i := range noise {
		noise[i] = byte(i*7 + 1)
	}
	copy(h.image[block*metadata.BlockSize:], noise)
	h.write()
}

// superblock changes the superblock.
func (h *damaged) superblock(change func(*metadata.Superblock)) {
	h.t.Helper()
	sb, err := metadata.DecodeSuperblock(h.image, 0)
	require.NoError(h.t, err)
	change(&sb)
	copy(h.image, metadata.AppendSuperblock(nil, sb))
	h.write()
}

func (h *damaged) write() {
	h.content("tank", func(c *lvm.LVContent) {
		_, err := c.WriteAt(h.image, 0)
		require.NoError(h.t, err)
	})
}

func (h *damaged) activate() {
	h.t.Helper()
	_, err := h.System.Activate(h.t.Context(), "data", []string{"home", "srv"}, lvm.ActivateOptions{})
	require.NoError(h.t, err)
}

func (h *damaged) repair(r pool.RepairRequest) (*pool.Repaired, error) {
	return h.Repair(h.t.Context(), "data", "tank", r)
}

func (h *damaged) active() (names []string) {
	for _, name := range []string{"home", "srv"} {
		if _, err := h.Conn.Device(dm.ByName("data-" + name)).Info(); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// requireSound fails where the pool is not as its VG says.
func (h *damaged) requireSound() *pool.Checked {
	h.t.Helper()
	c, err := h.Check(h.t.Context(), "data", "tank")
	require.NoError(h.t, err)
	require.Empty(h.t, c.Problems())
	return c
}

// kept is the content of a volume.
func (h *damaged) kept(name string) []byte {
	h.t.Helper()
	var b []byte
	require.NoError(h.t, h.System.Read(h.t.Context(), "data", true, func(g *lvm.DiskVG) error {
		c, err := g.Content(name)
		if err != nil {
			return err
		}
		b = make([]byte, c.Size())
		_, err = c.ReadAt(b, 0)
		return err
	}))
	return b
}

// What is there is rewritten into the spare; the damaged metadata stays as it is.
func TestRepairDamaged(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.requireSound()
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.True(t, done.Plan.Nothing())

	h.activate()
	before := h.vg()
	h.pool("tank").SetMode(dmtest.PoolFail)
	h.superblock(func(sb *metadata.Superblock) { sb.DataSpaceMap.BitmapRoot = h.home }) // and not the index of bitmaps
	c, err := h.Check(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.True(t, c.Damaged())
	require.ErrorIs(t, c.Problems()[0], metadata.ErrCorrupt)

	dry, err := h.repair(pool.RepairRequest{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []string{
		"deactivate home", "deactivate srv",
		"write what can be read of the metadata into the spare of VG data: " + dry.Plan.Why,
		"check what was written", "make it the metadata of tank, and keep the old one as tank_metaN",
		"activate srv", "activate home",
	}, dry.Plan.Steps(dry.Checked.State))
	require.Equal(t, before, h.vg())

	done, err = h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.NoError(t, done.Err())
	require.Empty(t, done.Warnings)
	require.Equal(t, "tank_meta0", done.Kept)
	require.Equal(t, thin.Writable, done.After.Status.State)
	require.ElementsMatch(t, []string{"home", "srv"}, h.active())
	require.Equal(t, h.image, h.kept("tank_meta0"))
	after := h.vg()
	require.NoError(t, after.Validate())
	require.True(t, after.LV("tank_meta0").Visible())
	require.Equal(t, before.LV("tank_tmeta").ID, after.LV("tank_tmeta").ID)
	require.Equal(t, before.LV("tank_tmeta").Segments, after.LV("tank_meta0").Segments)
	require.Equal(t, before.LV("lvol0_pmspare").Segments, after.LV("tank_tmeta").Segments)
	require.Equal(t, before.LV("lvol0_pmspare").Size(), after.LV("lvol1_pmspare").Size())
	_, err = h.Conn.Device(dm.ByName("data-tank_meta0")).Info()
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = h.System.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err)
	require.EqualValues(t, 300, h.requireSound().Report.Mappings)

	// The old one is an LV as others.
	h.change(lvm.RemoveLV{Name: "tank_meta0"})
}

// A volume of which nothing can be read is named, and others are activated.
func TestRepairLost(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.activate()
	h.pool("tank").SetMode(dmtest.PoolReadOnly)
	h.spoil(h.home)
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{"home"}, done.Plan.Lost)
	require.ErrorIs(t, done.Err(), metadata.ErrCorrupt)
	require.ErrorIs(t, done.Err(), pool.ErrVolumeLost)
	require.Equal(t, []string{"srv"}, h.active())
	_, err = h.System.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err)
	c, err := h.Check(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.Equal(t, "home", c.Missing[0].Name)
	require.ErrorIs(t, c.Problems()[0], pool.ErrVolumeLost)
}

// What a superblock that is lost said comes from the VG.
func TestRepairSuperblock(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.spoil(0)
	c, err := h.Check(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.Nil(t, c.Report)
	require.ErrorIs(t, c.Problems()[0], metadata.ErrCorrupt)
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.Empty(t, done.Plan.Lost)
	require.Equal(t, metadata.FromSearch, done.Written.Source)
	require.ErrorIs(t, done.Err(), pool.ErrGuessed)
	sb := h.requireSound().Report.Superblock
	require.EqualValues(t, 2, sb.TransactionID)
	require.EqualValues(t, 128, sb.DataBlockSize)
	require.EqualValues(t, 640, sb.DataSpaceMap.Blocks)
}

// Sound metadata stays where it is.
func TestRepairNeedsCheck(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.activate()
	h.superblock(func(sb *metadata.Superblock) { sb.Flags |= metadata.FlagNeedsCheck })
	h.pool("tank").SetMode(dmtest.PoolReadOnly)
	h.pool("tank").SetNeedsCheck(true)
	c, err := h.Check(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.Equal(t, []error{thin.ErrNeedsCheck}, c.Problems())
	before := h.vg()
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.True(t, done.Plan.ClearNeedsCheck)
	require.Nil(t, done.Written)
	require.Equal(t, thin.Writable, done.After.Status.State)
	require.Equal(t, before, h.vg())
	h.superblock(func(sb *metadata.Superblock) { sb.Flags = 0 })
	require.Equal(t, h.image, h.kept("tank_tmeta"))
}

// Metadata that is full is made larger: sound or damaged.
func TestRepairFull(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.superblock(func(sb *metadata.Superblock) {
		sb.MetadataSpaceMap.Allocated = sb.MetadataSpaceMap.Blocks - 3
		sb.Flags |= metadata.FlagNeedsCheck
	})
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.EqualValues(t, 1, done.Plan.Grow)
	require.EqualValues(t, 2, h.vg().LV("tank_tmeta").Size())
}

// The spare is made, or made larger, as far as the VG has room.
func TestRepairSpare(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.change(lvm.RemoveLV{Name: "lvol0_pmspare"})
	h.spoil(h.home)
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.Equal(t, "tank_meta0", done.Kept)
	require.NotNil(t, h.vg().LV("lvol1_pmspare"))

	h = newDamaged(t, 200*units.MiB)
	h.change(lvm.RemoveLV{Name: "lvol0_pmspare"})
	h.change(lvm.CreateLV{Name: "rest", Size: lvm.Amount{Size: units.Size{Percent: 100, Of: "FREE"}}})
	h.activate()
	h.spoil(h.home)
	h.pool("tank").SetMode(dmtest.PoolReadOnly)
	before := h.vg()
	_, err = h.repair(pool.RepairRequest{})
	var full *lvm.NoSpaceError
	require.ErrorAs(t, err, &full)
	require.Equal(t, before, h.vg())
	require.Equal(t, []string{"home", "srv"}, h.active())
	h.pool("tank").SetMode(dmtest.PoolReadOnly)
	h.change(lvm.ReduceLV{Name: "rest", By: extents(1)}) // room for the copy, and none for another spare
	done, err = h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.Len(t, done.Warnings, 1)
	require.ErrorContains(t, done.Warnings[0], "no room for a new metadata spare")
}

// A volume in use keeps the pool as it is.
func TestRepairBusy(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.activate()
	h.pool("tank").SetMode(dmtest.PoolFail)
	info, err := h.Conn.Device(dm.ByName("data-srv")).Info()
	require.NoError(t, err)
	_, err = h.Conn.Create(t.Context(), dm.CreateRequest{Name: "above", Table: dm.Table{{Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: info.Dev}}}}})
	require.NoError(t, err)
	_, err = h.repair(pool.RepairRequest{})
	var busy *lvm.BusyError
	require.ErrorAs(t, err, &busy)
	require.Equal(t, "data-srv", busy.Device)
	require.Equal(t, []string{"home", "srv"}, h.active())
}

// A pool that works is left alone, and one that is out of space is no matter of repair.
func TestRepairWorking(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.activate()
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.True(t, done.Plan.Nothing())
	require.Nil(t, done.Checked)
	h.pool("tank").SetMode(dmtest.PoolOutOfDataSpace)
	_, err = h.repair(pool.RepairRequest{})
	require.ErrorIs(t, err, thin.ErrNoDataSpace)
}

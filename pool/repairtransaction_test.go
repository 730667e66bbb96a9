package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// The id that counts is told where nothing is lost by it, and is asked for otherwise.
func TestRepairTransaction(t *testing.T) {
	for _, test := range []struct {
		name     string
		metadata uint64
		made     uint64 // transaction of home
		choice   pool.Choice
		refused  string
		vg, disk uint64 // afterwards
		rewrites bool
	}{
		{name: "metadata ahead", metadata: 5, vg: 5, disk: 5},
		{name: "metadata ahead, VG chosen", metadata: 5, choice: pool.ChooseVG, vg: 2, disk: 2, rewrites: true},
		{name: "metadata ahead, another volume", metadata: 5, made: 3, refused: "the VG is of an earlier time"},
		{name: "metadata ahead, another volume, chosen", metadata: 5, made: 3, choice: pool.ChooseMetadata, vg: 5, disk: 5},
		{name: "metadata behind", metadata: 1, refused: "the metadata is of an earlier time"},
		{name: "metadata behind, chosen", metadata: 1, choice: pool.ChooseMetadata, vg: 1, disk: 1},
		{name: "metadata behind, VG chosen", metadata: 1, choice: pool.ChooseVG, vg: 2, disk: 2, rewrites: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newDamaged(t, 200*units.MiB)
			h.content("tank", func(c *lvm.LVContent) {
				w, err := metadata.NewWriter(c, c.Size(), metadata.Pool{TransactionID: test.metadata, DataBlockSize: 128, DataBlocks: 640})
				require.NoError(t, err)
				require.NoError(t, w.Device(1, metadata.DeviceDetail{TransactionID: test.made}))
				require.NoError(t, w.Device(2, metadata.DeviceDetail{TransactionID: 1}))
				_, err = w.Commit()
				require.NoError(t, err)
			})
			before := h.vg()
			done, err := h.repair(pool.RepairRequest{Choice: test.choice})
			if test.refused != "" {
				require.ErrorIs(t, err, thin.ErrTransaction)
				require.ErrorContains(t, err, test.refused)
				require.Equal(t, before, h.vg())
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.rewrites, done.Written != nil)
			c := h.requireSound()
			require.Equal(t, pool.Transactions{VG: test.vg, Metadata: test.disk}, c.Transactions)
			h.activate()
		})
	}
}

// Messages that were not sent are not a mismatch, and stay.
func TestRepairPending(t *testing.T) {
	h := newDamaged(t, 200*units.MiB)
	h.superblock(func(sb *metadata.Superblock) { sb.TransactionID = 7 })
	h.change(lvm.SetPoolTransaction{Pool: "tank", ID: 7})
	h.requireSound()
	h.writes = 1 << 30                         // none, once it is dead
	for n := 1; h.vg().LV("new") == nil; n++ { // until it is killed between the commit and the message
		h.after(n, func() { h.dead = true })
		_, err := h.System.Change(t.Context(), "data", lvm.ChangeOptions{Inactive: true}, lvm.CreateThin{Pool: "tank", Name: "new", Size: extents(1)})
		require.ErrorIs(t, err, errDead)
		h.dead = false
	}
	require.Equal(t, pool.Transactions{VG: 8, Metadata: 7, Messages: 1}, h.requireSound().Transactions)
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.True(t, done.Plan.Nothing())
	h.spoil(0) // the copy has the id before the messages, which are sent once it is committed
	before := h.count(ioctl.TargetMsg)
	done, err = h.repair(pool.RepairRequest{})
	require.NoError(t, err)
	require.Empty(t, done.Plan.Lost)
	require.EqualValues(t, 7, *done.Plan.MetadataID)
	require.Equal(t, before+2, h.count(ioctl.TargetMsg)) // create_thin, set_transaction_id
}

package dmtest

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// thinTests hold the rules of the thin-pool and thin targets that package thin
// relies on.
var thinTests = []suiteTest{
	{"pool arguments", testPoolArguments},
	{"messages", testPoolMessages},
	{"volumes", testThinVolumes},
	{"status", testPoolStatus},
	{"one pool for one metadata device", testPoolDevices},
}

const thinBlock = 128

// pool makes a pool of 64 blocks and returns its device and its two disks.
func (r *rig) pool(t *testing.T, features string) (d *dm.Device, meta, data dm.Dev) {
	t.Helper()
	meta, data = r.Disk(t, 4096), r.Disk(t, 64*thinBlock)
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: poolTable(meta, data, 64*thinBlock, features)})
	require.NoError(t, err)
	return d, meta, data
}

func poolTable(meta, data dm.Dev, length units.Sectors, features string) dm.Table {
	return dm.Table{{Length: length, Target: dm.Raw{Name: "thin-pool", Params: fmt.Sprintf("%v %v %d 0 %s", meta, data, thinBlock, features)}}}
}

func testPoolArguments(t *testing.T, r *rig) {
	meta, data := r.Disk(t, 4096), r.Disk(t, 4096)
	name := r.make(t, nil)
	for _, tt := range []struct {
		params string
		want   error
	}{
		{"M D 128", syscall.EINVAL}, {"M M 128 0", syscall.EINVAL}, {"M D 0 0", syscall.EINVAL}, {"M D 64 0", syscall.EINVAL},
		{"M D 129 0", syscall.EINVAL}, {"M D 4194304 0", syscall.EINVAL}, {"M D 128 x", syscall.EINVAL}, {"M D 128 0 x", syscall.EINVAL},
		{"M D 128 0 1", syscall.EINVAL}, {"M D 128 0 1 no_such_feature", syscall.EINVAL}, {"4000:1 D 128 0", syscall.ENXIO},
		{"M 4000:1 128 0", syscall.ENXIO}, {"M D 128 0 2 error_if_no_space skip_block_zeroing", nil},
	} {
		params := strings.NewReplacer("M", meta.String(), "D", data.String()).Replace(tt.params)
		err := r.raw(ioctl.TableLoad, named(name), targets(spec(0, 4096, uint32(align(specSize+len(params)+1)), "thin-pool", params)))
		if tt.want == nil {
			require.NoError(t, err, tt.params)
			continue
		}
		require.Equal(t, tt.want, err, tt.params)
	}
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	table, err := r.conn.Device(dm.ByName(name)).Table(dm.TableQuery{})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("0 4096 thin-pool %v %v 128 0 2 skip_block_zeroing error_if_no_space ", meta, data), table.String())
}

func testPoolMessages(t *testing.T, r *rig) {
	d, _, _ := r.pool(t, "0")
	for _, tt := range []struct {
		message string
		want    error
	}{
		{"create_thin 0", nil}, {"create_thin 0", syscall.EEXIST}, {"create_thin 16777215", nil}, {"create_thin 16777216", syscall.EINVAL},
		{"create_thin", syscall.EINVAL}, {"create_thin x", syscall.EINVAL}, {"create_thin 1 2", syscall.EINVAL},
		{"CREATE_THIN 1", nil},
		{"create_snap 2 0", nil}, {"create_snap 2 0", syscall.EEXIST}, {"create_snap 3 9", syscall.ENODATA}, {"create_snap 2 9", syscall.EEXIST},
		{"create_snap 3", syscall.EINVAL}, {"delete 9", syscall.ENODATA}, {"delete 2", nil}, {"delete 2", syscall.ENODATA},
		{"set_transaction_id 1 2", syscall.EINVAL}, {"set_transaction_id 0 7", nil}, {"set_transaction_id 0 7", syscall.EINVAL},
		{"set_transaction_id 7 18446744073709551615", nil},
		{"release_metadata_snap", syscall.EINVAL}, {"reserve_metadata_snap", nil}, {"reserve_metadata_snap", syscall.EBUSY},
		{"reserve_metadata_snap 1", syscall.EINVAL}, {"release_metadata_snap", nil}, {"no_such_message", syscall.EINVAL},
	} {
		_, err := d.Message(0, tt.message)
		if tt.want == nil {
			require.NoError(t, err, tt.message)
			continue
		}
		require.ErrorIs(t, err, tt.want, tt.message)
	}
}

func testThinVolumes(t *testing.T, r *rig) {
	pool, _, _ := r.pool(t, "0")
	info, err := pool.Info()
	require.NoError(t, err)
	volume := func(id int) dm.Table {
		return dm.Table{{Length: 1024, Target: dm.Raw{Name: "thin", Params: fmt.Sprintf("%v %d", info.Dev, id)}}}
	}
	create := func(id int) (*dm.Device, error) {
		return r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: volume(id)})
	}
	_, err = create(1)
	require.ErrorIs(t, err, syscall.ENODATA)
	_, err = pool.Message(0, "create_thin 1")
	require.NoError(t, err)
	d, err := create(1)
	require.NoError(t, err)
	table, err := d.Table(dm.TableQuery{})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("0 1024 thin %v 1", info.Dev), table.String())
	status, err := d.Status(dm.StatusOptions{})
	require.NoError(t, err)
	require.Equal(t, "0 1024 thin 0 -", status[0].String())
	_, err = pool.Message(0, "delete 1")
	require.ErrorIs(t, err, syscall.EBUSY)
	_, err = pool.Message(0, "create_snap 2 1")
	require.NoError(t, err, "of an active origin that is not suspended: the kernel does not mind")
	busy := pool.Remove(t.Context(), dm.RemoveOptions{})
	require.ErrorIs(t, busy, syscall.EBUSY)

	require.NoError(t, pool.Suspend(dm.SuspendOptions{}))
	_, err = create(2)
	require.ErrorIs(t, err, syscall.EINVAL, "the pool is suspended")
	require.NoError(t, pool.Resume(t.Context(), dm.SuspendOptions{}))

	zero := r.make(t, zeros(8))
	require.NoError(t, r.raw(ioctl.DevStatus, named(zero)))
	_, err = r.conn.Create(t.Context(), dm.CreateRequest{
		Name: r.name(t), Table: dm.Table{{Length: 8, Target: dm.Raw{Name: "thin", Params: devString(r.b.Header().Dev) + " 1"}}},
	})
	require.ErrorIs(t, err, syscall.EINVAL, "not a pool")

	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	_, err = pool.Message(0, "delete 1")
	require.NoError(t, err)
}

func testPoolStatus(t *testing.T, r *rig) {
	pool, meta, data := r.pool(t, "2 error_if_no_space ignore_discard")
	read := func() dm.ThinPoolStatus {
		status, err := pool.Status(dm.StatusOptions{})
		require.NoError(t, err)
		require.Len(t, status, 1)
		require.IsType(t, dm.ThinPoolStatus{}, status[0].Status)
		return status[0].Status.(dm.ThinPoolStatus)
	}
	s := read()
	require.EqualValues(t, 512, s.TotalMetadataBlocks)
	require.EqualValues(t, 64, s.TotalDataBlocks)
	require.EqualValues(t, 128, s.MetadataLowWaterMark)
	require.Equal(t, dm.ThinPoolReadWrite, s.Mode)
	require.Equal(t, dm.ThinPoolIgnoreDiscard, s.Discard)
	require.True(t, s.ErrorIfNoSpace)
	require.Zero(t, s.HeldMetadataRoot)
	require.Equal(t, " ", s.Extra)
	_, err := pool.Message(0, "set_transaction_id 0 3")
	require.NoError(t, err)
	_, err = pool.Message(0, "reserve_metadata_snap")
	require.NoError(t, err)
	s = read()
	require.EqualValues(t, 3, s.TransactionID)
	require.NotZero(t, s.HeldMetadataRoot)

	// Read-only, the pool takes no messages. What was done is still there.
	name := pool.String()
	require.NoError(t, pool.Remove(t.Context(), dm.RemoveOptions{}))
	_, err = r.conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: poolTable(meta, data, 64*thinBlock, "1 read_only")})
	require.NoError(t, err)
	s = read()
	require.Equal(t, dm.ThinPoolReadOnly, s.Mode)
	require.EqualValues(t, 3, s.TransactionID)
	_, err = pool.Message(0, "create_thin 1")
	require.ErrorIs(t, err, syscall.EOPNOTSUPP)
}

func testPoolDevices(t *testing.T, r *rig) {
	_, meta, data := r.pool(t, "0")
	_, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: r.name(t), Table: poolTable(meta, data, 64*thinBlock, "0")})
	require.ErrorIs(t, err, syscall.EBUSY)
}

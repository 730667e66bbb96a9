package metadata

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func usage(t testing.TB, trees *Trees) []DeviceUsage {
	t.Helper()
	list, err := trees.Usage(t.Context(), nil)
	require.NoError(t, err)
	return list
}

// TestUsage counts each data block of each device, and compares.
func TestUsage(t *testing.T) {
	for _, name := range fixtures(t) {
		m := openImage(t, fixture(t, name))
		all := []*Trees{m.Trees()}
		if m.sb.HeldRoot != 0 {
			all = append(all, held(t, m))
		}
		for _, trees := range all {
			uses := map[uint64]int{}
			blocks := map[uint64][]uint64{} // of each device
			for d, err := range trees.Devices() {
				require.NoError(t, err)
				for run, err := range m.Mappings(d) {
					require.NoError(t, err)
					for i := range run.Length {
						uses[run.Data+i]++
						blocks[d.ID] = append(blocks[d.ID], run.Data+i)
					}
				}
			}
			for _, d := range usage(t, trees) {
				exclusive := 0
				for _, b := range blocks[d.ID] {
					if uses[b] == 1 {
						exclusive++
					}
				}
				require.Len(t, blocks[d.ID], int(d.Mapped))
				require.EqualValues(t, exclusive, d.Exclusive)
				require.Equal(t, d.Mapped, d.Exclusive+d.Shared)
				require.Equal(t, d.Detail.MappedBlocks, d.Mapped)
				require.False(t, d.Damaged)
			}
		}
	}
}

func TestUsageIsThinLss(t *testing.T) {
	needThinCheck(t)
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		m := openImage(t, image)
		compare := func(trees *Trees, args ...string) {
			args = append(args, "--no-headers", "-o", "DEV,MAPPED_BLOCKS,EXCLUSIVE_BLOCKS,SHARED_BLOCKS,TRANSACTION,CREATE_TIME,SNAP_TIME")
			var found [][]string
			for _, d := range usage(t, trees) {
				var row []string
				for _, n := range []uint64{d.ID, d.Mapped, d.Exclusive, d.Shared, d.Detail.TransactionID, uint64(d.Detail.CreationTime), uint64(d.Detail.SnapshottedTime)} {
					row = append(row, strconv.FormatUint(n, 10))
				}
				found = append(found, row)
			}
			var want [][]string
			for line := range strings.Lines(string(thinTool(t, image, "thin_ls", args...))) {
				want = append(want, strings.Fields(line))
			}
			require.Equal(t, want, found, name)
		}
		compare(m.Trees())
		if m.sb.HeldRoot != 0 {
			compare(held(t, m), "--metadata-snap")
		}
	}
}

// TestUsageReads: shared nodes are read once, others twice.
func TestUsageReads(t *testing.T) {
	image := fixture(t, "kernel-snapshots")
	reads := map[uint64]int{}
	m := openImage(t, image)
	m.r = readerFunc(func(p []byte, off int64) (int, error) {
		reads[uint64(off)/BlockSize]++
		return bytes.NewReader(image).ReadAt(p, off)
	})
	for _, d := range usage(t, m.Trees()) {
		if d.Exclusive == 0 && d.Mapped > 0 && d.ID >= 4 {
			require.Equal(t, 1, reads[d.Root], "device %d", d.ID)
		}
	}
	for block, n := range reads {
		require.LessOrEqual(t, n, 2, block)
	}
}

func TestUsageDamage(t *testing.T) {
	image := fixture(t, "kernel-snapshots")
	m := openImage(t, image)
	four, err := m.Trees().Device(4)
	require.NoError(t, err)
	block(image, four.Root)[2000]++
	_, err = m.Trees().Usage(t.Context(), nil)
	require.ErrorIs(t, err, ErrCorrupt)

	var damage []error
	list, err := m.Trees().Usage(t.Context(), func(err error) error {
		damage = append(damage, err)
		return nil
	})
	require.NoError(t, err)
	lost := 0
	for _, d := range list {
		require.Equal(t, d.Root == four.Root, d.Damaged, d.ID)
		if d.Damaged {
			lost++
			require.Zero(t, d.Mapped)
		}
	}
	require.Len(t, damage, lost)
	require.Greater(t, lost, 1)
	require.Len(t, list, 7)
}

// TestUsageHugeCounts lets the superblock and a mapping lie about sizes.
func TestUsageHugeCounts(t *testing.T) {
	image := fixture(t, "restored-small")
	binary.LittleEndian.PutUint64(image[64:], math.MaxUint64)
	seal(block(image, 0), superblockSalt)
	m := openImage(t, image)
	dev, err := m.Trees().Device(0)
	require.NoError(t, err)
	n := readNode(t, image, dev.Root)
	require.True(t, n.leaf)
	binary.LittleEndian.PutUint64(n.value(0), math.MaxUint64)
	seal(n.block, nodeSalt)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = m.Trees().Usage(t.Context(), func(error) error { return nil })
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestUsageCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := openImage(t, fixture(t, "restored-small")).Trees().Usage(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}

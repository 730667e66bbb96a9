package metadata

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// TestCheckFixtures holds the counts against those of the kernel, where it left
// a status line, and of the XML that thin_restore read.
func TestCheckFixtures(t *testing.T) {
	tests := []struct {
		name              string
		devices, mappings uint64
		dataLeaks         []Range
	}{
		{name: "kernel-fresh"},
		{name: "kernel-held", devices: 2, mappings: 850 + 650},
		{name: "kernel-snapshots", devices: 7, mappings: 3000 + 2310 + 3*3000 + 184},
		// The kernel keeps the block of the write that found no metadata.
		{name: "kernel-needs-check", devices: 2, mappings: 4096 + 2858, dataLeaks: []Range{NewRange(6954, 6954)}},
		{name: "kernel-needs-check-snapshot", devices: 3, mappings: 7104, dataLeaks: []Range{NewRange(3696, 3696)}},
		{name: "restored-empty"},
		{name: "restored-small", devices: 5, mappings: 12 + 10 + 1 + 1},
		{name: "restored-deep", devices: 300, mappings: 20000 + 299},
	}
	require.Len(t, fixtures(t), len(tests))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, err := check(t, fixture(t, test.name))
			require.NoError(t, err)
			require.NoError(t, report.Err())
			require.True(t, report.Sound())
			require.Equal(t, test.devices, report.Devices)
			require.Equal(t, test.mappings, report.Mappings)
			require.Equal(t, test.dataLeaks, report.DataLeaks.Ranges)
			require.Zero(t, report.MetadataLeaks)
			used := report.DataBlocks + report.DataLeaks.Blocks
			require.Equal(t, report.Superblock.DataSpaceMap.Allocated, used)
			if status, err := os.ReadFile("testdata/" + test.name + ".status"); err == nil {
				require.Zero(t, report.WarningCount, report.Warnings)
				data := regexp.MustCompile(` (\d+)/8192 `).FindSubmatch(status)
				require.Equal(t, string(data[1]), strconv.FormatUint(used, 10))
			}
		})
	}
}

// usedBlocks lists the blocks of image that a check reads.
func usedBlocks(t testing.TB, image []byte) []uint64 {
	t.Helper()
	seen := map[uint64]bool{}
	r := readerFunc(func(p []byte, off int64) (int, error) {
		seen[uint64(off)/BlockSize] = true
		return bytes.NewReader(image).ReadAt(p, off)
	})
	m, err := Open(r, units.Bytes(len(image)))
	require.NoError(t, err)
	_, err = m.Check(t.Context())
	require.NoError(t, err)
	var used []uint64
	for n := range uint64(len(image) / BlockSize) {
		if seen[n] {
			used = append(used, n)
		}
	}
	return used
}

type readerFunc func(p []byte, off int64) (int, error)

func (f readerFunc) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

// TestCheckByteFlips changes each byte that a check reads, one at a time.
func TestCheckByteFlips(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	image := fixture(t, "restored-small")
	for _, n := range usedBlocks(t, image) {
		b := block(image, n)
		for i := range b {
			old := b[i]
			b[i] ^= byte(1 + rng.IntN(255))
			report, err := check(t, image)
			if err == nil {
				err = report.Err()
			}
			require.ErrorIs(t, err, ErrCorrupt, "block %d byte %d", n, i)
			b[i] = old
		}
	}
}

// TestCheckTruncated cuts a device after each of its blocks.
func TestCheckTruncated(t *testing.T) {
	for _, name := range []string{"restored-small", "kernel-held"} {
		image := fixture(t, name)
		used := usedBlocks(t, image)
		for n := range len(image) / BlockSize {
			short := image[:n*BlockSize]
			require.False(t, sound(t, short), "%s cut to %d blocks", name, n)
			// The size may be as it should be, and the data not there.
			m, err := Open(bytes.NewReader(short), units.Bytes(len(image)))
			if n == 0 {
				require.ErrorIs(t, err, ErrCorrupt)
				continue
			}
			require.NoError(t, err)
			report, err := m.Check(t.Context())
			require.NoError(t, err)
			if uint64(n) <= slices.Max(used) {
				require.ErrorIs(t, report.Err(), io.ErrUnexpectedEOF)
			}
		}
	}
}

// TestCheckReadErrors fails the read of each block in turn.
func TestCheckReadErrors(t *testing.T) {
	image := fixture(t, "kernel-held")
	broken := errors.New("broken sector")
	for _, n := range usedBlocks(t, image)[1:] {
		r := readerFunc(func(p []byte, off int64) (int, error) {
			if uint64(off)/BlockSize == n {
				return 0, broken
			}
			return bytes.NewReader(image).ReadAt(p, off)
		})
		m, err := Open(r, units.Bytes(len(image)))
		require.NoError(t, err)
		report, err := m.Check(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, report.Err(), broken)
		require.ErrorIs(t, report.Err(), ErrCorrupt)
		require.Equal(t, n, report.Faults[0].Block)
	}
}

// TestCheckNamesWhatIsLost damages one leaf and expects the other devices whole.
func TestCheckNamesWhatIsLost(t *testing.T) {
	image := fixture(t, "restored-deep")
	sb, err := DecodeSuperblock(block(image, 0), 0)
	require.NoError(t, err)
	top := readNode(t, image, sb.MappingRoot)
	for !top.leaf {
		top = readNode(t, image, top.value64(0))
	}
	require.Zero(t, top.key(0), "device 0")
	root := readNode(t, image, top.value64(0))
	require.False(t, root.leaf)
	child := readNode(t, image, root.value64(1))
	for !child.leaf {
		root = child
		child = readNode(t, image, root.value64(1))
	}
	child.block[3000]++

	report, err := check(t, image)
	require.NoError(t, err)
	require.EqualValues(t, 1, report.FaultCount, report.Faults)
	fault := report.Faults[0]
	require.Equal(t, root.value64(1), fault.Block)
	require.Equal(t, "mapping node", fault.Record)
	require.Equal(t, "checksum", fault.What)
	require.Equal(t, NewRange(0, 0), fault.Devices)
	require.Equal(t, NewRange(root.key(1), root.key(2)-1), fault.Blocks)
	require.EqualValues(t, 300, report.Devices)
	require.EqualValues(t, 20299-child.entries, report.Mappings)
	require.Zero(t, report.DataLeaks, "what is behind the leaf is no leak")
	require.Regexp(t, `^metadata: block \d+ \(mapping node\): checksum: expected 0x[0-9a-f]+, found 0x[0-9a-f]+ \(device 0, blocks \d+\.\.\d+\)$`, fault.Error())
}

// TestCheckSharedDamage: a node that several devices share is lost to each of them.
func TestCheckSharedDamage(t *testing.T) {
	image := fixture(t, "kernel-snapshots")
	sb, err := DecodeSuperblock(block(image, 0), 0)
	require.NoError(t, err)
	top := readNode(t, image, sb.MappingRoot)
	three, four := -1, -1
	for i := range top.entries {
		switch top.key(i) {
		case 3:
			three = i
		case 4:
			four = i
		}
	}
	shared := top.value64(three)
	require.Equal(t, shared, top.value64(four), "snapshots of one volume share its root")
	block(image, shared)[2000]++
	report, err := check(t, image)
	require.NoError(t, err)
	lost := map[uint64]bool{}
	for _, f := range report.Faults {
		if f.Record == mappingNode.String() {
			lost[f.Devices.First] = true
			require.Equal(t, uint64(0), f.Blocks.First)
			require.Equal(t, uint64(math.MaxUint64), f.Blocks.Last)
		}
	}
	require.True(t, lost[3] && lost[4], lost)
	require.False(t, lost[0] || lost[9], lost)
}

// TestCheckHugeCounts lets the superblock lie about sizes, within a memory
// limit.
func TestCheckHugeCounts(t *testing.T) {
	for _, offset := range []int{64, 192} { // nr_blocks of the data and of the metadata space map
		for _, n := range []uint64{1 << 32, 1 << 50, math.MaxUint64} {
			image := fixture(t, "restored-small")
			binary.LittleEndian.PutUint64(image[offset:], n)
			seal(block(image, 0), superblockSalt)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			report, err := check(t, image)
			runtime.ReadMemStats(&after)
			require.NoError(t, err)
			require.False(t, report.Sound())
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
		}
	}
}

func TestCheckCancelled(t *testing.T) {
	image := fixture(t, "restored-deep")
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	m, err := Open(readerFunc(func(p []byte, off int64) (int, error) {
		if reads++; reads == 100 {
			cancel()
		}
		return bytes.NewReader(image).ReadAt(p, off)
	}), units.Bytes(len(image)))
	require.NoError(t, err)
	_, err = m.Check(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 100, reads)
}

// readNode is a node of image, whatever its values are.
func readNode(t testing.TB, image []byte, at uint64) node {
	t.Helper()
	b := block(image, at)
	n, err := decodeNode(b, at, "node", int(binary.LittleEndian.Uint32(b[24:])))
	require.NoError(t, err)
	return n
}

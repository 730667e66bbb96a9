package main

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
)

// A shape has as many mappings as it should, and is the same each time.
func TestThinShapes(t *testing.T) {
	for _, s := range thinShapes {
		var first, again strings.Builder
		s.write(&first, 16_000)
		s.write(&again, 16_000)
		require.Equal(t, first.String(), again.String())
		mapped := strings.Count(first.String(), "<single_mapping ") + shapeBRun*strings.Count(first.String(), "<range_mapping ")
		require.Equal(t, 16_000, mapped, s.name)
	}
}

// thinNode is a node of a mapping tree, in as far as a walk looks at it.
func thinNode(internal bool, keys, values []uint64) []byte {
	const most = 252
	b := make([]byte, thinBlockSize)
	if internal {
		b[nodeFlagsAt] = nodeIsInternal
	}
	b[nodeEntriesAt], b[nodeMaxAt], b[nodeValueSizeAt] = byte(len(keys)), most, 8
	for i := range keys {
		binary.LittleEndian.PutUint64(b[nodeHeaderSize+8*i:], keys[i])
		binary.LittleEndian.PutUint64(b[nodeHeaderSize+8*(most+i):], values[i])
	}
	return b
}

func TestThinWalk(t *testing.T) {
	image := make([]byte, thinBlockSize)
	image[mappingRootAt] = 1
	for _, node := range [][]byte{
		1: thinNode(false, []uint64{3, 7}, []uint64{2, 4}), // devices
		2: thinNode(true, []uint64{0, 9}, []uint64{3, 5}),
		3: thinNode(false, []uint64{0}, []uint64{1 << 24}),
		4: thinNode(true, []uint64{0, 9}, []uint64{3, 6}), // shares a leaf
		5: thinNode(false, []uint64{9}, []uint64{2 << 24}),
		6: thinNode(false, []uint64{9}, []uint64{3 << 24}),
		7: thinNode(true, []uint64{0}, []uint64{7}),
	}[1:] {
		image = append(image, node...)
	}
	reads := &countedReads{r: bytes.NewReader(image)}
	w := thinWalk{reads}
	roots, err := w.roots()
	require.NoError(t, err)
	require.Equal(t, map[uint64]uint64{3: 2, 7: 4}, roots)
	require.Equal(t, 2, reads.blocks)
	left, err := w.blocks(2)
	require.NoError(t, err)
	right, err := w.blocks(4)
	require.NoError(t, err)
	require.Equal(t, thinBlocks{2: true, 3: true, 5: true}, left)
	all, differ := left.compare(right)
	require.Equal(t, 5, all)
	require.Equal(t, 4, differ)
	require.Equal(t, 8, reads.blocks)
	for _, root := range []uint64{0, 7, 8} { // no node, a ring, behind the end
		_, err = w.blocks(root)
		require.Error(t, err, root)
	}
}

// A bar holds where the figures are what it wants.
func TestThinBars(t *testing.T) {
	spending := func(n, peak float64) spent {
		return spent{cpu: []float64{n, n}, wall: []float64{n, n}, peak: []float64{peak - 1, peak}}
	}
	outcomes := []thinOutcome{{shape: "A", what: thinDump, rok: spending(10, 50), tool: spending(15, 100)},
		{shape: "A", what: thinWrite, rok: spending(10, 99), tool: spending(1, 1)}}
	deltas := []thinDelta{{what: deltaRuns, rok: spending(1, 50), tool: spending(20, 100), read: 49, all: 1000, differ: 10},
		{what: deltaRandom, rok: spending(100, 50), tool: spending(1, 100), read: 105, all: 150, differ: 100}}
	all := thinBars(outcomes, deltas)
	for i := range all {
		require.True(t, all[i].holds(), all[i].text)
	}
	outcomes[0].tool = spending(14, 99)
	deltas[0].tool, deltas[0].read, deltas[1].read = spending(19, 100), 50, 106
	all = thinBars(outcomes, deltas)
	for i := range all {
		require.False(t, all[i].holds(), all[i].text)
	}
	var report bytes.Buffer
	printThin(&report, outcomes, deltas)
	require.Contains(t, report.String(), "dump, shape A")
	require.Contains(t, report.String(), "1.0600")
}

// A kernel makes a pool, and what a comparison of its devices reads is in proportion
// to what differs.
func TestKernelThinPool(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "thin", "zero")
	path := filepath.Join(t.TempDir(), thinPoolFile)
	require.NoError(t, makeThinPool(t.Context(), path, minChunks))
	for _, d := range thinDeltas() {
		require.NoError(t, d.count(path))
		require.Positive(t, d.changes, d.what)
		require.LessOrEqual(t, d.changes, uint64(thinRandomCount), d.what)
		require.Less(t, d.differ, d.all+1, d.what)
		// The superblock and what leads to two devices is read besides.
		require.LessOrEqual(t, float64(d.read-5), maxDeltaRead*float64(d.differ), d.what)
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// The image is half zeros, the same each time, and what is said to compress does.
func TestMapsImage(t *testing.T) {
	const size = 128 * units.MiB
	first, again := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	require.NoError(t, writeMapsImage(first, size))
	require.NoError(t, writeMapsImage(again, size))
	text, err := os.ReadFile(first)
	require.NoError(t, err)
	same, err := os.ReadFile(again)
	require.NoError(t, err)
	require.True(t, bytes.Equal(text, same))
	require.Len(t, text, int(size))
	zeros, smaller, ids := 0, 0, map[maps.ID]int{}
	for at := 0; at < len(text); at += int(mapsBlock) {
		block := maps.Strip(text[at : at+int(mapsBlock)])
		switch {
		case len(block) == 0:
			zeros++
		case len(s2.Encode(nil, block)) < len(block)*9/10:
			smaller++
		}
		ids[maps.SHA256.Sum(block)]++
	}
	require.Equal(t, 16, zeros)
	require.InDelta(t, 8, smaller, 1)
	require.Less(t, len(ids), 17) // zeros, and those that are there twice

	changed, err := changeMapsImage(first, size)
	require.NoError(t, err)
	require.Len(t, changed, mapsRuns)
	parsed, err := parseRanges(rangesText(changed))
	require.NoError(t, err)
	require.Equal(t, changed, parsed)
	dirty := map[uint64]bool{}
	for _, b := range dirtyBlocks(changed) {
		dirty[b] = true
	}
	differs, err := os.ReadFile(first)
	require.NoError(t, err)
	for b := range len(text) / int(mapsBlock) {
		at := b * int(mapsBlock)
		require.Equal(t, dirty[uint64(b)], !bytes.Equal(text[at:at+int(mapsBlock)], differs[at:at+int(mapsBlock)]), b)
	}
}

// What is counted of a tree is what the format says.
func TestMapsTree(t *testing.T) {
	const blocks = 128*128 + 1
	tree, err := measureMapsTree(t.Context(), blocks*mapsBlock)
	require.NoError(t, err)
	require.Equal(t, 3, tree.Height)
	require.Equal(t, 129+2+1, tree.Nodes)
	require.Equal(t, 3, tree.ChangeNodes)
	require.Equal(t, 6, tree.Diff)
	require.Positive(t, tree.Upgrade)
	require.Greater(t, tree.NodeBytes, blocks*maps.IDSize)
}

// A bar holds where the figures are what it wants.
func TestMapsBars(t *testing.T) {
	spending := func(n, peak float64) spent {
		return spent{cpu: []float64{n, n}, wall: []float64{n, n}, peak: []float64{peak, peak}}
	}
	outcomes := []mapsOutcome{
		{name: "rok", full: spending(10, 1), next: spending(3, 1), stored: 105},
		{name: "restic", full: spending(30, 1), next: spending(50, 1)},
		{name: "borg", full: spending(10, 1), next: spending(24, 1), stored: 100},
		{name: "casync", full: spending(99, 1), next: spending(99, 1)},
		{name: "bare loop", next: spending(2, 1)},
	}
	tree := mapsTree{Size: mapsTreeSize, Height: 3, Upgrade: maxTreeUpgrade - 1, Change: maxTreeChange, Diff: 6}
	peaks := []mapsPeak{{"much", maxMapsPeak - 1}}
	all := mapsBars(outcomes, tree, peaks)
	for i := range all {
		require.True(t, all[i].holds(), "%s: %v", all[i].text, all[i].misses)
	}
	outcomes[0].stored = 106
	outcomes[1].full, outcomes[2].full, outcomes[2].next, outcomes[4].next = spending(29, 1), spending(9, 1), spending(23, 1), spending(1.9, 1)
	tree = mapsTree{Height: 3, Upgrade: maxTreeUpgrade, Change: maxTreeChange + 1, Diff: 7}
	peaks[0].peak++
	all = mapsBars(outcomes, tree, peaks)
	for i := range all {
		require.False(t, all[i].holds(), all[i].text)
	}
	var report bytes.Buffer
	printMaps(&report, 2*units.GiB, outcomes, tree, peaks)
	require.Contains(t, report.String(), "bare loop")
	require.Contains(t, report.String(), "much")
}

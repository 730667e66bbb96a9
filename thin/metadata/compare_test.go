package metadata

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCompareMaps changes space maps and puts their checksums right.
func TestCompareMaps(t *testing.T) {
	le := binary.LittleEndian
	// maps finds the first bitmap of each map, and the index of the data map.
	maps := func(t *testing.T, image []byte) (metadata, data, index []byte) {
		sb, err := DecodeSuperblock(block(image, 0), 0)
		require.NoError(t, err)
		entries, err := decodeIndex(block(image, sb.MetadataSpaceMap.BitmapRoot), sb.MetadataSpaceMap.BitmapRoot, 1)
		require.NoError(t, err)
		n := readNode(t, image, sb.DataSpaceMap.BitmapRoot)
		return block(image, entries[0].block), block(image, decodeIndexEntry(n.value(0)).block), n.block
	}
	set := func(b []byte, i int, count uint8) {
		bitmap{b[bitmapHeaderSize:]}.set(i, count)
		seal(b, bitmapSalt)
	}
	tests := []struct {
		name    string
		change  func(image, metadata, data, index []byte)
		fault   string // "" is sound
		warning string
		leaks   func(r *Report) Leaks
		want    []Range
	}{
		{name: "data leak", change: func(_, _, data, _ []byte) { set(data, 100, 1); set(data, 101, 2); set(data, 500, 1) },
			leaks: func(r *Report) Leaks { return r.DataLeaks }, want: []Range{NewRange(100, 101), NewRange(500, 500)},
			warning: "allocated data blocks: expected 15, found 12"},
		{name: "data count too high", change: func(_, _, data, _ []byte) { set(data, 11, 2) },
			leaks: func(r *Report) Leaks { return r.DataLeaks }, want: []Range{NewRange(11, 11)}},
		{name: "metadata leak", change: func(_, metadata, _, _ []byte) { set(metadata, 15, 1) },
			leaks: func(r *Report) Leaks { return r.MetadataLeaks }, want: []Range{NewRange(15, 15)},
			warning: "allocated metadata blocks: expected 15, found 14"},
		{name: "data block free in the map", change: func(_, _, data, _ []byte) { set(data, 11, 0) },
			fault: "references to data block 11: expected 1, found 0"},
		{name: "data count too low", change: func(_, _, data, _ []byte) { set(data, 5, 1) },
			fault: "references to data block 5: expected 2, found 1"},
		{name: "superblock free in the map", change: func(_, metadata, _, _ []byte) { set(metadata, 0, 0) },
			fault: "references to metadata block 0: expected 1, found 0"},
		{name: "overflow without a count", change: func(_, _, data, _ []byte) { set(data, 11, bitmapOverflow) },
			fault: "reference count of data block 11: expected 3, found 0"},
		{name: "count without overflow", change: func(_, _, data, _ []byte) { set(data, 0, 2) },
			fault: "stale reference count of data block 0: expected 0, found 4"},
		{name: "entry past the end", change: func(_, _, data, _ []byte) { set(data, 1001, 1) },
			warning: "entry past the end for data block 1001: expected 0, found 1"},
		{name: "bitmap checksum", change: func(_, _, data, _ []byte) { data[2000]++ }, fault: "space map bitmap): checksum"},
		{name: "bitmap padding", change: func(_, _, data, _ []byte) { data[5]++; seal(data, bitmapSalt) },
			fault: "space map bitmap): padding"},
		{name: "wrong kind of block", change: func(_, _, data, _ []byte) { seal(data, nodeSalt) }, fault: "space map bitmap): checksum"},
		{name: "two maps share a bitmap", change: func(_, metadata, _, index []byte) {
			n := node{block: index, leaf: true, max: maxEntries(indexEntrySize), valueSize: indexEntrySize}
			le.PutUint64(n.value(0), blockNumber(metadata))
			seal(index, nodeSalt)
		}, fault: "bitmap 0 of the data space map: kind: expected space map bitmap, found space map bitmap elsewhere"},
		{name: "bitmap of no block", change: func(_, _, _, index []byte) {
			le.PutUint64(index[nodeHeaderSize:], 1)
			seal(index, nodeSalt)
		}, fault: "bitmap: expected less than 1, found 1"},
		{name: "free count", change: func(_, _, _, index []byte) {
			n := node{block: index, max: maxEntries(indexEntrySize), valueSize: indexEntrySize}
			le.PutUint32(n.value(0)[8:], 5)
			le.PutUint32(n.value(0)[12:], 900)
			seal(index, nodeSalt)
		}, warning: "free blocks of bitmap 0 of the data space map: expected 16308, found 5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			image := fixture(t, "restored-small")
			metadata, data, index := maps(t, image)
			test.change(image, metadata, data, index)
			report, err := check(t, image)
			require.NoError(t, err)
			require.Equal(t, test.fault == "", report.Sound(), report.Err())
			if test.fault != "" {
				require.ErrorContains(t, report.Err(), test.fault)
			}
			if test.warning != "" {
				var texts []string
				for _, w := range report.Warnings {
					texts = append(texts, w.Error())
				}
				require.Contains(t, strings.Join(texts, "\n"), test.warning)
			}
			if test.leaks != nil {
				leaks := test.leaks(report)
				require.Equal(t, test.want, leaks.Ranges)
			}
		})
	}
}

package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// mapsBlock is the block size of all maps and of borg's chunks here.
const mapsBlock = maps.DefaultBlockSize

const mapsPage = 4 * units.KiB

// mapsShare is of what an image consists, of 512 blocks; the rest is random.
const (
	mapsShare        = 512
	mapsZero         = 256
	mapsDuplicate    = 32
	mapsCompressible = 129
)

// mapsRuns is in how many runs the hundredth part of a volume is that an incremental
// registers.
const mapsRuns = 10

// writeMapsImage writes a volume, always the same for a size: half zeros, a quarter
// that compresses to three quarters, and the rest random or there twice.
func writeMapsImage(path string, size units.Bytes) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	draw := rand.New(rand.NewPCG(7, 9))
	random := rand.NewChaCha8([32]byte{1})
	twin := make([]byte, mapsBlock)
	fillRandom(random, twin)
	blocks := int(size / mapsBlock)
	block := make([]byte, mapsBlock)
	for n, place := range draw.Perm(blocks) {
		switch share := n * mapsShare / blocks; {
		case share < mapsZero:
			continue
		case share < mapsZero+mapsDuplicate:
			copy(block, twin)
		case share < mapsZero+mapsDuplicate+mapsCompressible:
			fillRandom(random, block)
			compressible(block, draw)
		default:
			fillRandom(random, block)
		}
		if _, err := f.WriteAt(block, int64(place)*int64(mapsBlock)); err != nil {
			return err
		}
	}
	if err := f.Truncate(int64(size)); err != nil {
		return err
	}
	return f.Close()
}

func fillRandom(random io.Reader, b []byte) {
	_, _ = io.ReadFull(random, b) // it never fails
}

// compressible makes of random bytes something of which a quarter is there again: pieces
// of 64 bytes that repeat one before them.
func compressible(b []byte, draw *rand.Rand) {
	const piece = 64
	for at := 4 * piece; at+piece <= len(b); at += piece {
		if draw.IntN(100) < 27 {
			from := at - piece*(1+draw.IntN(min(at/piece-1, 500)))
			copy(b[at:at+piece], b[from:from+piece])
		}
	}
}

// changeMapsImage writes random bytes to a hundredth of a volume's pages, in runs, and
// says where.
func changeMapsImage(path string, size units.Bytes) ([]maps.Range, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	draw, random := rand.New(rand.NewPCG(3, 4)), rand.NewChaCha8([32]byte{2})
	length := size / 100 / mapsRuns / mapsPage * mapsPage
	run := make([]byte, length)
	var changed []maps.Range
	for i := range mapsRuns {
		part := size / mapsRuns
		pages := uint64((part - length) / mapsPage)
		start := units.Bytes(i)*part/mapsPage*mapsPage + units.Bytes(draw.Uint64N(pages))*mapsPage
		fillRandom(random, run)
		if _, err := f.WriteAt(run, int64(start)); err != nil {
			return nil, err
		}
		changed = append(changed, maps.Range{Start: start, Length: length})
	}
	return changed, f.Close()
}

// rangesText is how rok reads ranges: "START LENGTH" in bytes, a line each.
func rangesText(ranges []maps.Range) (text string) {
	for _, r := range ranges {
		text += fmt.Sprintf("%d %d\n", uint64(r.Start), uint64(r.Length))
	}
	return text
}

// dirtyBlocks are the numbers of the blocks that ranges touch, in order, each once.
func dirtyBlocks(ranges []maps.Range) (blocks []uint64) {
	for _, r := range ranges {
		for b := uint64(r.Start / mapsBlock); b <= uint64((r.Start+r.Length-1)/mapsBlock); b++ {
			if len(blocks) == 0 || blocks[len(blocks)-1] < b {
				blocks = append(blocks, b)
			}
		}
	}
	return blocks
}

// mapID is an id that nobody else has.
func mapID(n uint64) (id maps.ID) {
	binary.BigEndian.PutUint64(id[:], n+1)
	return maps.SHA256.Sum(id[:8])
}

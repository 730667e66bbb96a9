package metadata

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// fuzzRecord is the length of one change.
const fuzzRecord = 12

// fuzzImages are the fixtures that fuzzing changes, with the blocks that mean
// something in each.
type fuzzImages struct {
	images [][]byte
	used   [][]uint64
}

func newFuzzImages(f *testing.F) fuzzImages {
	var all fuzzImages
	for _, name := range []string{"restored-small", "kernel-held", "kernel-snapshots", "kernel-needs-check"} {
		image := fixture(f, name)
		all.images, all.used = append(all.images, image), append(all.used, usedBlocks(f, image))
	}
	return all
}

// fuzzChange is one change: 12 bytes for the block (a place in the list of those in
// use, 16 bits), the offset (16 bits) and the value (64 bits).
func fuzzChange(block, offset uint16, value uint64) []byte {
	le := binary.LittleEndian
	return le.AppendUint64(le.AppendUint16(le.AppendUint16(nil, block), offset), value)
}

// lies are one change for each field of the superblock and of the headers, first
// keys, values and entries of all other blocks of one image.
func (f fuzzImages) lies(which byte) (all [][]byte) {
	used := f.used[int(which)%len(f.used)]
	for _, field := range []uint16{4, 32, 40, 56, 64, 80, 88, 192, 208, 216, 320, 328, 336, 340, 356, 360} {
		for _, value := range []uint64{0, 1, 5, 1 << 40} {
			all = append(all, fuzzChange(0, field-4, value))
		}
	}
	for i, n := range used[1:] {
		first := uint16(nodeHeaderSize + maxEntries(keySize)*keySize)
		for _, lie := range []struct {
			at    uint16
			value uint64
		}{
			{4, 3 | n<<32}, {4, 2 | n<<32}, {8, n + 1}, // flags or padding, block number
			{16, 1 << 40}, {16, 253 | 252<<32}, {16, 252 << 32}, {16, 1<<63 | 1}, // entries
			{24, 8 | 1<<32}, {24, 9}, // value size, padding
			{32, 1 << 40}, {32, 1}, {40, 0}, // keys, or entries of an index
			{first, 0}, {first, n}, {first, 1 << 60}, {first, used[len(used)/2]}, // values
		} {
			all = append(all, fuzzChange(uint16(i+1), lie.at-4, lie.value))
		}
	}
	return all
}

// changed is a copy of one of the images with changes, and the checksums right.
func (f fuzzImages) changed(which byte, changes []byte) (image []byte, used []uint64) {
	i := int(which) % len(f.images)
	image, used = bytes.Clone(f.images[i]), f.used[i]
	salts := map[uint64]salt{}
	for ; len(changes) >= fuzzRecord; changes = changes[fuzzRecord:] {
		le := binary.LittleEndian
		n := used[int(le.Uint16(changes))%len(used)]
		b := block(image, n)
		if _, ok := salts[n]; !ok {
			salts[n], _ = saltOf(b)
		}
		le.PutUint64(b[4+int(le.Uint16(changes[2:]))%(BlockSize-12):], le.Uint64(changes[4:]))
	}
	for n, s := range salts {
		seal(block(image, n), s)
	}
	return image, used
}

// FuzzCheck changes sound metadata and puts the checksums right again, so that what is
// tested lies behind them.
func FuzzCheck(f *testing.F) {
	images := newFuzzImages(f)
	f.Add(byte(0), []byte{})
	f.Add(byte(1), fuzzChange(0, 64, 1<<60))
	f.Add(byte(2), append(fuzzChange(0, 320, 7), fuzzChange(5, 16, 1<<40)...))
	f.Add(byte(3), fuzzChange(4, 2048, 0))
	for _, which := range []byte{0, 1} {
		for _, lie := range images.lies(which) {
			f.Add(which, lie)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, changes []byte) {
		image, _ := images.changed(which, changes)
		m, err := Open(bytes.NewReader(image), units.Bytes(len(image)))
		if err != nil {
			return
		}
		report, err := m.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, report.Sound(), report.Err() == nil)
		require.LessOrEqual(t, len(report.Faults), maxListed)
		require.LessOrEqual(t, report.MetadataUsed, uint64(len(image)/BlockSize))
		if report.Sound() {
			require.LessOrEqual(t, report.DataBlocks, report.Superblock.DataSpaceMap.Blocks)
		}
		quick, err := m.CheckQuick(t.Context())
		require.NoError(t, err)
		require.True(t, quick.Sound() || !report.Sound(), "what a quick check finds, a whole one does")
	})
}

// FuzzRead reads devices, mappings and deltas of hostile metadata: changes as in
// FuzzCheck, and before them some of a structured kind, which seed chooses.
func FuzzRead(f *testing.F) {
	images := newFuzzImages(f)
	f.Add(byte(0), uint64(0), []byte{})
	for i := range byte(24) {
		f.Add(i, uint64(i)*7+1, []byte{})
	}
	for _, lie := range images.lies(1) {
		f.Add(byte(1), uint64(0), lie)
	}
	f.Fuzz(func(t *testing.T, which byte, seed uint64, changes []byte) {
		image, used := images.changed(which, changes)
		d := damager{t: t, rng: rand.New(rand.NewPCG(seed, 0)), image: image, used: used}
		for range seed % 4 {
			d.resealed()
		}
		m, err := Open(bytes.NewReader(image), units.Bytes(len(image)))
		if err != nil {
			return
		}
		readInOrder(t, m)
		readAll(t, m, false)
		compareMapped(t, m)
	})
}

// compareMapped holds the delta of two devices against what each maps, if all of that
// can be read.
func compareMapped(t *testing.T, m *Metadata) {
	const enough = 20_000
	var sides []map[uint64]uint64
	var devices []ThinDevice
	for d, err := range m.Trees().Devices() {
		if err != nil || len(sides) == 3 {
			break
		}
		all := map[uint64]uint64{}
		for run, err := range m.Mappings(d) {
			if err != nil || len(all) > enough {
				return
			}
			for i := range run.Length {
				all[run.Virtual+i] = run.Data + i
			}
		}
		sides, devices = append(sides, all), append(devices, d)
	}
	for i := 1; i < len(sides); i++ {
		left, right := sides[i-1], sides[i]
		differ := 0
		for key, data := range left {
			if other, ok := right[key]; !ok || other != data {
				differ++
			}
		}
		for key := range right {
			if _, ok := left[key]; !ok {
				differ++
			}
		}
		for c, err := range m.Trees().Delta(devices[i-1], devices[i], DeltaOptions{}).Changes() {
			require.NoError(t, err)
			for k := range c.Length {
				l, inLeft := left[c.Virtual+k]
				r, inRight := right[c.Virtual+k]
				require.Equal(t, c.Kind != RightOnly, inLeft)
				require.Equal(t, c.Kind != LeftOnly, inRight)
				require.True(t, !inLeft || l == c.Left+k)
				require.True(t, !inRight || r == c.Right+k)
				differ--
			}
		}
		require.Zero(t, differ)
	}
}

// readInOrder holds what is read of m against the order that is promised.
func readInOrder(t *testing.T, m *Metadata) {
	const enough = 20_000 // of hostile metadata, which has no end in practice
	n := 0
	var devices []ThinDevice
	for d, err := range m.Trees().Devices() {
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		}
		if d != (ThinDevice{}) {
			require.True(t, len(devices) == 0 || devices[len(devices)-1].ID < d.ID)
			devices = append(devices, d)
		}
		if n++; n > enough {
			break
		}
	}
	for _, d := range devices[:min(len(devices), 20)] {
		n, end := 0, uint64(0)
		for run, err := range m.Mappings(d) {
			if n++; n > enough {
				break
			}
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				continue
			}
			require.NotZero(t, run.Length)
			require.GreaterOrEqual(t, run.Virtual, end)
			end = run.Virtual + run.Length
		}
	}
	for i := 1; i < min(len(devices), 10); i++ {
		n, end := 0, uint64(0)
		for c, err := range m.Trees().Delta(devices[i-1], devices[i], DeltaOptions{}).Changes() {
			if n++; n > enough {
				break
			}
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				continue
			}
			require.NotEqual(t, Same, c.Kind)
			require.NotZero(t, c.Length)
			require.GreaterOrEqual(t, c.Virtual, end)
			end = c.Virtual + c.Length
		}
	}
}

// FuzzDecode hands any block to every decoder, with a checksum that is good for
// it, and expects what was decoded to encode to what decodes the same.
func FuzzDecode(f *testing.F) {
	image := fixture(f, "kernel-snapshots")
	for _, n := range usedBlocks(f, image) {
		f.Add(block(image, n)[4:400])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := make([]byte, BlockSize)
		copy(b[4:], data)
		at := blockNumber(b)

		seal(b, superblockSalt)
		if sb, err := DecodeSuperblock(b, at); err == nil {
			again, err := DecodeSuperblock(AppendSuperblock(nil, sb), at)
			require.NoError(t, err)
			require.Equal(t, sb, again)
		}
		seal(b, indexSalt)
		if entries, err := decodeIndex(b, at, maxIndexEntries); err == nil {
			requireBytes(t, b, appendIndex(nil, at, entries))
		}
		seal(b, bitmapSalt)
		if bits, err := decodeBitmap(b, at); err == nil {
			requireBytes(t, b, appendBitmap(nil, at, bits))
		}
		seal(b, nodeSalt)
		for _, size := range []int{4, keySize, indexEntrySize, deviceDetailSize} {
			if n, err := decodeNode(b, at, "node", size); err == nil {
				for i := range n.entries {
					_ = n.key(i)
					require.Len(t, n.value(i), n.valueSize)
				}
			}
		}
	})
}

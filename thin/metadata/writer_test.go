package metadata

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// volume is a device that a test writes.
type volume struct {
	id       uint64
	detail   DeviceDetail
	mappings []Mapping
}

// writePool writes volumes into an image of that many blocks.
func writePool(t testing.TB, blocks int, pool Pool, volumes []volume) ([]byte, error) {
	t.Helper()
	dev := &memory{image: bytes.Repeat([]byte{0xa5}, blocks*BlockSize)}
	w, err := NewWriter(dev, units.Bytes(len(dev.image)), pool)
	if err != nil {
		return dev.image, err
	}
	for _, v := range volumes {
		require.NoError(t, w.Device(v.id, v.detail))
		for _, m := range v.mappings {
			if err := w.Map(m); err != nil {
				return dev.image, err
			}
		}
	}
	written, err := w.Commit()
	if err != nil {
		return dev.image, err
	}
	require.Equal(t, written.Superblock, openImage(t, dev.image).Superblock())
	require.EqualValues(t, len(volumes), written.Devices)
	require.Equal(t, w.needed() > uint64(blocks), false)
	return dev.image, nil
}

// thinXML is what thin_dump says of such a pool. It does not print UUIDs.
func thinXML(pool Pool, volumes []volume) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<superblock uuid=\"\" time=\"%d\" transaction=\"%d\" flags=\"%d\" version=\"%d\" data_block_size=\"%d\" nr_data_blocks=\"%d\">\n",
		pool.Time, pool.TransactionID, pool.Flags, cmp.Or(pool.Version, Version), pool.DataBlockSize, pool.DataBlocks)
	for _, v := range volumes {
		var joined []Mapping
		var mapped uint64
		for _, m := range v.mappings {
			mapped += m.Length
			if n := len(joined); n == 0 || !joined[n-1].Join(m) {
				joined = append(joined, m)
			}
		}
		fmt.Fprintf(&b, "  <device dev_id=\"%d\" mapped_blocks=\"%d\" transaction=\"%d\" creation_time=\"%d\" snap_time=\"%d\">\n",
			v.id, mapped, v.detail.TransactionID, v.detail.CreationTime, v.detail.SnapshottedTime)
		for _, m := range joined {
			if m.Length == 1 {
				fmt.Fprintf(&b, "    <single_mapping origin_block=\"%d\" data_block=\"%d\" time=\"%d\"/>\n", m.Virtual, m.Data, m.Time)
			} else {
				fmt.Fprintf(&b, "    <range_mapping origin_begin=\"%d\" data_begin=\"%d\" length=\"%d\" time=\"%d\"/>\n", m.Virtual, m.Data, m.Length, m.Time)
			}
		}
		b.WriteString("  </device>\n")
	}
	b.WriteString("</superblock>\n")
	return b.String()
}

// singles maps as many virtual blocks, one by one, to data blocks in any order.
func singles(rng *rand.Rand, n int, data uint64) []Mapping {
	list := make([]Mapping, n)
	var virtual uint64
	for i, block := range rng.Perm(n) {
		virtual += 1 + rng.Uint64N(3)
		list[i] = Mapping{Virtual: virtual, Data: data + uint64(block), Length: 1, Time: uint32(block % 5)}
	}
	return list
}

// poolCase is a pool that a test writes, and blocks that are enough for it.
type poolCase struct {
	blocks  int
	pool    Pool
	volumes []volume
}

func writerCases() map[string]poolCase {
	rng := rand.New(rand.NewPCG(4, 0))
	small := Pool{DataBlockSize: 128, DataBlocks: 1000}
	cases := map[string]poolCase{
		"empty":      {9, small, nil},
		"no data":    {8, Pool{DataBlockSize: 128}, nil},
		"all fields": {9, Pool{Flags: FlagNeedsCheck, Version: 2, Time: 7, TransactionID: 1 << 50, DataBlockSize: 2048, DataBlocks: 1}, nil},
		"one device": {11, small, []volume{{id: 3,
			detail:   DeviceDetail{MappedBlocks: 99, TransactionID: 5, CreationTime: 6, SnapshottedTime: 7},
			mappings: []Mapping{{0, 990, 10, 0}, {10, 0, 1, 1<<24 - 1}, {1<<64 - 20, 5, 20, 3}}}}},
		"one bitmap and a block": {bitmapEntries + 1, small, []volume{{id: 0, mappings: singles(rng, 900, 3)}}},
		"every data block": {200, Pool{DataBlockSize: 128, DataBlocks: bitmapEntries + 5}, []volume{
			{id: MaxDeviceID, mappings: []Mapping{{1, 0, bitmapEntries + 5, 0}}}}},
	}

	devices := make([]volume, 10_000)
	for i := range devices {
		devices[i] = volume{id: uint64(i * 3), detail: DeviceDetail{TransactionID: uint64(i)}}
		if i%2 == 0 {
			devices[i].mappings = []Mapping{{uint64(i), uint64(i), 1 + uint64(i%4), uint32(i)}}
		}
	}
	cases["10,000 devices"] = poolCase{11_000, Pool{DataBlockSize: 128, DataBlocks: 10_010, Time: 10_000}, devices}

	// Counts of 1, 2, 3, 200, 254, 255, 256 and 600.
	var shared []volume
	for i := range 600 {
		v := volume{id: uint64(i)}
		for j, count := range []int{1, 2, 3, 200, 254, 255, 256, 600} {
			if i < count {
				v.mappings = append(v.mappings, Mapping{Virtual: uint64(j * 10), Data: uint64(j * 5), Length: 2})
			}
		}
		shared = append(shared, v)
	}
	cases["shared"] = poolCase{700, small, shared}
	cases["all shared"] = poolCase{700, Pool{DataBlockSize: 128, DataBlocks: 40_000}, []volume{
		{id: 1, mappings: []Mapping{{0, 0, 40_000, 0}}}, {id: 2, mappings: []Mapping{{0, 0, 40_000, 0}}},
		{id: 3, mappings: []Mapping{{7, 0, 30_000, 0}}}}}

	// One block at each end of each bitmap.
	sparse := volume{id: 1}
	const bitmaps = 4000
	for i := range uint64(bitmaps) {
		sparse.mappings = append(sparse.mappings, Mapping{Virtual: i << 40, Data: i * bitmapEntries, Length: 1},
			Mapping{Virtual: i<<40 + 1, Data: (i+1)*bitmapEntries - 1, Length: 1})
	}
	cases["sparse"] = poolCase{4200, Pool{DataBlockSize: 128, DataBlocks: bitmaps * bitmapEntries}, []volume{sparse}}
	return cases
}

func TestWriter(t *testing.T) {
	needThinCheck(t)
	for name, c := range writerCases() {
		t.Run(name, func(t *testing.T) {
			image, err := writePool(t, c.blocks, c.pool, c.volumes)
			require.NoError(t, err)
			requireWritten(t, image, thinXML(c.pool, c.volumes))
		})
	}
}

// requireWritten: image is sound to rok and to thin_check, nothing in it leaks or
// deserves a warning, and thin_dump prints want.
func requireWritten(t testing.TB, image []byte, want string) {
	t.Helper()
	report, err := check(t, image)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Empty(t, report.Warnings)
	require.Zero(t, report.MetadataLeaks.Blocks)
	require.Zero(t, report.DataLeaks.Blocks)
	requireText(t, []byte(want), thinTool(t, image, "thin_dump"))
	ok, out := thinCheck(t, image)
	require.True(t, ok, out)
}

// Every number of entries from an empty tree to one of two levels and a half, at
// which thin_check and Check find no node that is under-full.
func TestWriterFill(t *testing.T) {
	most := maxEntries(keySize)
	for _, n := range []int{0, 1, most - 1, most, most + 1, 2*most - 1, 2 * most, 2*most + 1, 3 * most,
		most*most - 1, most * most, most*most + 1, 2*most*most - 1, 2*most*most + most/2} {
		image, err := writePool(t, n/most+n/most/100+40, Pool{DataBlockSize: 128, DataBlocks: 200_000},
			[]volume{{id: 1, mappings: []Mapping{{3, 1, uint64(n), 0}}}})
		require.NoError(t, err, n)
		report, err := check(t, image)
		require.NoError(t, err)
		require.NoError(t, report.Err(), n)
		require.EqualValues(t, n, report.Mappings)
	}
}

func TestWriterMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("1,000,000 mappings")
	}
	needThinCheck(t)
	rng := rand.New(rand.NewPCG(5, 0))
	pool := Pool{DataBlockSize: 128, DataBlocks: 1_100_000}
	volumes := []volume{{id: 1, mappings: singles(rng, 600_000, 0)}, {id: 2, mappings: singles(rng, 400_000, 400_000)}}
	image, err := writePool(t, 3*bitmapEntries+1, pool, volumes)
	require.NoError(t, err)
	requireWritten(t, image, thinXML(pool, volumes))
}

// The room that an error says is enough is enough, and a block less is not.
func TestWriterNoRoom(t *testing.T) {
	for name, c := range writerCases() {
		var short *NoRoomError
		_, err := writePool(t, 1, c.pool, c.volumes)
		require.ErrorAs(t, err, &short, name)
		require.EqualValues(t, BlockSize, short.Have, name)
		_, err = writePool(t, int(short.Needed/BlockSize), c.pool, c.volumes)
		require.NoError(t, err, name)
		image, err := writePool(t, int(short.Needed/BlockSize)-1, c.pool, c.volumes)
		require.ErrorAs(t, err, &short, name)
		_, err = ReadSuperblock(bytes.NewReader(image))
		require.Error(t, err, name)
	}
}

func TestWriterRefuses(t *testing.T) {
	pool := Pool{DataBlockSize: 128, DataBlocks: 100}
	begin := func(t *testing.T) *Writer {
		w, err := NewWriter(&memory{image: make([]byte, 1<<20)}, 1<<20, pool)
		require.NoError(t, err)
		require.NoError(t, w.Device(4, DeviceDetail{}))
		require.NoError(t, w.Map(Mapping{Virtual: 10, Length: 10}))
		return w
	}
	for _, c := range []struct {
		name string
		run  func(w *Writer) error
		want error
		text string
	}{
		{"the same device", func(w *Writer) error { return w.Device(4, DeviceDetail{}) }, ErrOrder,
			"metadata: device 4: not in ascending order: id: expected above 4, found 4"},
		{"an earlier device", func(w *Writer) error { return w.Device(3, DeviceDetail{}) }, ErrOrder, ""},
		{"no device id", func(w *Writer) error { return w.Device(MaxDeviceID+1, DeviceDetail{}) }, ErrInvalid, ""},
		{"overlap", func(w *Writer) error { return w.Map(Mapping{Virtual: 19, Data: 50, Length: 3}) }, ErrOrder,
			"metadata: device 4, blocks 19..21: not in ascending order: first block: expected at least 20, found 19"},
		{"order", func(w *Writer) error { return w.Map(Mapping{Virtual: 0, Data: 50, Length: 3}) }, ErrOrder, ""},
		{"end of data", func(w *Writer) error { return w.Map(Mapping{Virtual: 30, Data: 98, Length: 3}) }, ErrDataRange,
			"metadata: device 4, blocks 30..32: data device too small: data blocks: expected below 100, found 98..100"},
		{"past data", func(w *Writer) error { return w.Map(Mapping{Virtual: 30, Data: 1 << 60, Length: 1}) }, ErrDataRange, ""},
		{"wrap", func(w *Writer) error { return w.Map(Mapping{Virtual: 30, Length: 1<<64 - 1}) }, ErrInvalid, ""},
		{"time", func(w *Writer) error { return w.Map(Mapping{Virtual: 30, Length: 1, Time: 1 << 24}) }, ErrInvalid, ""},
		{"after the last", func(w *Writer) error {
			require.NoError(t, w.Map(Mapping{Virtual: 1<<64 - 1, Length: 1}))
			return w.Map(Mapping{Virtual: 0, Length: 1})
		}, ErrOrder, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			err := c.run(w)
			require.ErrorIs(t, err, c.want)
			if c.text != "" {
				require.EqualError(t, err, c.text)
			}
			_, err = w.Commit()
			require.NoError(t, err, "what was refused is left out")
		})
	}
	for _, bad := range []Pool{{}, {DataBlockSize: 64}, {DataBlockSize: 129}, {DataBlockSize: 1 << 22},
		{DataBlockSize: 128, Version: 3}, {DataBlockSize: 128, DataBlocks: 1<<40 + 1}} {
		_, err := NewWriter(nil, 1<<20, bad)
		require.ErrorIs(t, err, ErrInvalid)
	}
	w, err := NewWriter(nil, 1<<20, pool)
	require.NoError(t, err)
	require.ErrorIs(t, w.Map(Mapping{Length: 1}), ErrInvalid)
}

// A length that no device could hold is counted, not written.
func TestWriterHugeLength(t *testing.T) {
	dev := &memory{image: make([]byte, 4200*BlockSize)}
	w, err := NewWriter(dev, units.Bytes(len(dev.image)), Pool{DataBlockSize: 128, DataBlocks: 60_000_000})
	require.NoError(t, err)
	for id := range uint64(1000) {
		require.NoError(t, w.Device(id, DeviceDetail{}))
		require.NoError(t, w.Map(Mapping{Length: 60_000_000}))
	}
	_, err = w.Commit()
	var short *NoRoomError
	require.ErrorAs(t, err, &short)
	require.Greater(t, short.Needed, MaxSize)
}

// stopped fails at the nth write.
type stopped struct {
	*memory
	left int
}

func (s *stopped) WriteAt(p []byte, off int64) (int, error) {
	if s.left--; s.left < 0 {
		return 0, os.ErrClosed
	}
	return s.memory.WriteAt(p, off)
}

// Whatever write is the last, the device holds no superblock, or all of the pool.
func TestWriterStops(t *testing.T) {
	old, err := writePool(t, 2000, Pool{DataBlockSize: 128, DataBlocks: 9}, nil)
	require.NoError(t, err)
	for n := 0; ; n++ {
		dev := &stopped{&memory{image: bytes.Clone(old)}, n}
		w, err := NewWriter(dev, units.Bytes(len(old)), Pool{DataBlockSize: 128, DataBlocks: 200_000})
		require.NoError(t, err)
		err = w.Device(1, DeviceDetail{})
		if err == nil {
			err = w.Map(Mapping{Length: 200_000})
		}
		if err == nil {
			_, err = w.Commit()
		} else {
			require.ErrorIs(t, err, os.ErrClosed)
			_, again := w.Commit()
			require.ErrorIs(t, again, os.ErrClosed)
		}
		if err == nil {
			require.Greater(t, n, 3)
			require.Equal(t, 3, dev.synced)
			return
		}
		require.ErrorIs(t, err, os.ErrClosed)
		if n == 0 {
			require.Equal(t, old, dev.image)
			continue
		}
		_, err = ReadSuperblock(dev)
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

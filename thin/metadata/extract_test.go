package metadata

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// numbered is a data device on which each sector of a block begins with its number.
type numbered struct {
	block int64 // bytes
	bad   func(off int64) bool
}

var errBadSector = errors.New("bad sector")

func (d numbered) ReadAt(p []byte, off int64) (int, error) {
	for i := 0; i < len(p); i += 512 {
		at := off + int64(i)
		if d.bad != nil && d.bad(at) {
			return i, errBadSector
		}
		binary.LittleEndian.PutUint64(p[i:], uint64(at/d.block))
	}
	return len(p), nil
}

// extracted is a sink that takes apart what it gets.
type extracted struct {
	t       testing.TB
	block   int64
	at      int64
	data    map[uint64]uint64 // virtual block -> data block
	zero    map[uint64]bool
	missing []*MissingError
	salvage bool
}

func newExtracted(t testing.TB, block int64) *extracted {
	return &extracted{t: t, block: block, data: map[uint64]uint64{}, zero: map[uint64]bool{}}
}

func (x *extracted) advance(off, n int64) {
	require.GreaterOrEqual(x.t, off, x.at, "in ascending order")
	require.Positive(x.t, n)
	x.at = off + n
}

func (x *extracted) Data(p []byte, off int64) error {
	x.advance(off, int64(len(p)))
	for i := 0; i < len(p); i += 512 {
		virtual, found := uint64((off+int64(i))/x.block), binary.LittleEndian.Uint64(p[i:])
		if before, ok := x.data[virtual]; ok && before != found {
			require.Equal(x.t, before, found, "block %d", virtual)
		}
		x.data[virtual] = found
	}
	return nil
}

func (x *extracted) Zero(off, n int64) error {
	x.advance(off, n)
	for at := off; at < off+n && len(x.zero) < 100_000; at += x.block {
		x.zero[uint64(at/x.block)] = true
	}
	return nil
}

func (x *extracted) Missing(off, n int64, cause *MissingError) error {
	if n >= 0 {
		x.advance(off, n)
	}
	x.missing = append(x.missing, cause)
	if !x.salvage {
		return cause
	}
	return nil
}

// mapOf is what a device maps, block by block.
func mapOf(t testing.TB, m *Metadata, d ThinDevice) map[uint64]uint64 {
	t.Helper()
	blocks := map[uint64]uint64{}
	for run, err := range m.Mappings(d) {
		require.NoError(t, err)
		for i := range run.Length {
			blocks[run.Virtual+i] = run.Data + i
		}
	}
	return blocks
}

func devicesOf(t testing.TB, m *Metadata) []ThinDevice {
	t.Helper()
	var list []ThinDevice
	for d, err := range m.Trees().Devices() {
		require.NoError(t, err)
		list = append(list, d)
	}
	return list
}

// Each device of each fixture: what is mapped is read from where it lies, and all
// else up to the size is zero.
func TestExtract(t *testing.T) {
	for _, name := range []string{"kernel-snapshots", "kernel-held", "kernel-needs-check-snapshot"} {
		m := openImage(t, fixture(t, name))
		block, err := m.dataBlockBytes()
		require.NoError(t, err)
		for _, d := range devicesOf(t, m) {
			want := mapOf(t, m, d)
			var end uint64
			for virtual := range want {
				end = max(end, virtual+1)
			}
			for _, size := range []int64{0, int64(end)*block + 3*block, int64(end)*block/2 + 512} {
				x := newExtracted(t, block)
				got, err := m.Trees().Extract(t.Context(), numbered{block: block}, d, x, ExtractOptions{Size: units.Bytes(size)})
				require.NoError(t, err)
				if size == 0 {
					size = int64(end) * block
				}
				require.EqualValues(t, size, got)
				require.Equal(t, size, x.at, "all of the volume")
				for virtual := range ceil(uint64(size), uint64(block)) {
					data, mapped := want[virtual]
					found, ok := x.data[virtual]
					require.Equal(t, mapped, ok, "device %d, block %d", d.ID, virtual)
					require.Equal(t, data, found, "device %d, block %d", d.ID, virtual)
					require.Equal(t, !mapped, x.zero[virtual], "device %d, block %d", d.ID, virtual)
				}
			}
		}
	}
}

// damagedPool is a pool of two devices of several leaves, in which the second
// leaf of one is torn.
func damagedPool(t testing.TB, torn uint64) (*Metadata, Range) {
	t.Helper()
	image, err := writePool(t, 100, Pool{DataBlockSize: 128, DataBlocks: 3000}, []volume{
		{id: 1, mappings: []Mapping{{0, 0, 1000, 0}}}, {id: 2, mappings: []Mapping{{0, 500, 1000, 0}}}})
	require.NoError(t, err)
	m := openImage(t, image)
	d, err := m.Trees().Device(torn)
	require.NoError(t, err)
	root, err := decodeNode(block(image, d.Root), d.Root, "node", keySize)
	require.NoError(t, err)
	require.False(t, root.leaf)
	block(image, root.value64(1))[100]++
	return openImage(t, image), NewRange(root.key(1), root.key(2)-1)
}

func TestExtractDamaged(t *testing.T) {
	m, lost := damagedPool(t, 1)
	whole, err := m.Trees().Device(2)
	require.NoError(t, err)
	x := newExtracted(t, 64<<10)
	_, err = m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, whole, x, ExtractOptions{})
	require.NoError(t, err)
	require.Len(t, x.data, 1000)

	torn, err := m.Trees().Device(1)
	require.NoError(t, err)
	x = newExtracted(t, 64<<10)
	_, err = m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, torn, x, ExtractOptions{})
	var missing *MissingError
	require.ErrorAs(t, err, &missing)
	require.ErrorIs(t, err, ErrCorrupt)
	require.EqualValues(t, 1, missing.Device)
	require.Equal(t, lost, missing.Blocks)

	x = newExtracted(t, 64<<10)
	x.salvage = true
	_, err = m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, torn, x, ExtractOptions{})
	require.NoError(t, err)
	require.Len(t, x.missing, 1)
	require.Empty(t, x.zero)
	for virtual := range uint64(1000) {
		_, ok := x.data[virtual]
		require.Equal(t, !lost.Contains(virtual), ok)
	}
}

// The root itself is gone: nothing is known, however large the volume.
func TestExtractRootLost(t *testing.T) {
	m, _ := damagedPool(t, 1)
	d := ThinDevice{ID: 1, Root: 5000}
	for _, size := range []units.Bytes{0, 1 << 20} {
		x := newExtracted(t, 64<<10)
		x.salvage = true
		got, err := m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, d, x, ExtractOptions{Size: size})
		require.NoError(t, err)
		require.Equal(t, size, got)
		require.EqualValues(t, size, x.at)
		require.Len(t, x.missing, 1)
		require.Empty(t, x.zero)
	}
}

// What cannot be read of the data device is missing, block by block; so is what
// is mapped past its end.
func TestExtractBadData(t *testing.T) {
	image, err := writePool(t, 20, Pool{DataBlockSize: 128, DataBlocks: 100},
		[]volume{{id: 1, mappings: []Mapping{{5, 10, 60, 0}, {100, 90, 10, 0}}}})
	require.NoError(t, err)
	m := openImage(t, image)
	m.sb.DataSpaceMap.Blocks = 95
	d, err := m.Trees().Device(1)
	require.NoError(t, err)
	x := newExtracted(t, 64<<10)
	x.salvage = true
	bad := func(off int64) bool { return off>>16 == 20 || off>>16 == 69 }
	size, err := m.Trees().Extract(t.Context(), numbered{64 << 10, bad}, d, x, ExtractOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 110<<16, size)
	var lost []string
	for _, e := range x.missing {
		lost = append(lost, e.Blocks.String())
	}
	require.Equal(t, []string{"15", "64", "105..109"}, lost)
	require.ErrorIs(t, x.missing[0], errBadSector)
	require.EqualError(t, x.missing[0], "metadata: extract device 1, blocks 15: read data block 20: bad sector")
	require.ErrorIs(t, x.missing[2], ErrCorrupt)
	require.Len(t, x.data, 70-7)
}

func TestExtractFar(t *testing.T) {
	m := openImage(t, fixture(t, "restored-small"))
	d, err := m.Trees().Device(0) // which maps block 2^60
	require.NoError(t, err)
	x := newExtracted(t, 64<<10)
	_, err = m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, d, x, ExtractOptions{})
	require.ErrorIs(t, err, ErrOffset)
	_, err = m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, d, newExtracted(t, 64<<10), ExtractOptions{Size: 21 << 16})
	require.NoError(t, err)
}

func TestExtractEnds(t *testing.T) {
	m := openImage(t, fixture(t, "kernel-held"))
	d := devicesOf(t, m)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Trees().Extract(ctx, numbered{block: 64 << 10}, d, newExtracted(t, 64<<10), ExtractOptions{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.Trees().Extract(t.Context(), bytes.NewReader(nil), d, newExtracted(t, 64<<10), ExtractOptions{})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// What has changed between any two devices of a pool, at its place, and no more.
func TestExtractSince(t *testing.T) {
	for _, name := range []string{"kernel-snapshots", "kernel-held", "restored-small"} {
		m := openImage(t, fixture(t, name))
		block, err := m.dataBlockBytes()
		require.NoError(t, err)
		devices := devicesOf(t, m)
		for _, since := range devices {
			before := mapOf(t, m, since)
			for _, d := range devices {
				after := mapOf(t, m, d)
				if before[1<<60] != after[1<<60] {
					continue // past the end of any file
				}
				x := newExtracted(t, block)
				_, err := m.Trees().Extract(t.Context(), numbered{block: block}, d, x, ExtractOptions{Since: &since})
				require.NoError(t, err)
				for virtual, data := range after {
					found, ok := x.data[virtual]
					was, mapped := before[virtual]
					require.Equal(t, !mapped || was != data, ok, "%d since %d: block %d", d.ID, since.ID, virtual)
					if ok {
						require.Equal(t, data, found)
					}
				}
				for virtual := range before {
					_, mapped := after[virtual]
					require.Equal(t, !mapped, x.zero[virtual], "%d since %d: block %d", d.ID, since.ID, virtual)
				}
				for virtual := range x.data {
					_, mapped := after[virtual]
					require.True(t, mapped)
				}
			}
		}
	}
}

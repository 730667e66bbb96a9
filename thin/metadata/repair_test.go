package metadata

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// repairImage repairs image into one of four times its size.
func repairImage(t testing.TB, image []byte, o Overrides) (*Repaired, []byte, error) {
	t.Helper()
	dev := &memory{image: make([]byte, 4*len(image))}
	report, err := Repair(t.Context(), bytes.NewReader(image), units.Bytes(len(image)), dev, units.Bytes(len(dev.image)), o)
	if err != nil {
		return nil, dev.image, err
	}
	found, err := check(t, dev.image)
	require.NoError(t, err)
	require.NoError(t, found.Err())
	require.Empty(t, found.Warnings)
	require.Zero(t, found.MetadataLeaks.Blocks+found.DataLeaks.Blocks)
	return report, dev.image, nil
}

// contents are what the devices of an image map, and their details.
type contents struct {
	details map[uint64]DeviceDetail
	blocks  map[uint64]map[uint64]uint64
}

func contentsOf(t testing.TB, image []byte) contents {
	t.Helper()
	c := contents{map[uint64]DeviceDetail{}, map[uint64]map[uint64]uint64{}}
	m := openImage(t, image)
	for _, d := range devicesOf(t, m) {
		c.details[d.ID], c.blocks[d.ID] = d.Detail, mapOf(t, m, d)
	}
	return c
}

// requireContents names the first block in which two pools differ.
func requireContents(t testing.TB, want, found contents, what string) {
	t.Helper()
	require.Equal(t, want.details, found.details, what)
	require.Len(t, found.blocks, len(want.blocks), what)
	for id, blocks := range want.blocks {
		require.True(t, len(blocks) == len(found.blocks[id]), "%s: device %d: %d blocks, not %d", what, id, len(found.blocks[id]), len(blocks))
		for virtual, data := range blocks {
			require.Equal(t, data, found.blocks[id][virtual], "%s: device %d, block %d", what, id, virtual)
		}
	}
}

// Sound metadata comes out as it went in, but for needs_check and what was held.
func TestRepairSound(t *testing.T) {
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		report, fixed, err := repairImage(t, image, Overrides{})
		require.NoError(t, err)
		require.Equal(t, FromSuperblock, report.Source)
		require.Zero(t, report.LossCount, "%v", report.Losses)
		require.Empty(t, report.Guessed)
		requireContents(t, contentsOf(t, image), contentsOf(t, fixed), name)
		before, after := openImage(t, image).Superblock(), report.Superblock
		require.Equal(t, before.TransactionID, after.TransactionID)
		require.Equal(t, before.Time, after.Time)
		require.Equal(t, before.DataSpaceMap.Blocks, after.DataSpaceMap.Blocks)
		require.False(t, after.NeedsCheck())
	}
}

// What devices share stays shared: a repair needs no more room than there was, where a
// restore of the dump does.
func TestRepairShares(t *testing.T) {
	image := fixture(t, "kernel-snapshots")
	report, _, err := repairImage(t, image, Overrides{})
	require.NoError(t, err)
	before := openImage(t, image).Superblock().MetadataSpaceMap.Allocated
	require.LessOrEqual(t, report.Superblock.MetadataSpaceMap.Allocated, before)
	var xml bytes.Buffer
	require.NoError(t, openImage(t, image).Trees().WriteXML(&xml, DumpOptions{}))
	restored, err := restore(t, xml.String(), 4*len(image)/BlockSize, Overrides{})
	require.NoError(t, err)
	require.Greater(t, openImage(t, restored).Superblock().MetadataSpaceMap.Allocated, before)
}

// Leaves that lose some entries or nearly all, between others that are whole and shared:
// no node is under-full, and the rest is all there.
func TestRepairPartialLeaves(t *testing.T) {
	const n = 3000
	rng := rand.New(rand.NewPCG(8, 0))
	list := singles(rng, n, 0)
	slices.SortFunc(list[:n/2], func(a, b Mapping) int { return cmp.Compare(a.Data, b.Data) })
	for i := range list { // the first half in order, so that leaves are lost at one end
		list[i].Virtual = uint64(i)
	}
	image, err := writePool(t, 60, Pool{DataBlockSize: 128, DataBlocks: n}, []volume{{id: 1, mappings: list}, {id: 2, mappings: list[:n/2+100]}})
	require.NoError(t, err)
	for limit := uint64(n); limit > 0; limit -= min(limit, 1+rng.Uint64N(60)) {
		_, fixed, err := repairImage(t, image, Overrides{DataBlocks: &limit})
		require.NoError(t, err, limit)
		after := contentsOf(t, fixed)
		for id, all := range map[uint64][]Mapping{1: list, 2: list[:n/2+100]} {
			kept := 0
			for _, m := range all {
				data, ok := after.blocks[id][m.Virtual]
				require.Equal(t, m.Data < limit, ok)
				if ok {
					require.Equal(t, m.Data, data)
					kept++
				}
			}
			require.Len(t, after.blocks[id], kept)
		}
	}
}

// usedBy are the devices of which each metadata block is a part.
func usedBy(t testing.TB, m *Metadata) map[uint64]map[uint64]bool {
	t.Helper()
	used := map[uint64]map[uint64]bool{}
	for _, d := range devicesOf(t, m) {
		c := m.mappingCursor(d)
		for !c.done() {
			if c.inLeaf() {
				c.skipNode()
				continue
			}
			block, _ := c.subtree()
			if used[block] == nil {
				used[block] = map[uint64]bool{}
			}
			used[block][d.ID] = true
			_, err := c.enter()
			require.NoError(t, err)
		}
	}
	return used
}

// A torn node of mappings: the devices without it are whole; the others lack what
// the losses say, and nothing else.
func TestRepairMappings(t *testing.T) {
	for _, name := range []string{"kernel-snapshots", "kernel-held", "kernel-needs-check", "restored-deep"} {
		image := fixture(t, name)
		before := contentsOf(t, image)
		used := usedBy(t, openImage(t, image))
		tried := 0
		for n, devices := range used {
			if tried++; tried > 25 {
				break
			}
			torn := bytes.Clone(image)
			block(torn, n)[50]++
			report, fixed, err := repairImage(t, torn, Overrides{})
			require.NoError(t, err)
			require.Equal(t, FromSuperblock, report.Source)
			require.EqualValues(t, len(devices), report.LossCount)
			after := contentsOf(t, fixed)
			for id, blocks := range before.blocks {
				if !devices[id] {
					require.Equal(t, blocks, after.blocks[id], "%s: device %d without block %d", name, id, n)
					require.Equal(t, before.details[id], after.details[id])
					continue
				}
				for virtual, data := range blocks {
					found, ok := after.blocks[id][virtual]
					lost := false
					for _, l := range report.Losses {
						lost = lost || l.Devices.Contains(id) && l.Blocks.Contains(virtual)
					}
					require.Equal(t, !lost, ok, "%s: device %d, block %d", name, id, virtual)
					if ok {
						require.Equal(t, data, found)
					}
				}
			}
		}
	}
}

// differ counts blocks of the same devices that are not mapped alike.
func differ(a, b contents) (n int) {
	for id, blocks := range b.blocks {
		for virtual, data := range blocks {
			if before, ok := a.blocks[id][virtual]; !ok || before != data {
				n++
			}
		}
	}
	for id, blocks := range a.blocks {
		for virtual := range blocks {
			if _, ok := b.blocks[id][virtual]; !ok {
				n++
			}
		}
	}
	return n
}

// Without a superblock, the newest trees are found again.
func TestRepairWithoutSuperblock(t *testing.T) {
	size := units.Sectors(128)
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		before := contentsOf(t, image)
		copy(image, make([]byte, BlockSize))
		report, fixed, err := repairImage(t, image, Overrides{DataBlockSize: &size})
		if len(before.blocks) == 0 {
			require.ErrorIs(t, err, ErrNoTrees, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, FromSearch, report.Source)
		require.Equal(t, []string{"time", "transaction id", "data blocks"}, report.Guessed)
		after := contentsOf(t, fixed)
		if strings.HasPrefix(name, "kernel-needs-check") {
			// The transaction for which there was no room has left trees that are whole,
			// newer by one block than those of the last commit.
			require.Equal(t, 1, differ(before, after), name)
			continue
		}
		requireContents(t, before, after, name)
	}
}

// The superblock and a node of mappings are lost: no older trees, which are whole, come
// before the newest ones.
func TestRepairWithoutSuperblockTorn(t *testing.T) {
	size := units.Sectors(128)
	for _, name := range []string{"kernel-snapshots", "kernel-held", "restored-deep"} {
		image := fixture(t, name)
		before := contentsOf(t, image)
		tried := 0
		for n, devices := range usedBy(t, openImage(t, image)) {
			if tried++; tried > 25 {
				break
			}
			torn := bytes.Clone(image)
			block(torn, n)[50]++
			for _, lose := range []func(){func() { torn[300]++ }, func() { clear(torn[:BlockSize]) }} {
				lose()
				_, fixed, err := repairImage(t, torn, Overrides{DataBlockSize: &size})
				require.NoError(t, err)
				after := contentsOf(t, fixed)
				found := true
				for id, blocks := range after.blocks {
					_, known := before.blocks[id]
					found = found && known
					for virtual, data := range blocks {
						was, ok := before.blocks[id][virtual]
						found = found && ok && was == data
					}
				}
				for id := range before.blocks {
					found = found && (devices[id] || len(after.blocks[id]) == len(before.blocks[id]))
				}
				require.True(t, found, "%s: block %d", name, n)
			}
		}
	}
}

func TestRepairDamagedSuperblock(t *testing.T) {
	image := fixture(t, "kernel-snapshots")
	before := contentsOf(t, image)
	image[300]++
	_, _, err := repairImage(t, image, Overrides{})
	require.ErrorIs(t, err, ErrNoBlockSize)
	require.EqualError(t, err, "metadata: repair: data block size not known: the damaged superblock says 128s")

	size, transaction, blocks := units.Sectors(128), uint64(9), uint64(10_000)
	report, fixed, err := repairImage(t, image, Overrides{&transaction, &size, &blocks})
	require.NoError(t, err)
	require.Equal(t, FromDamagedSuperblock, report.Source)
	require.Equal(t, []string{"time"}, report.Guessed)
	require.EqualValues(t, 1, report.LossCount)
	requireContents(t, before, contentsOf(t, fixed), "")
	require.EqualValues(t, 9, report.Superblock.TransactionID)
	require.EqualValues(t, 10_000, report.Superblock.DataSpaceMap.Blocks)

	// Its roots are not believed where they lead somewhere else.
	sb := parseSuperblock(image)
	for _, d := range devicesOf(t, openImage(t, fixture(t, "kernel-snapshots"))) {
		sb.MappingRoot = d.Root
	}
	copy(image, AppendSuperblock(nil, sb))
	image[300]++
	report, fixed, err = repairImage(t, image, Overrides{DataBlockSize: &size})
	require.NoError(t, err)
	require.Equal(t, FromSearch, report.Source)
	requireContents(t, before, contentsOf(t, fixed), "")
}

// One of the two roots is torn: the details are lost, or what older tree there is
// comes back.
func TestRepairRoots(t *testing.T) {
	image := fixture(t, "restored-small")
	before := contentsOf(t, image)
	sb := openImage(t, image).Superblock()
	torn := bytes.Clone(image)
	block(torn, sb.DetailsRoot)[50]++
	report, fixed, err := repairImage(t, torn, Overrides{})
	require.NoError(t, err)
	require.Equal(t, before.blocks, contentsOf(t, fixed).blocks)
	require.NotZero(t, report.LossCount)
	require.Equal(t, sb.TransactionID, report.Superblock.TransactionID)

	torn = bytes.Clone(image)
	block(torn, sb.MappingRoot)[50]++
	_, _, err = repairImage(t, torn, Overrides{})
	require.ErrorIs(t, err, ErrNoTrees)
}

// A mapping past the end of the data device is lost, alone.
func TestRepairPastData(t *testing.T) {
	image := fixture(t, "restored-small")
	blocks := uint64(5)
	report, _, err := repairImage(t, image, Overrides{DataBlocks: &blocks})
	require.NoError(t, err)
	require.NotZero(t, report.LossCount)
	require.Equal(t, NewRange(5, 9), report.Losses[0].Blocks)
	require.Equal(t, NewRange(0, 0), report.Losses[0].Devices)
}

// What is not understood is not written anew.
func TestRepairUnknownFeatures(t *testing.T) {
	image := fixture(t, "restored-small")
	for _, change := range []func(*Superblock){
		func(sb *Superblock) { sb.CompatROFlags = 1 },
		func(sb *Superblock) { sb.IncompatFlags = 4 },
	} {
		sb := openImage(t, image).Superblock()
		change(&sb)
		changed := bytes.Clone(image)
		copy(changed, AppendSuperblock(nil, sb))
		_, _, err := repairImage(t, changed, Overrides{})
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
}

// The room that the error asks for is enough, and a block less is not.
func TestRepairNoRoom(t *testing.T) {
	for _, name := range []string{"kernel-snapshots", "kernel-needs-check-snapshot", "restored-deep"} {
		image := fixture(t, name)
		into := func(blocks units.Bytes) error {
			dev := &memory{image: make([]byte, blocks*BlockSize)}
			_, err := Repair(t.Context(), bytes.NewReader(image), units.Bytes(len(image)), dev, blocks*BlockSize, Overrides{})
			return err
		}
		var short *NoRoomError
		require.ErrorAs(t, into(10), &short)
		needed := short.Needed / BlockSize
		require.NoError(t, into(needed))
		require.ErrorAs(t, into(needed-1), &short)
		require.Equal(t, needed*BlockSize, short.Needed)
	}
	dev := &memory{image: make([]byte, 10*BlockSize)}
	_, err := Repair(t.Context(), bytes.NewReader(nil), 0, dev, units.Bytes(len(dev.image)), Overrides{})
	require.ErrorIs(t, err, ErrNoTrees)
}

// Any damage, half of it under a right checksum: what comes out is sound to rok and to
// thin_check. ROK_THIN_COPIES and ROK_THIN_SEED are those of TestDamagedCopies.
func TestRepairAnything(t *testing.T) {
	needThinCheck(t)
	copies, seed := setting(t, "ROK_THIN_COPIES", 100), setting(t, "ROK_THIN_SEED", 1)
	size := units.Sectors(128)
	names, repaired := fixtures(t), 0
	for i := range copies {
		rng := rand.New(rand.NewPCG(seed, i))
		name := names[int(i/2)%len(names)]
		image := fixture(t, name)
		d := &damager{t: t, rng: rng, image: image, used: usedBlocks(t, image)}
		if i%2 == 0 {
			d.resealed()
		} else {
			d.raw()
		}
		copied := fmt.Sprintf("ROK_THIN_SEED=%d, copy %d of %s: %v", seed, i, name, d.did)
		_, fixed, err := repairImage(t, d.image, Overrides{DataBlockSize: &size})
		if err != nil {
			known := errors.Is(err, ErrNoTrees) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, ErrInvalid)
			require.True(t, known || errors.As(err, new(*NoRoomError)), "%s: %v", copied, err)
			continue
		}
		repaired++
		ok, out := thinCheck(t, fixed)
		require.True(t, ok, "%s: %s", copied, out)
	}
	t.Logf("%d of %d copies came out sound; the others were refused", repaired, copies)
}

package metadata

import (
	"fmt"
	"io"
	"math"

	"github.com/rok-storage/rok/units"
)

// Writer writes the metadata of a pool onto a device that holds none, or none
// that is still wanted. It is told the devices by [Writer.Device], in the order
// of their ids, and of each its mappings by [Writer.Map], in the order of virtual
// blocks; [Writer.Commit] makes a pool of them.
//
// Blocks are written from the first on, each once, and the superblock last,
// after a sync: until then there is no valid one. What stood in its place is
// overwritten by zeros before anything else is written; a Writer that was given
// little, or refused it, may not have written yet.
//
// No subtree is shared: devices that share data blocks do so by the reference
// counts of these. Memory: 1 byte for each data block (in pages of 16,320) near one that is
// mapped, about 50 for each that has 255 mappings or more, 32 for each 16,320 data blocks,
// and less than 1 MiB.
type Writer struct {
	pool   Pool
	size   units.Bytes
	blocks *blockWriter

	top, details, mappings *treeWriter
	data                   *tally

	open   bool // there was a device
	begun  bool // …and it is not ended
	id     uint64
	detail DeviceDetail
	end    uint64 // the first virtual block that the next mapping may have
	full   bool   // …and that is the one past the largest

	devices   uint64
	mapped    uint64 // blocks of all devices
	mapBlocks uint64 // metadata blocks of the mappings of the devices before
	// over tells that there is no room, so that the rest is only counted: counted
	// blocks in data, and uncounted ones by their number alone.
	over               bool
	counted, uncounted uint64
	done               bool

	leafCopies // of repairs; zero: nothing is shared
}

// NewWriter returns a Writer of pool's metadata onto the first size bytes of w.
// If w has a method Sync() error, as *os.File has, Commit calls it; otherwise the
// caller syncs. Errors: [InputError] about the pool, and [NoRoomError] where no
// metadata device has room for so many data blocks. Where size is too small,
// Commit says so, and how much is needed.
func NewWriter(w io.WriterAt, size units.Bytes, pool Pool) (*Writer, error) {
	if err := pool.check(); err != nil {
		return nil, err
	}
	limit := min(uint64(size/BlockSize), maxMetadataBlock)
	bitmaps := ceil(pool.DataBlocks, bitmapEntries)
	out := newBlockWriter(w, limit)
	n := &Writer{
		pool: pool, size: size, blocks: out,
		top: newTreeWriter(out, keySize), details: newTreeWriter(out, deviceDetailSize),
		mappings: newTreeWriter(out, keySize),
	}
	// What the pool says of its size is no reason to use memory for it.
	needed := n.needed()
	if needed > maxMetadataBlock {
		return nil, n.noRoom(needed)
	}
	if n.over = needed > limit; !n.over || bitmaps <= maxCountedBitmaps {
		n.data = newTally(int(bitmaps))
	}
	return n, nil
}

// Device begins device id, which is above all before. The mapped blocks of d are
// not looked at: they are counted. Errors: [InputError] (ErrInvalid, ErrOrder),
// and what went wrong at a write.
func (w *Writer) Device(id uint64, d DeviceDetail) error {
	object := fmt.Sprintf("device %d", id)
	switch {
	case id > MaxDeviceID:
		return &InputError{Object: object, What: "id", Expected: fmt.Sprintf("at most %d", MaxDeviceID),
			Found: fmt.Sprint(id), Err: ErrInvalid}
	case w.open && id <= w.id:
		return &InputError{Object: object, What: "id", Expected: fmt.Sprintf("above %d", w.id),
			Found: fmt.Sprint(id), Err: ErrOrder}
	}
	w.endDevice()
	w.open, w.begun, w.id, w.detail = true, true, id, d
	w.detail.MappedBlocks, w.end, w.full = 0, 0, false
	return w.blocks.err
}

// Map adds mappings to the device that was begun last. They come in the order
// of their virtual blocks and do not overlap; one that maps nothing is left out.
// Errors: [InputError] (ErrInvalid, ErrOrder, ErrDataRange), and what went wrong
// at a write. That there is no room is for Commit to say.
func (w *Writer) Map(m Mapping) error {
	if m.Length == 0 {
		return w.blocks.err
	}
	if err := w.checkMapping(m); err != nil {
		return err
	}
	w.end, w.full = m.Virtual+m.Length, m.Virtual+m.Length == 0
	w.detail.MappedBlocks += m.Length
	if w.mapped > math.MaxUint64-m.Length {
		w.mapped = math.MaxUint64
	} else {
		w.mapped += m.Length
	}
	if w.over || w.copies == nil && m.Length/uint64(maxEntries(keySize)) >= w.blocks.room() {
		w.over = true
		w.countOnly(m)
		return w.blocks.err
	}
	value := BlockTime{Block: m.Data, Time: m.Time}.Pack()
	for i := range m.Length {
		w.mappings.add64(m.Virtual+i, value)
		w.data.inc(m.Data + i)
		value += 1 << timeBits
	}
	return w.blocks.err
}

// Bounds of what is counted, block by block, of mappings for which there is no room:
// a length is easily said, and so is a size.
const (
	maxCounted        = 1 << 28 // mappings
	maxCountedBitmaps = 4096    // of a pool for which there is no room from the start
)

// countOnly takes m into the count of what is needed.
func (w *Writer) countOnly(m Mapping) {
	if w.data == nil || m.Length > maxCounted-w.counted {
		w.uncounted = min(w.uncounted+m.Length, maxDataBlocks)
		return
	}
	w.counted += m.Length
	for i := range m.Length {
		w.data.inc(m.Data + i)
	}
}

func (w *Writer) checkMapping(m Mapping) error {
	fault := func(err error, what, expected string, found any) error {
		return &InputError{
			Object: fmt.Sprintf("device %d, blocks %v", w.id, NewRange(m.Virtual, max(m.Virtual, m.Virtual+m.Length-1))),
			What:   what, Expected: expected, Found: fmt.Sprint(found), Err: err,
		}
	}
	switch limit := w.pool.DataBlocks; {
	case !w.begun:
		return &InputError{Object: "mapping", What: "device", Expected: "one", Found: "none", Err: ErrInvalid}
	case m.Virtual+m.Length-1 < m.Virtual:
		return fault(ErrInvalid, "length", "an end below 2^64", m.Length)
	case m.Time >= 1<<timeBits:
		return fault(ErrInvalid, "time", fmt.Sprintf("less than %d", 1<<timeBits), m.Time)
	case w.full:
		return fault(ErrOrder, "first block", "none, the last one is mapped", m.Virtual)
	case m.Virtual < w.end:
		return fault(ErrOrder, "first block", fmt.Sprintf("at least %d", w.end), m.Virtual)
	case m.Data >= limit || m.Length > limit-m.Data:
		return fault(ErrDataRange, "data blocks", fmt.Sprintf("below %d", limit), NewRange(m.Data, max(m.Data, m.Data+m.Length-1)))
	}
	return nil
}

// endDevice writes what is left of the device, and returns the root of its
// mappings.
func (w *Writer) endDevice() (root uint64) {
	if !w.begun {
		return 0
	}
	w.begun = false
	w.devices++
	w.mapBlocks += treeBlocks(w.detail.MappedBlocks, keySize)
	w.over = w.over || w.copies == nil && w.blocks.next > w.blocks.limit
	if w.over {
		return 0
	}
	root = w.mappings.finish()
	w.listDevice(root)
	return root
}

// listDevice enters the device into both trees.
func (w *Writer) listDevice(root uint64) {
	w.top.add64(w.id, root)
	w.details.add(w.id, appendDeviceDetail(nil, w.detail))
}

// Written is what a [Writer] has written.
type Written struct {
	Superblock Superblock // its MetadataSpaceMap tells how many blocks are in use
	Devices    uint64
	Mappings   uint64 // of all devices together
}

// Commit writes what is left: the trees of the devices, the space maps, and
// after a sync the superblock. The Writer is then done. Errors: [NoRoomError], with
// no superblock written, and what went wrong at a write.
func (w *Writer) Commit() (Written, error) {
	if w.done {
		panic("metadata: Commit of a Writer that is done")
	}
	w.done = true
	w.endDevice()
	if needed := w.needed(); w.over {
		return Written{}, w.noRoom(needed)
	}
	sb := w.pool.superblock(w.blocks.limit)
	sb.MappingRoot, sb.DetailsRoot = w.top.finish(), w.details.finish()
	sb.DataSpaceMap = w.blocks.putDataMap(w.data, w.pool.DataBlocks)
	sb.MetadataSpaceMap = w.blocks.putMetadataMap(w.shared)
	if used := w.blocks.next; used > w.blocks.limit {
		return Written{}, w.noRoom(withMetadataMap(used - ceil(w.blocks.limit, bitmapEntries) - 2))
	}
	w.blocks.flush()
	w.blocks.sync()
	w.blocks.write(AppendSuperblock(nil, sb), superblockBlock)
	w.blocks.sync()
	return Written{sb, w.devices, w.mapped}, w.blocks.err
}

// needed is how many metadata blocks are enough for what the Writer was told.
func (w *Writer) needed() uint64 {
	bitmaps := ceil(w.pool.DataBlocks, bitmapEntries)
	many := w.uncounted
	if w.data != nil {
		many += w.data.above(bitmapOverflow - 1)
	}
	many = min(many, w.mapped/bitmapOverflow, w.pool.DataBlocks)
	return withMetadataMap(1 + w.mapBlocks +
		treeBlocks(w.devices, keySize) + treeBlocks(w.devices, deviceDetailSize) +
		bitmaps + treeBlocks(bitmaps, indexEntrySize) + treeBlocks(many, refCountSize))
}

func (w *Writer) noRoom(needed uint64) error {
	needed = min(needed, math.MaxInt64/BlockSize)
	return &NoRoomError{Have: w.size, Needed: units.Bytes(needed * BlockSize)}
}

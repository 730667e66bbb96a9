package metadata

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

var (
	// ErrNoTrees says that there is nothing to repair: neither the superblock nor a
	// search led to the trees of a pool.
	ErrNoTrees = errors.New("no trees of a thin pool found")
	// ErrNoBlockSize says that the size of a data block is lost with the superblock
	// and must be given: with a wrong one, every volume would be garbage.
	ErrNoBlockSize = errors.New("data block size not known")
)

// RepairSource says what led to the trees that a repair has read.
type RepairSource string

// The sources.
const (
	FromSuperblock        RepairSource = "superblock"
	FromDamagedSuperblock RepairSource = "damaged superblock" // its checksum is wrong, and its roots are roots
	FromSearch            RepairSource = "search"             // of the whole device, for the newest trees
)

// Repaired tells what a repair has written, and what it could not.
type Repaired struct {
	Written
	Source RepairSource
	// Guessed are the fields of the superblock that were neither there nor given.
	Guessed []string
	// Losses are what could not be read, by device and range; the list ends after
	// 1,000, LossCount goes on. A device of which no mapping could be reached is left
	// out; one that lost a range reads zeros there.
	Losses    []*CorruptError
	LossCount uint64
}

// Repair reads what can be read of the metadata in the first size bytes of r, and
// writes it anew to w, which must be another place, with [Writer]. The roots are
// those of the superblock. Where it or a root is damaged, the newest trees are
// taken that a search of all blocks finds; trees that are older than the last
// commit may tell of blocks that belong to others since.
//
// Details and counts are made to agree with what is mapped, and reference counts
// and space maps are made new, so that [FlagNeedsCheck] is cleared. A metadata
// snapshot is left out. Leaves that devices shared are shared again, and so is the
// whole tree of devices that shared it; the nodes above leaves are written for each
// device, so that a little more room may be needed than there was.
//
// o goes before what the superblock says. Where that is lost, the transaction
// id and the time are those of the newest device or mapping, and the data device
// ends behind the last block that is mapped; it grows when the pool is activated.
//
// Memory: that of Writer, 5 bytes for each metadata block, and some 50 for each device,
// up to a million of them; in a search 2 more for each block. Errors: [ErrNoTrees], [ErrNoBlockSize],
// [UnsupportedError], [NoRoomError], those of the reader of the superblock, of w and of ctx.
func Repair(ctx context.Context, r io.ReaderAt, size units.Bytes, w io.WriterAt, wsize units.Bytes, o Overrides) (*Repaired, error) {
	p := &repair{ctx: ctx, m: &Metadata{r: r, blocks: uint64(size / BlockSize)}, report: new(Repaired)}
	if err := p.findTrees(); err != nil {
		return nil, fmt.Errorf("metadata: repair: %w", err)
	}
	pool, err := p.pool(o)
	if err != nil {
		return nil, fmt.Errorf("metadata: repair: %w", err)
	}
	out, err := NewWriter(w, wsize, pool)
	if err != nil {
		return nil, err
	}
	if out.data == nil {
		return nil, out.noRoom(out.needed())
	}
	out.shareFrom(p.m.blocks)
	if err := p.write(out); err != nil {
		return nil, err
	}
	p.report.Written, err = out.Commit()
	return p.report, err
}

// repair is one Repair on its way.
type repair struct {
	ctx    context.Context
	m      *Metadata
	report *Repaired
	whole  bool // the superblock is sound
}

// findTrees makes m.sb a superblock whose roots can be read.
func (p *repair) findTrees() error {
	var block [BlockSize]byte
	err := p.m.readBlock(block[:], superblockBlock, "superblock")
	if err == nil {
		p.m.sb, err = DecodeSuperblock(block[:], superblockBlock)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	p.whole = err == nil
	var known candidate
	if p.whole {
		if flags := p.m.sb.CompatROFlags; flags != 0 {
			return &UnsupportedError{Flags: flags, ReadOnly: true}
		}
		p.report.Source = FromSuperblock
		known = p.readable(p.m.sb)
	} else {
		p.report.Source = FromDamagedSuperblock
		p.lose(asCorrupt(superblockBlock, "superblock", err))
		p.m.sb = parseSuperblock(block[:])
		if known, err = p.credible(p.m.sb); err != nil {
			return err
		}
	}
	if known.top != 0 && known.details != 0 {
		return nil
	}
	if p.whole {
		p.loseRoots(known)
	}
	p.report.Source = FromSearch
	best, err := searchTrees(p.ctx, p.m, known)
	if err != nil {
		return err
	}
	p.m.sb.MappingRoot, p.m.sb.DetailsRoot = best.top, best.details
	return nil
}

// readable are those roots of sb that can be read.
func (p *repair) readable(sb Superblock) candidate {
	known := candidate{top: sb.MappingRoot, details: sb.DetailsRoot}
	t := &Trees{p.m, sb}
	if _, err := t.topCursor().enter(); err != nil {
		known.top = 0
	}
	if _, err := t.detailsCursor().enter(); err != nil {
		known.details = 0
	}
	return known
}

// credible are the roots of a superblock whose checksum is wrong, if what is below
// them fits together.
func (p *repair) credible(sb Superblock) (candidate, error) {
	known := p.readable(sb)
	if known.top == 0 || known.details == 0 {
		return candidate{}, nil
	}
	score, err := p.m.look(p.ctx, known)
	if score.stale || score.devices == 0 {
		known = candidate{}
	}
	return known, err
}

// loseRoots notes which roots of the superblock cannot be read.
func (p *repair) loseRoots(known candidate) {
	all := NewRange(0, MaxDeviceID)
	if known.top == 0 {
		e := corrupt(p.m.sb.MappingRoot, topNode.String(), "root", "readable", "damaged")
		e.Devices = all
		p.lose(e)
	}
	if known.details == 0 {
		e := corrupt(p.m.sb.DetailsRoot, detailsNode.String(), "root", "readable", "damaged")
		e.Devices = all
		p.lose(e)
	}
}

// lose notes a loss.
func (p *repair) lose(e *CorruptError) {
	p.report.LossCount++
	if len(p.report.Losses) < maxListed {
		p.report.Losses = append(p.report.Losses, e)
	}
}

// pool is what the superblock says, or what can be known without it.
func (p *repair) pool(o Overrides) (Pool, error) {
	sb := p.m.sb
	pool := Pool{UUID: sb.UUID, Flags: sb.Flags &^ FlagNeedsCheck, Version: sb.Version, Time: sb.Time,
		TransactionID: sb.TransactionID, DataBlockSize: sb.DataBlockSize, DataBlocks: sb.DataSpaceMap.Blocks}
	if !p.whole {
		if o.DataBlockSize == nil {
			if pool.check() == nil {
				return Pool{}, fmt.Errorf("%w: the damaged superblock says %v", ErrNoBlockSize, sb.DataBlockSize)
			}
			return Pool{}, ErrNoBlockSize
		}
		known, err := p.survey()
		if err != nil {
			return Pool{}, err
		}
		pool = Pool{Time: known.time, TransactionID: known.transaction, DataBlocks: known.dataEnd}
		p.report.Guessed = append(p.report.Guessed, "time")
		if o.TransactionID == nil {
			p.report.Guessed = append(p.report.Guessed, "transaction id")
		}
		if o.DataBlocks == nil {
			p.report.Guessed = append(p.report.Guessed, "data blocks")
		}
	}
	o.apply(&pool)
	return pool, nil
}

// write tells out what can be read.
func (p *repair) write(out *Writer) error {
	for d, err := range p.m.Trees().Devices() {
		if err != nil && !p.loseDevice(d, err) {
			continue
		}
		if err := p.writeDevice(out, d); err != nil {
			return err
		}
	}
	return nil
}

// loseDevice notes what err took of d or of some devices, and reports whether d
// has mappings nevertheless.
func (p *repair) loseDevice(d ThinDevice, err error) bool {
	p.lose(asCorrupt(superblockBlock, "device", err))
	return d.Root != 0
}

// writeDevice writes what can be read of d: leaf by leaf, so that leaves which other
// devices have too, are shared again.
func (p *repair) writeDevice(out *Writer, d ThinDevice) error {
	if d.ID > MaxDeviceID {
		e := corrupt(p.m.sb.MappingRoot, topNode.String(), "device id", fmt.Sprintf("at most %d", MaxDeviceID), d.ID)
		e.Devices = NewRange(d.ID, d.ID)
		p.lose(e)
		return nil
	}
	if shared, err := out.share(d.ID, d.Detail, d.Root); shared {
		return err
	}
	begun, losses := false, p.report.LossCount
	c := p.m.mappingCursor(d)
	for !c.done() {
		if err := p.pause(out); err != nil {
			return err
		}
		if !c.inLeaf() {
			block, _ := c.subtree()
			if _, err := c.enter(); err != nil {
				p.lose(asCorrupt(block, mappingNode.String(), err))
				if block == d.Root {
					return nil // nothing of it is known
				}
			}
			continue
		}
		if !begun {
			begun = true
			if err := out.Device(d.ID, d.Detail); err != nil {
				return err
			}
		}
		if err := p.writeLeaf(out, d, c.top()); err != nil {
			return err
		}
		c.skipNode()
	}
	if !begun {
		if err := out.Device(d.ID, d.Detail); err != nil {
			return err
		}
	}
	if p.report.LossCount == losses {
		out.whole(d.Root)
	}
	return nil
}

// pause is why a repair ends early, if it does.
func (p *repair) pause(out *Writer) error {
	switch err := p.ctx.Err(); {
	case err != nil:
		return fmt.Errorf("metadata: repair: %w", err)
	case out.hopeless():
		return out.noRoom(out.blocks.next)
	case p.report.LossCount > maxLosses:
		return fmt.Errorf("metadata: repair: more than %d losses: %w", maxLosses, ErrCorrupt)
	}
	return out.blocks.err
}

// writeLeaf writes a leaf as it is, or those runs of it that can be.
func (p *repair) writeLeaf(out *Writer, d ThinDevice, l *level) error {
	n := l.node
	sound := n.entries >= n.max/3
	for i := range n.entries {
		sound = sound && UnpackBlockTime(n.value64(i)).Block < out.pool.DataBlocks
	}
	if sound {
		out.leaf(l.block, n)
		return out.blocks.err
	}
	var run Mapping
	for i := range n.entries {
		to := UnpackBlockTime(n.value64(i))
		next := Mapping{Virtual: n.key(i), Data: to.Block, Length: 1, Time: to.Time}
		if run.Length > 0 && run.Join(next) {
			continue
		}
		if err := p.writeRun(out, d, run); err != nil {
			return err
		}
		run = next
	}
	return p.writeRun(out, d, run)
}

func (p *repair) writeRun(out *Writer, d ThinDevice, run Mapping) error {
	if fits := out.pool.DataBlocks - min(out.pool.DataBlocks, run.Data); run.Length > fits {
		p.lose(&CorruptError{Block: d.Root, Record: mappingNode.String(), What: "data block",
			Expected: fmt.Sprintf("less than %d", out.pool.DataBlocks), Found: NewRange(run.Data+fits, run.Data+run.Length-1).String(),
			Devices: NewRange(d.ID, d.ID), Blocks: NewRange(run.Virtual+fits, run.Virtual+run.Length-1)})
		run.Length = fits
	}
	return p.take(out.Map(run), d, run)
}

// take makes a loss of what a Writer refuses.
func (p *repair) take(err error, d ThinDevice, run Mapping) error {
	refused := (*InputError)(nil)
	if !errors.As(err, &refused) {
		return err
	}
	e := corrupt(d.Root, mappingNode.String(), refused.What, refused.Expected, refused.Found)
	e.Devices, e.Blocks = NewRange(d.ID, d.ID), NewRange(run.Virtual, run.Virtual+run.Length-1)
	p.lose(e)
	return nil
}

// surveyed is what the trees tell of a superblock that is gone.
type surveyed struct {
	time        uint32
	transaction uint64
	dataEnd     uint64
}

func (p *repair) survey() (s surveyed, err error) {
	for d := range p.m.Trees().Devices() {
		s.time = max(s.time, d.Detail.CreationTime, d.Detail.SnapshottedTime)
		s.transaction = max(s.transaction, d.Detail.TransactionID)
		for run, err := range p.m.Mappings(d) {
			if err := p.ctx.Err(); err != nil {
				return s, err
			}
			if err == nil {
				s.time = max(s.time, run.Time)
				s.dataEnd = max(s.dataEnd, run.Data+run.Length)
			}
		}
	}
	return s, nil
}

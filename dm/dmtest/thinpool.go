package dmtest

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// PoolMode is enum pool_mode of drivers/md/dm-thin.c.
type PoolMode uint8

// The modes. The kernel's status prints PoolOutOfMetadataSpace and PoolReadOnly
// both as "ro".
const (
	PoolWrite PoolMode = iota
	PoolOutOfDataSpace
	PoolOutOfMetadataSpace
	PoolReadOnly
	PoolFail
	// PoolError is no mode of the kernel's: the status is "Error", as where
	// the metadata cannot be read.
	PoolError
)

// Pool is a thin pool that a table of the fake has open.
type Pool struct {
	m          *machine
	owner      *device
	meta, data dm.Dev
	blockSize  units.Sectors
	md         *poolMD
	mode       PoolMode
	suspended  bool
	tables     int // how many have it open
	bound      *poolTarget
}

// poolMD is a pool's metadata, which outlives its tables.
type poolMD struct {
	blockSize   units.Sectors
	transaction uint64
	thins       map[uint64]*thinMD
	heldRoot    uint64
	needsCheck  bool
	usedMeta    uint64 // blocks of 4 KiB
	usedData    uint64 // blocks of blockSize
	dataBlocks  uint64
}

// freshUsedMeta is what an empty pool uses of its metadata.
const freshUsedMeta = 10

// poolTarget is one table's view of a pool: struct pool_c.
type poolTarget struct {
	pool     *Pool
	length   units.Sectors
	lowWater uint64
	features poolFeatures
}

type poolFeatures struct{ skipZero, ignoreDiscard, noPassdown, readOnly, errorIfNoSpace bool }

func (m *machine) newPool(b *Builder) (Instance, error) {
	if len(b.Args) < 4 || b.Args[0] == b.Args[1] {
		return nil, syscall.EINVAL
	}
	features, err := parseFeatures(b.Args[4:])
	if err != nil {
		return nil, err
	}
	meta, err := b.Open(b.Args[0])
	if err != nil {
		return nil, err
	}
	data, err := b.Open(b.Args[1])
	if err != nil {
		return nil, err
	}
	size, err1 := strconv.ParseUint(b.Args[2], 10, 32)
	low, err2 := strconv.ParseUint(b.Args[3], 10, 64)
	if err1 != nil || err2 != nil || size < 128 || size > 1<<21 || size%128 != 0 {
		return nil, syscall.EINVAL
	}
	pool, created, err := m.findPool(b.device, meta, data, units.Sectors(size), features.readOnly)
	if err != nil {
		return nil, err
	}
	if !created && pool.bound != nil && features.ignoreDiscard != pool.bound.features.ignoreDiscard {
		return nil, syscall.EINVAL
	}
	pool.tables++
	return &poolTarget{pool: pool, length: b.Length, lowWater: low, features: features}, nil
}

func parseFeatures(args []string) (f poolFeatures, err error) {
	if len(args) == 0 {
		return f, nil
	}
	count, err := strconv.ParseUint(args[0], 10, 8)
	if err != nil || count > 4 || int(count) > len(args)-1 {
		return f, syscall.EINVAL
	}
	for _, word := range args[1 : 1+count] {
		switch strings.ToLower(word) {
		case "skip_block_zeroing":
			f.skipZero = true
		case "ignore_discard":
			f.ignoreDiscard = true
		case "no_discard_passdown":
			f.noPassdown = true
		case "read_only":
			f.readOnly = true
		case "error_if_no_space":
			f.errorIfNoSpace = true
		default:
			return f, syscall.EINVAL
		}
	}
	return f, nil
}

// findPool is __pool_find: one pool for one metadata device, whichever table
// names it.
func (m *machine) findPool(owner *device, meta, data dm.Dev, blockSize units.Sectors, readOnly bool) (_ *Pool, created bool, err error) {
	for _, p := range m.pools {
		switch {
		case p.meta == meta && (p.owner != owner || p.data != data):
			return nil, false, syscall.EBUSY
		case p.meta == meta:
			return p, false, nil
		case p.owner == owner:
			return nil, false, syscall.EINVAL
		}
	}
	place := m.place(meta)
	m.read(place)
	md := m.saved[place]
	if md == nil {
		if readOnly {
			return nil, false, syscall.EINVAL // there is nothing to read
		}
		md = &poolMD{blockSize: blockSize, thins: map[uint64]*thinMD{}, usedMeta: freshUsedMeta}
		m.saved[place] = md
	}
	if md.blockSize != blockSize {
		return nil, false, syscall.EINVAL
	}
	p := &Pool{m: m, owner: owner, meta: meta, data: data, blockSize: blockSize, md: md, suspended: true}
	m.pools = append(m.pools, p)
	return p, true, nil
}

// place is where a device's first sector lies, below linear targets.
func (m *machine) place(dev dm.Dev) area {
	a := area{dev: dev}
	for a.dev.Major == major {
		d := m.minors[a.dev.Minor]
		if d == nil {
			break
		}
		moved := false
		for _, s := range d.live.all() {
			if l, ok := s.instance.(linear); ok && a.start >= s.start && a.start < s.start+s.length {
				a, moved = area{l.Dev, l.Start + a.start - s.start}, true
				break
			}
		}
		if !moved {
			break
		}
	}
	return a
}

// WipeDisk zeroes a disk: the metadata of pools that lie on it is gone.
func (k *Kernel) WipeDisk(dev dm.Dev) {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	for a := range k.m.saved {
		if a.dev == dev {
			delete(k.m.saved, a)
		}
	}
}

// Close lets the pool go with the last table that has it open.
func (t *poolTarget) Close() { t.pool.put() }

func (p *Pool) put() {
	if p.tables--; p.tables > 0 {
		return
	}
	rest := p.m.pools[:0]
	for _, q := range p.m.pools {
		if q != p {
			rest = append(rest, q)
		}
	}
	p.m.pools = rest
}

func (t *poolTarget) Areas() []Area { return []Area{{t.pool.data, 0, t.length}} }

func (t *poolTarget) Suspend() { t.pool.suspended = true }

// Resume is pool_preresume: the table takes the pool over, a pool whose
// metadata must be checked is not written, and it may grow but never shrink.
func (t *poolTarget) Resume() error {
	p := t.pool
	p.bound = t
	want := PoolWrite
	if t.features.readOnly {
		want = PoolReadOnly
	}
	if want == PoolWrite && p.md.needsCheck {
		if want = p.mode; want == PoolWrite {
			want = PoolReadOnly
		}
	}
	if p.mode != PoolFail {
		p.mode = want
	}
	blocks := uint64(t.length / p.blockSize)
	if blocks < p.md.dataBlocks && p.mode != PoolFail {
		return syscall.EINVAL
	}
	if !p.md.needsCheck && p.mode == PoolWrite {
		p.md.dataBlocks = blocks
	}
	p.suspended = false
	return nil
}

func (t *poolTarget) Table() string {
	p, f := t.pool, t.features
	var words []string
	for _, w := range []struct {
		word string
		set  bool
	}{
		{"skip_block_zeroing ", f.skipZero}, {"ignore_discard ", f.ignoreDiscard},
		{"no_discard_passdown ", f.noPassdown}, {"read_only ", f.readOnly}, {"error_if_no_space ", f.errorIfNoSpace},
	} {
		if w.set {
			words = append(words, w.word)
		}
	}
	return fmt.Sprintf("%v %v %d %d %d %s", p.meta, p.data, uint64(p.blockSize), t.lowWater, len(words), strings.Join(words, ""))
}

func (t *poolTarget) Status() string {
	p, f := t.pool, t.features
	switch p.mode {
	case PoolFail:
		return "Fail"
	case PoolError:
		return "Error"
	}
	if p.bound != nil {
		f = p.bound.features
	}
	choose := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	mode := choose(p.mode == PoolOutOfDataSpace, "out_of_data_space", choose(p.mode == PoolWrite, "rw", "ro"))
	discard := choose(f.ignoreDiscard, "ignore_discard", choose(f.noPassdown, "no_discard_passdown", "discard_passdown"))
	noSpace := choose(f.errorIfNoSpace, "error_if_no_space", "queue_if_no_space")
	held := choose(p.md.heldRoot == 0, "-", strconv.FormatUint(p.md.heldRoot, 10))
	total := p.metaBlocks()
	return fmt.Sprintf("%d %d/%d %d/%d %s %s %s %s %s %d ", p.md.transaction, p.md.usedMeta, total,
		p.md.usedData, p.md.dataBlocks, held, mode, discard, noSpace, choose(p.md.needsCheck, "needs_check", "-"), min(1024, total/4))
}

func (p *Pool) metaBlocks() uint64 { return uint64(p.m.sizeOf(p.meta)) / 8 }

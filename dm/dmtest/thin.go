package dmtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
)

// maxThin is MAX_DEV_ID of drivers/md/dm-thin.c.
const maxThin = 1<<24 - 1

// thinMD is a volume in a pool's metadata.
type thinMD struct {
	mapped uint64 // blocks
	open   int    // tables that have it
}

// thin is one segment that shows a volume.
type thin struct {
	pool          *Pool
	dev, external dm.Dev
	id            uint64
	md            *thinMD
}

func (m *machine) newThin(b *Builder) (Instance, error) {
	if len(b.Args) != 2 && len(b.Args) != 3 {
		return nil, syscall.EINVAL
	}
	t := &thin{}
	var err error
	if len(b.Args) == 3 {
		if b.Args[0] == b.Args[2] {
			return nil, syscall.EINVAL
		}
		if t.external, err = b.Open(b.Args[2]); err != nil {
			return nil, err
		}
	}
	if t.dev, err = b.Open(b.Args[0]); err != nil {
		return nil, err
	}
	if t.id, err = thinID(b.Args[1]); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(m.pools, func(p *Pool) bool { return p.owner.dev == t.dev })
	if at < 0 || m.pools[at].mode == PoolFail {
		return nil, syscall.EINVAL
	}
	t.pool = m.pools[at]
	if t.md = t.pool.md.thins[t.id]; t.md == nil {
		return nil, syscall.ENODATA
	}
	if t.pool.suspended {
		return nil, syscall.EINVAL
	}
	t.md.open++
	t.pool.tables++
	return t, nil
}

func thinID(word string) (uint64, error) {
	id, err := strconv.ParseUint(word, 10, 64)
	if err != nil || id > maxThin {
		return 0, syscall.EINVAL
	}
	return id, nil
}

func (t *thin) Close() {
	t.md.open--
	t.pool.put()
}

func (t *thin) Table() string {
	switch {
	case t.pool.mode == PoolFail:
		return "Fail"
	case t.external != dm.Dev{}:
		return fmt.Sprintf("%v %d %v", t.dev, t.id, t.external)
	}
	return fmt.Sprintf("%v %d", t.dev, t.id)
}

func (t *thin) Status() string {
	size := uint64(t.pool.blockSize)
	switch {
	case t.pool.mode == PoolFail:
		return "Fail"
	case t.md.mapped == 0:
		return "0 -"
	}
	return fmt.Sprintf("%d %d", t.md.mapped*size, t.md.mapped*size-1)
}

// Message is pool_message, with the errno values of
// drivers/md/dm-thin-metadata.c.
func (t *poolTarget) Message(args []string) (string, bool, error) {
	p := t.pool
	if p.mode >= PoolOutOfMetadataSpace {
		return "", false, syscall.EOPNOTSUPP
	}
	do := map[string]struct {
		words int
		do    func(*poolMD, []uint64) error
	}{
		"create_thin":           {1, (*poolMD).createThin},
		"create_snap":           {2, (*poolMD).createSnap},
		"delete":                {1, (*poolMD).delete},
		"set_transaction_id":    {2, (*poolMD).setTransaction},
		"reserve_metadata_snap": {0, (*poolMD).reserve},
		"release_metadata_snap": {0, (*poolMD).releaseSnap},
	}
	verb := strings.ToLower(args[0])
	command, known := do[verb]
	if !known || len(args) != 1+command.words {
		return "", false, syscall.EINVAL
	}
	var numbers []uint64
	for _, word := range args[1:] {
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil || n > maxThin && verb != "set_transaction_id" {
			return "", false, syscall.EINVAL
		}
		numbers = append(numbers, n)
	}
	return "", false, command.do(p.md, numbers)
}

func (md *poolMD) createThin(n []uint64) error {
	if md.thins[n[0]] != nil {
		return syscall.EEXIST
	}
	md.thins[n[0]] = &thinMD{}
	return nil
}

// createSnap does not care whether the origin is suspended, and neither does
// the kernel.
func (md *poolMD) createSnap(n []uint64) error {
	if md.thins[n[0]] != nil {
		return syscall.EEXIST
	}
	origin := md.thins[n[1]]
	if origin == nil {
		return syscall.ENODATA
	}
	md.thins[n[0]] = &thinMD{mapped: origin.mapped}
	return nil
}

func (md *poolMD) delete(n []uint64) error {
	switch t := md.thins[n[0]]; {
	case t == nil:
		return syscall.ENODATA
	case t.open > 0:
		return syscall.EBUSY
	}
	delete(md.thins, n[0])
	return nil
}

func (md *poolMD) setTransaction(n []uint64) error {
	if md.transaction != n[0] {
		return syscall.EINVAL
	}
	md.transaction = n[1]
	return nil
}

func (md *poolMD) reserve([]uint64) error {
	if md.heldRoot != 0 {
		return syscall.EBUSY
	}
	md.heldRoot = md.usedMeta
	md.usedMeta++
	return nil
}

func (md *poolMD) releaseSnap([]uint64) error {
	if md.heldRoot == 0 {
		return syscall.EINVAL
	}
	md.heldRoot = 0
	md.usedMeta--
	return nil
}

// Pool returns the pool that the device of the given name is, or nil.
func (k *Kernel) Pool(name string) *Pool {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	for _, p := range k.m.pools {
		if p.owner.name == name {
			return p
		}
	}
	return nil
}

// change runs do with the lock held, and reports an event as the kernel does
// when a pool changes its mode or crosses a mark.
func (p *Pool) change(do func()) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	do()
	p.m.tableEvent(p.owner)
}

// SetMode puts the pool into a mode.
func (p *Pool) SetMode(mode PoolMode) { p.change(func() { p.mode = mode }) }

// SetNeedsCheck sets or clears the flag in the metadata's superblock. A pool
// that has it becomes read-only at its next resume.
func (p *Pool) SetNeedsCheck(on bool) { p.change(func() { p.md.needsCheck = on }) }

// SetUsed says how many blocks of metadata and of data are used.
func (p *Pool) SetUsed(metadata, data uint64) {
	p.change(func() { p.md.usedMeta, p.md.usedData = metadata, data })
}

// SetMapped says how many blocks of a volume, from its first on, are mapped. It
// does nothing where the pool has no such volume.
func (p *Pool) SetMapped(id uint32, blocks uint64) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if t := p.md.thins[uint64(id)]; t != nil {
		t.mapped = blocks
	}
}

// Mode is the pool's mode now.
func (p *Pool) Mode() PoolMode {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	return p.mode
}

// Thins returns the ids of the pool's volumes, in order.
func (p *Pool) Thins() []uint32 {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	var ids []uint32
	for id := range p.md.thins {
		ids = append(ids, uint32(id))
	}
	slices.Sort(ids)
	return ids
}

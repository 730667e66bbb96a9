package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"

	"github.com/rok-storage/rok/cluster/kv"
)

// The layout of a file of bbolt v1.5.0: internal/common/{page,meta,inode}.go, in the machine's order of bytes.
const (
	pageHeader    = 16 // id, flags, count, overflow
	elementSize   = 16
	bucketHeader  = 16 // root, sequence
	branchPage    = 0x01
	leafPage      = 0x02
	metaPage      = 0x04
	freelistPage  = 0x10
	bucketElement = 0x01
	metaMagic     = 0xED0CDAED
	metaVersion   = 2
	metaSize      = 64
	noFreelist    = ^uint64(0)
	maxDepth      = 32
)

type meta struct {
	pageSize             int64
	root, freelist, high uint64 // high: the first page that is not used
	txn                  uint64
}

// pages checks a file before bbolt, which follows what it reads wherever it leads, into loops and out of the file.
type pages struct {
	file io.ReaderAt
	meta meta
	used []bool
}

// checkPages returns an error that matches [kv.ErrDamaged], or one of reading.
func checkPages(file io.ReaderAt, size int64) error {
	m, err := findMeta(file, size)
	if err != nil {
		return err
	}
	if m.high < 4 || m.high > uint64(size/m.pageSize) {
		return fmt.Errorf("%d pages of %d bytes in a file of %d: %w", m.high, m.pageSize, size, kv.ErrDamaged)
	}
	p := &pages{file: file, meta: m, used: make([]bool, m.high)}
	p.used[0], p.used[1] = true, true
	if err := p.tree(m.root, true, nil, nil, 0); err != nil {
		return err
	}
	if m.freelist == noFreelist {
		return nil
	}
	return p.freelist()
}

// findMeta returns the newer of the two that is whole.
func findMeta(file io.ReaderAt, size int64) (meta, error) {
	var best meta
	found := false
	consider := func(at int64) {
		m, ok := readMeta(file, at)
		if ok && (at == 0 || at == m.pageSize) && (!found || m.txn > best.txn) {
			best, found = m, true
		}
	}
	consider(0)
	for pageSize := int64(1 << 10); pageSize <= 1<<16 && pageSize < size; pageSize <<= 1 {
		consider(pageSize)
	}
	if !found {
		return meta{}, fmt.Errorf("no store: neither of its first two pages is whole: %w", kv.ErrDamaged)
	}
	return best, nil
}

func readMeta(file io.ReaderAt, at int64) (meta, bool) {
	b := make([]byte, pageHeader+metaSize)
	if _, err := file.ReadAt(b, at); err != nil {
		return meta{}, false
	}
	flags := binary.NativeEndian.Uint16(b[8:])
	b = b[pageHeader:]
	u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	sum := fnv.New64a()
	sum.Write(b[:56])
	m := meta{pageSize: int64(u32(b[8:])), root: u64(b[16:]), freelist: u64(b[32:]), high: u64(b[40:]), txn: u64(b[48:])}
	valid := flags&metaPage != 0 && u32(b) == metaMagic && u32(b[4:]) == metaVersion && u64(b[56:]) == sum.Sum64()
	return m, valid && m.pageSize >= 1<<10 && m.pageSize <= 1<<16 && m.pageSize&(m.pageSize-1) == 0
}

// page is one that was read, with the pages that it flows over into.
type page struct {
	*pages
	id           uint64
	flags, count int
	start, size  int64
	head         []byte // its first bytes, of one page
	next         int64  // where the next element's key must be; 0: none was read
}

func (p *pages) damaged(id uint64, format string, args ...any) error {
	return fmt.Errorf("page %d: %s: %w", id, fmt.Sprintf(format, args...), kv.ErrDamaged)
}

// use reads a page, which nothing else may be on.
func (p *pages) use(id uint64) (*page, error) {
	if id < 2 || id >= p.meta.high {
		return nil, p.damaged(id, "there are %d", p.meta.high)
	}
	g := &page{pages: p, id: id, start: int64(id) * p.meta.pageSize, head: make([]byte, p.meta.pageSize)}
	if _, err := p.file.ReadAt(g.head, g.start); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	g.flags, g.count = int(binary.NativeEndian.Uint16(g.head[8:])), int(binary.NativeEndian.Uint16(g.head[10:]))
	overflow := uint64(binary.NativeEndian.Uint32(g.head[12:]))
	if own := binary.NativeEndian.Uint64(g.head); own != id || overflow >= p.meta.high-id {
		return nil, p.damaged(id, "says that it is page %d, and %d more", own, overflow)
	}
	for i := id; i <= id+overflow; i++ {
		if p.used[i] {
			return nil, p.damaged(i, "is used twice")
		}
		p.used[i] = true
	}
	g.size = int64(overflow+1) * p.meta.pageSize
	return g, nil
}

// bytes are n from a place in the page on.
func (g *page) bytes(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || at+n > g.size {
		return nil, g.damaged(g.id, "bytes %d to %d of %d", at, at+n, g.size)
	}
	if at+n <= int64(len(g.head)) {
		return g.head[at : at+n], nil
	}
	b := make([]byte, n)
	_, err := g.file.ReadAt(b, g.start+at)
	return b, err
}

type child struct {
	id  uint64
	key []byte
}

// tree checks the pages of a bucket below one, whose keys are from low up to, and without, high; nil: no end.
func (p *pages) tree(id uint64, root bool, low, high []byte, depth int) error {
	if depth > maxDepth {
		return p.damaged(id, "the tree is too deep")
	}
	g, err := p.use(id)
	if err != nil {
		return err
	}
	if g.flags != branchPage && g.flags != leafPage || g.count == 0 && (g.flags == branchPage || low != nil) {
		return p.damaged(id, "kind %#x with %d elements", g.flags, g.count)
	}
	var children []child
	last := low
	for i := range g.count {
		e, err := g.element(i)
		if err != nil {
			return err
		}
		order := bytes.Compare(e.key, last)
		if order < 0 || order == 0 && i > 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			return p.damaged(id, "key %q is out of order", e.key)
		}
		last = e.key
		if g.flags == branchPage {
			children = append(children, child{e.page, bytes.Clone(e.key)})
			continue
		}
		if err := g.leaf(e, root, depth); err != nil {
			return err
		}
	}
	for i, c := range children {
		end := high
		if i+1 < len(children) {
			end = children[i+1].key
		}
		if err := p.tree(c.id, root, c.key, end, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// element is one of a page.
type element struct {
	key              []byte
	page             uint64 // of a branch
	flags            uint32 // of a leaf
	value, valueSize int64  // where it is in the page
}

func (g *page) element(i int) (element, error) {
	at := int64(pageHeader + i*elementSize)
	b, err := g.bytes(at, elementSize)
	if err != nil {
		return element{}, err
	}
	u32 := binary.NativeEndian.Uint32
	var e element
	var pos, size int64
	if g.flags == branchPage {
		pos, size, e.page = int64(u32(b)), int64(u32(b[4:])), binary.NativeEndian.Uint64(b[8:])
	} else {
		e.flags, pos, size, e.valueSize = u32(b), int64(u32(b[4:])), int64(u32(b[8:])), int64(u32(b[12:]))
	}
	pos += at
	e.value = pos + size
	// bbolt writes keys and values side by side behind the elements: fewer elements than there were, or more, are
	// found by that (WriteInodeToPage, internal/common/inode.go).
	want := g.next
	if want == 0 {
		want = pageHeader + int64(g.count)*elementSize
	}
	if pos != want || e.value+e.valueSize > g.size {
		return e, g.damaged(g.id, "element %d is not where it must be", i)
	}
	g.next = e.value + e.valueSize
	e.key, err = g.bytes(pos, size)
	return e, err
}

// leaf checks an element of a leaf: buckets are in the root alone, and values in them.
func (g *page) leaf(e element, root bool, depth int) error {
	if !root {
		if e.flags != 0 {
			return g.damaged(g.id, "key %q has flags %#x", e.key, e.flags)
		}
		return nil
	}
	if e.flags != bucketElement || e.valueSize < bucketHeader {
		return g.damaged(g.id, "key %q is no bucket", e.key)
	}
	b, err := g.bytes(e.value, bucketHeader)
	if err != nil {
		return err
	}
	if id := binary.NativeEndian.Uint64(b); id != 0 {
		return g.tree(id, false, nil, nil, depth+1)
	}
	return g.inline(e)
}

// inline checks a bucket that is small enough to be in its own element: a leaf of it.
func (g *page) inline(e element) error {
	b, err := g.bytes(e.value+bucketHeader, e.valueSize-bucketHeader)
	if err != nil || len(b) < pageHeader {
		return g.damaged(g.id, "bucket %q is cut short", e.key)
	}
	in := &page{pages: g.pages, id: g.id, size: int64(len(b)), head: b}
	in.flags, in.count = int(binary.NativeEndian.Uint16(b[8:])), int(binary.NativeEndian.Uint16(b[10:]))
	if in.flags != leafPage {
		return g.damaged(g.id, "bucket %q has kind %#x", e.key, in.flags)
	}
	var last []byte
	for i := range in.count {
		inner, err := in.element(i)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(inner.key, last) <= 0 || inner.flags != 0 {
			return g.damaged(g.id, "key %q is out of order", inner.key)
		}
		last = inner.key
	}
	return nil
}

// freelist checks that what is free is not used.
func (p *pages) freelist() error {
	g, err := p.use(p.meta.freelist)
	if err != nil {
		return err
	}
	if g.flags != freelistPage {
		return p.damaged(g.id, "kind %#x, not that of the free list", g.flags)
	}
	at, count := int64(pageHeader), int64(g.count)
	if count == 0xFFFF {
		b, err := g.bytes(at, 8)
		if err != nil {
			return err
		}
		at, count = at+8, int64(min(binary.NativeEndian.Uint64(b), 1<<40))
	}
	ids, err := g.bytes(at, 8*count)
	if err != nil {
		return err
	}
	for ; len(ids) > 0; ids = ids[8:] {
		id := binary.NativeEndian.Uint64(ids)
		if id < 2 || id >= p.meta.high || p.used[id] {
			return p.damaged(id, "is in the free list, and used")
		}
		p.used[id] = true
	}
	return nil
}

package maps

import (
	"context"
	"errors"
	"io"
	"iter"
)

// Map is a map that was opened. It is a value; what leads to its ids is read where
// it is asked for.
type Map struct {
	Header
	Attributes []Attribute

	head  []byte            // of a v3 map: its header, which the digest covers
	pages *io.SectionReader // of a v3 map: from the first page to the end
	start int64             // of pages, in the map's bytes
}

// Open reads the header and the attributes of a map's object of size bytes. What
// the ids are made of is verified as it is read. A v3 map keeps r. Errors match
// [ErrCorrupt], or errors.ErrUnsupported for what a newer release wrote.
func Open(r io.ReaderAt, size int64) (*Map, error) {
	b := make([]byte, headerSize3, headerSize4)
	if _, err := readAt(r, b, 0, size); err != nil {
		return nil, short(err, "header", 0, 0)
	}
	n, err := headerSize(b)
	if err != nil {
		return nil, err
	}
	b = b[:n]
	if _, err := readAt(r, b, 0, size); err != nil {
		return nil, short(err, "header", 0, 0)
	}
	m := &Map{}
	if m.Header, err = parseHeader(b); err != nil {
		return nil, err
	}
	end, err := m.readAttributes(r, int64(n), size)
	if err != nil {
		return nil, err
	}
	if m.Version == 3 {
		m.head, m.start = b, end
		m.pages = io.NewSectionReader(r, end, size-end)
		return m, m.readEnd(r, size)
	}
	if end != size {
		return nil, fault("length", end, size).in("header", ID{}, 0, 0)
	}
	return m, nil
}

// readAttributes reads the section at a place, and returns where it ends.
func (m *Map) readAttributes(r io.ReaderAt, at, size int64) (end int64, err error) {
	var length [4]byte
	if _, err := readAt(r, length[:], at, size); err != nil {
		return 0, short(err, "attributes", 0, at)
	}
	n := int64(beUint32(length[:]))
	if n > MaxAttributes {
		return 0, fault("length", "at most 65536", n).in("attributes", ID{}, 0, at)
	}
	section := make([]byte, 4+n+4)
	if _, err := readAt(r, section, at, size); err != nil {
		return 0, short(err, "attributes", 0, at)
	}
	var fault *CorruptError
	if m.Attributes, fault = parseAttributes(section); fault != nil {
		return 0, fault.in("attributes", ID{}, 0, at)
	}
	return at + int64(len(section)), nil
}

// readAt fills b from the first size bytes of r.
func readAt(r io.ReaderAt, b []byte, at, size int64) (int, error) {
	if at < 0 || size-at < int64(len(b)) {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		err = nil
	}
	return n, err
}

// Entry is the id of one block.
type Entry struct {
	Index uint64 // of the block in the volume
	ID    ID
}

// errStop ends a walk that its caller has enough of.
var errStop = errors.New("stop")

// Entries are all blocks that are not zeros, in order. Each node and page is verified,
// and a walk that ends without an error has also found the counts and a v3 map's digest
// right. An error is the last that comes. The store is not asked for a v3 map, and may
// be nil then. Memory: a page, or a node for each level.
func (m *Map) Entries(ctx context.Context, store Getter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := m.groups(ctx, store, func(first uint64, ids []ID) error {
			for i := range ids {
				if !ids[i].IsZero() && !yield(Entry{first + uint64(i), ids[i]}, nil) {
					return errStop
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Entry{}, err)
		}
	}
}

// groups hands on the ids of one leaf or page after the other, those without any left
// out. What is handed on is valid until the function returns.
func (m *Map) groups(ctx context.Context, store Getter, each func(first uint64, ids []ID) error) error {
	switch {
	case m.Version == 3:
		return m.walkPages(ctx, func(p flatPage, ids []ID) error { return each(p.number*pageWidth, ids) })
	case m.Degree == 0:
		return walkChain(ctx, store, m.Header, each)
	}
	return walkTree(ctx, store, m.Header, each)
}

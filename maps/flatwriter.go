package maps

import (
	"context"
	"encoding/binary"
	"hash"
	"io"
)

// page collects the ids of one page. It is empty where used is false.
type page struct {
	number uint64
	ids    []ID
	used   bool
}

func (p *page) put(index uint64, id ID) {
	p.number, p.used = index/pageWidth, true
	p.ids[index%pageWidth] = id
}

func (p *page) clear() {
	clear(p.ids)
	p.used = false
}

// flatWriter writes the pages of a v3 map.
type flatWriter struct {
	dst    io.Writer
	digest hash.Hash
	page   page
	count  uint64
	buf    []byte
}

func newFlatWriter(dst io.Writer, s Shape, attributes []byte) (*flatWriter, error) {
	w := &flatWriter{dst: dst, digest: s.Hash.running(), page: page{ids: make([]ID, pageWidth)}}
	head := Header{Shape: s}.appendHeader(nil)
	_, _ = w.digest.Write(head)
	return w, write(dst, append(head, attributes...))
}

func (w *flatWriter) add(_ context.Context, index uint64, id ID) error {
	if w.page.used && w.page.number != index/pageWidth {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.page.put(index, id)
	w.count++
	return nil
}

func (w *flatWriter) flush() error {
	w.buf = binary.BigEndian.AppendUint64(w.buf[:0], w.page.number)
	w.buf = appendGroup(w.buf, w.page.ids)
	_, _ = w.digest.Write(w.buf)
	w.page.clear()
	return write(w.dst, w.buf)
}

func (w *flatWriter) finish(context.Context) (ID, error) {
	if w.page.used {
		if err := w.flush(); err != nil {
			return ID{}, err
		}
	}
	be := binary.BigEndian
	end := be.AppendUint64(be.AppendUint64(nil, endNumber), w.count)
	_, _ = w.digest.Write(end)
	id := ID(w.digest.Sum(nil))
	return id, write(w.dst, append(end, id[:]...))
}

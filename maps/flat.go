package maps

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// pageWidth is the number of places in a page, of v3 and of flat v4 maps.
const pageWidth = 8192

const (
	// endNumber stands where the number of the next page would, behind the last.
	endNumber = math.MaxUint64
	// endSize is the length of what closes a v3 map: endNumber, the number of blocks that
	// are not zeros, and the digest of all before it but the attributes.
	endSize = 8 + 8 + IDSize
)

func beUint32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// flatPage says where in a v3 map a page is.
type flatPage struct {
	number uint64
	offset int64 // of the bitmap, in the map's bytes
	length int   // of bitmap and ids
	crc    uint32
}

// readEnd takes count and digest from the end of a v3 map. Whether they are right
// is known when all pages have been read.
func (m *Map) readEnd(r io.ReaderAt, size int64) error {
	end := make([]byte, endSize)
	at := size - endSize
	if at < m.start {
		return short(io.ErrUnexpectedEOF, "end", 0, m.start)
	}
	if _, err := readAt(r, end, at, size); err != nil {
		return short(err, "end", 0, at)
	}
	be := binary.BigEndian
	if found := be.Uint64(end); found != endNumber {
		return fault("mark", uint64(endNumber), found).in("end", ID{}, 0, at)
	}
	m.NonZero = be.Uint64(end[8:])
	copy(m.Body[:], end[16:])
	if m.NonZero > m.Blocks() {
		return fault("blocks that are not zero", fmt.Sprint("at most ", m.Blocks()), m.NonZero).in("end", ID{}, 0, at)
	}
	return nil
}

// walkPages reads all pages of a v3 map, and verifies its digest.
func (m *Map) walkPages(ctx context.Context, each func(flatPage, []ID) error) error {
	digest := m.Hash.running()
	_, _ = digest.Write(m.head)
	in := bufio.NewReaderSize(io.NewSectionReader(m.pages, 0, m.pages.Size()), 64<<10)
	be := binary.BigEndian
	ids, buf := make([]ID, pageWidth), make([]byte, 8+groupSize(pageWidth))
	at, total, next := m.start, uint64(0), uint64(0)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.ReadFull(in, buf[:8]); err != nil {
			return short(err, "page", next*pageWidth, at)
		}
		number := be.Uint64(buf)
		if number == endNumber {
			break
		}
		if pages := (m.Blocks() + pageWidth - 1) / pageWidth; number < next || number >= pages {
			return fault("number", fmt.Sprintf("from %d to below %d", next, pages), number).in("page", ID{}, next*pageWidth, at)
		}
		first, b := number*pageWidth, buf[8:8+pageWidth/8]
		if _, err := io.ReadFull(in, b); err != nil {
			return short(err, "page", first, at)
		}
		n := countGroup(b)
		b = buf[8 : 8+pageWidth/8+n*IDSize]
		if _, err := io.ReadFull(in, b[pageWidth/8:]); err != nil {
			return short(err, "page", first, at)
		}
		if fault := parseGroup(ids, b, m.Blocks()-first); fault != nil {
			return fault.in("page", ID{}, first, at)
		}
		_, _ = digest.Write(buf[:8+len(b)])
		if err := each(flatPage{number, at + 8, len(b), checksum(b)}, ids); err != nil {
			return err
		}
		at, total, next = at+8+int64(len(b)), total+uint64(n), number+1
	}
	return m.checkEnd(in, digest.Sum, digest.Write, buf, at, total)
}

// checkEnd reads what is behind the mark at the end, and compares.
func (m *Map) checkEnd(in io.Reader, sum func([]byte) []byte, write func([]byte) (int, error), buf []byte, at int64, total uint64) error {
	if _, err := io.ReadFull(in, buf[8:endSize]); err != nil {
		return short(err, "end", 0, at)
	}
	_, _ = write(buf[:16])
	if found := binary.BigEndian.Uint64(buf[8:]); found != total {
		return fault("blocks that are not zero", total, found).in("end", ID{}, 0, at)
	}
	want := sum(nil)
	if !bytes.Equal(want, buf[16:endSize]) {
		return fault("digest", fmt.Sprintf("%x", want), fmt.Sprintf("%x", buf[16:endSize])).in("end", ID{}, 0, at)
	}
	if n, _ := in.Read(buf[:1]); n != 0 {
		return fault("length", fmt.Sprint(at+endSize-m.start), fmt.Sprint(m.pages.Size())).in("end", ID{}, 0, at)
	}
	return nil
}

// readPage reads one page again that walkPages has been at.
func (m *Map) readPage(p flatPage, ids []ID, buf []byte) error {
	b := buf[:p.length]
	if _, err := readAt(m.pages, b, p.offset-m.start, m.pages.Size()); err != nil {
		return short(err, "page", p.number*pageWidth, p.offset)
	}
	if found := checksum(b); found != p.crc {
		return fault("content", "what was there when the map was first read", "other bytes").in("page", ID{}, p.number*pageWidth, p.offset)
	}
	if fault := parseGroup(ids, b, m.Blocks()-p.number*pageWidth); fault != nil {
		return fault.in("page", ID{}, p.number*pageWidth, p.offset)
	}
	return nil
}

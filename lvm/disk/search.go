package disk

import (
	"bytes"
	"io"
	"strconv"

	"github.com/rok-storage/rok/units"
)

// Found is a text that is still in a ring, committed or not.
type Found struct {
	Location
	Summary
}

// Summary is what the first lines of a text say.
type Summary struct {
	Name  string // the VG's
	ID    string // the VG's, with dashes
	Seqno uint32
}

// searchChunk is how much of a ring is held at a time.
const searchChunk = 1 << 20

// Search looks through the ring of a for texts: the one that is committed, older
// ones, and those of VGs that were there before. A text is found where a sector
// begins like one, and no other text begins, or the ring ends, before a zero byte
// closes it. What else is in it may be damaged: its checksum is what it is now.
// The order is that of the ring from its start. It fails with an [*Error]
// where the ring cannot be read.
func (a Area) Search(r io.ReaderAt) ([]Found, error) {
	if a.Size < HeaderSize+units.SectorSize {
		return nil, nil
	}
	starts, err := a.starts(r)
	if err != nil {
		return nil, err
	}
	var whole []Found
	buf := make([]byte, min(searchChunk, a.Size))
	for i, f := range starts {
		limit := a.Size - HeaderSize // once around
		if len(starts) > 1 {
			next := starts[(i+1)%len(starts)].Offset
			limit = (next + limit - f.Offset) % limit
		}
		closed, err := a.close(r, &f, limit, buf)
		if err != nil {
			return nil, err
		}
		if closed {
			whole = append(whole, f)
		}
	}
	return whole, nil
}

// starts returns the sectors of the ring at which a text begins.
func (a Area) starts(r io.ReaderAt) (starts []Found, err error) {
	buf := make([]byte, min(searchChunk, a.Size))
	for at := units.Bytes(HeaderSize); at < a.Size; at += units.Bytes(len(buf)) {
		buf = buf[:min(units.Bytes(len(buf)), a.Size-at)]
		if err := a.readRing(r, buf, at); err != nil {
			return nil, err
		}
		for s := 0; s+units.SectorSize <= len(buf); s += units.SectorSize {
			if summary, ok := ReadSummary(buf[s : s+units.SectorSize]); ok {
				starts = append(starts, Found{Location{Offset: at + units.Bytes(s)}, summary})
			}
		}
	}
	return starts, nil
}

// close looks for the zero byte that ends the text at f.Offset, within the next
// limit bytes of the ring, and sets the text's size and checksum.
func (a Area) close(r io.ReaderAt, f *Found, limit units.Bytes, buf []byte) (bool, error) {
	f.Checksum = initialCRC
	f.Size = 0
	for at := f.Offset; f.Size < limit; {
		if at == a.Size {
			at = HeaderSize
		}
		b := buf[:min(units.Bytes(len(buf)), limit-f.Size, a.Size-at)]
		if err := a.readRing(r, b, at); err != nil {
			return false, err
		}
		end := bytes.IndexByte(b, 0) + 1
		if end > 0 {
			b = b[:end]
		}
		f.Checksum = checksum(f.Checksum, b)
		f.Size += units.Bytes(len(b))
		if end > 0 {
			return true, nil
		}
		at += units.Bytes(len(b))
	}
	return false, nil
}

func (a Area) readRing(r io.ReaderAt, b []byte, at units.Bytes) error {
	if err := readFull(r, b, a.Start+at); err != nil {
		return &Error{Structure: "metadata area", Offset: a.Start + at, What: "cannot be read", Err: err}
	}
	return nil
}

const maxName = 127 // NAME_LEN less its zero byte, lib/metadata/metadata-exported.h

// ReadSummary reads the first lines of a text as lvm2 prints it, which no other
// section of it has, since neither LVs nor PVs have a seqno:
//
//	NAME {
//	id = "…"
//	seqno = N
//
// They are within the first 512 bytes. It returns false where b begins otherwise.
func ReadSummary(b []byte) (s Summary, ok bool) {
	name, b, ok := bytes.Cut(b[:min(len(b), units.SectorSize)], []byte(" {\nid = \""))
	if !ok || len(name) == 0 || len(name) > maxName || bytes.IndexFunc(name, notOfName) >= 0 {
		return s, false
	}
	id, b, ok := bytes.Cut(b, []byte("\"\nseqno = "))
	if !ok || len(id) != pvIDSize+6 {
		return s, false
	}
	number, _, ok := bytes.Cut(b, []byte("\n"))
	if !ok {
		return s, false
	}
	seqno, err := strconv.ParseUint(string(number), 10, 32)
	return Summary{string(name), string(id), uint32(seqno)}, err == nil
}

// notOfName: validate_name, lib/misc/lvm-string.c.
func notOfName(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-', c == '+':
		return false
	}
	return true
}

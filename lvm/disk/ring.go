package disk

import (
	"bytes"
	"io"
	"strings"

	"github.com/rok-storage/rok/units"
)

// The ring is the area behind its header. A text begins at a sector, goes on at
// the ring's start where the area ends, and has the rest of its last sector for
// itself.

// Run is a piece of a device that holds a piece of a text.
type Run struct {
	Start units.Bytes // on the device
	Size  units.Bytes
}

// MaxText is the size of the longest text that lvm2 writes into a, its closing
// zero byte included: max_size in vg_write_raw, lib/format_text/format-text.c.
func (a Area) MaxText() units.Bytes {
	if a.Size < HeaderSize+2*units.SectorSize {
		return 0
	}
	return (a.Size-HeaderSize)/2 - units.SectorSize
}

// CheckLocation returns what is wrong with the place of a text in a, or nil. It
// may be longer than MaxText, which only writers keep to.
func (a Area) CheckLocation(l Location) error {
	switch {
	case l.Offset < HeaderSize || l.Offset >= a.Size:
		return a.fault("offset", "within "+a.String(), plain(l.Offset))
	case l.Size == 0 || l.Size > a.Size-HeaderSize:
		return a.fault("size", "within "+a.String(), plain(l.Size))
	}
	return nil
}

func (a Area) fault(what string, expected, found any) *Error {
	return damaged("metadata text", a.Start, what, expected, found)
}

// Runs returns where on the device the text at l is, in one run or two. The
// location passes [Area.CheckLocation].
func (a Area) Runs(l Location) []Run {
	first := min(l.Size, a.Size-l.Offset)
	runs := []Run{{a.Start + l.Offset, first}}
	if first < l.Size {
		runs = append(runs, Run{a.Start + HeaderSize, l.Size - first})
	}
	return runs
}

const (
	// textChunk is how much of a text is held besides the text itself.
	textChunk = 64 << 10
	// ordinaryText is the longest text for which memory is taken before it is read:
	// one of 50,000 LVs.
	ordinaryText = 16 << 20
)

// ReadText reads the text at l up to its first zero byte, where lvm2 ends: the memory
// that is taken is that of what is there, and not of the size that l has. It fails
// with an [*Error].
func (a Area) ReadText(r io.ReaderAt, l Location) (string, error) {
	if err := a.CheckLocation(l); err != nil {
		return "", err
	}
	var text strings.Builder
	text.Grow(int(min(l.Size, ordinaryText)))
	chunk := make([]byte, min(l.Size, textChunk))
	crc, ended := uint32(initialCRC), false
	for _, run := range a.Runs(l) {
		for done := units.Bytes(0); done < run.Size; {
			b := chunk[:min(run.Size-done, textChunk)]
			if err := readFull(r, b, run.Start+done); err != nil {
				return "", &Error{Structure: "metadata text", Offset: run.Start + done, What: "cannot be read", Err: err}
			}
			crc = checksum(crc, b)
			done += units.Bytes(len(b))
			if ended {
				continue
			}
			if i := bytes.IndexByte(b, 0); i >= 0 {
				b, ended = b[:i], true
			}
			text.Write(b)
		}
	}
	if crc != l.Checksum {
		return "", damaged("metadata text", a.Start+l.Offset, "checksum", hex(l.Checksum), hex(crc))
	}
	if text.Len() < text.Cap()/2 { // it is far shorter than l says
		return strings.Clone(text.String()), nil
	}
	return text.String(), nil
}

// Place returns where in a the next text goes: behind the committed one, at the
// next sector, and at the start of the ring where that is too close to the end:
// _next_rlocn_offset, lib/format_text/format-text.c. The closing zero byte is a
// part of text. It fails with a [*TextTooLongError], also where the new text
// would overwrite the committed one, which only one that is longer than MaxText
// can cause.
func (a Area) Place(text []byte, committed Location) (Location, error) {
	size := units.Bytes(len(text))
	if limit := a.MaxText(); size > limit {
		return Location{}, &TextTooLongError{Area: a, Size: size, Max: limit}
	}
	l := Location{
		Offset: HeaderSize, Size: size, Flags: committed.Flags &^ FlagIgnored,
		Checksum: Checksum(text),
	}
	if committed.Empty() {
		return l, nil
	}
	if err := a.CheckLocation(committed); err != nil {
		return l, nil // nothing that could be read is there
	}
	l.Offset = a.next(committed)
	if used := HeaderSize + roundUp(committed.Size); roundUp(size) > a.Size-min(used, a.Size) {
		return Location{}, &TextTooLongError{Area: a, Size: size, Max: a.Size - min(used, a.Size)}
	}
	return l, nil
}

func (a Area) next(old Location) units.Bytes {
	last := old.Offset + old.Size - 1
	if last >= a.Size {
		last = last - a.Size + HeaderSize
	}
	next := roundUp(last + 1)
	if a.Size-last < units.SectorSize || next > a.Size-units.SectorSize {
		return HeaderSize
	}
	return next
}

// Write is a whole number of sectors for a device.
type Write struct {
	Start units.Bytes
	Data  []byte
}

// Writes returns the sectors to write so that text is at l, which [Area.Place]
// returned for it: one run or two, zeros behind the text.
func (a Area) Writes(text []byte, l Location) []Write {
	all := make([]byte, roundUp(l.Size))
	copy(all, text)
	var writes []Write
	for _, run := range a.Runs(l) {
		n := roundUp(run.Size)
		writes = append(writes, Write{run.Start, all[:n]})
		all = all[n:]
	}
	return writes
}

// roundUp rounds up to a whole number of sectors.
func roundUp(n units.Bytes) units.Bytes { return (n + units.SectorSize - 1) &^ (units.SectorSize - 1) }

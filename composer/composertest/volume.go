package composertest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// unit is what volumes are made of: the smallest block.
const unit = maps.MinBlockSize

// volume is a small one, of units of which there are few kinds, so that maps have some in common. In some histories one in four
// is large enough for a tree of three levels, and mostly zeros.
func (h *history) volume() []byte {
	most := 20
	if h.large && h.rng.IntN(4) == 0 {
		most = 300
	}
	data := make([]byte, 1+h.rng.IntN(most*int(unit)))
	for i := range len(data)/int(unit) + 1 {
		if most == 20 || h.rng.IntN(10) == 0 {
			h.fill(data, i)
		}
	}
	return data
}

// fill makes a unit of a volume another one, or zeros.
func (h *history) fill(data []byte, i int) {
	b := data[i*int(unit) : min(len(data), (i+1)*int(unit))]
	clear(b)
	if n := h.rng.IntN(12); n > 3 && len(b) >= 8 {
		binary.BigEndian.PutUint64(b, uint64(n))
		if n == 11 { // the others end early
			b[len(b)-1] = 1
		}
	}
}

// changed is a volume with some changes, also of its size, and the ranges of them. Those of the size are not told.
func (h *history) changed(before []byte) (data []byte, ranges []maps.Range) {
	data, ranges = bytes.Clone(before), []maps.Range{} // nil would be: not known
	switch h.rng.IntN(4) {
	case 0:
		data = append(data, make([]byte, 1+h.rng.IntN(8*int(unit)))...)
		for i := len(before)/int(unit) + 1; i < len(data)/int(unit); i++ {
			h.fill(data, i)
		}
		h.did.add("grown", 1)
	case 1:
		data = data[:1+h.rng.IntN(len(data))]
		h.did.add("shrunk", 1)
	}
	for i := range (min(len(data), len(before)) + int(unit) - 1) / int(unit) {
		start := units.Bytes(i) * unit
		switch h.rng.IntN(15) {
		case 0, 1:
			h.fill(data, i)
			ranges = append(ranges, maps.Range{Start: start, Length: min(unit, units.Bytes(len(data))-start)})
		case 2:
			data[start]++
			ranges = append(ranges, maps.Range{Start: start, Length: 1})
		}
	}
	return data, ranges
}

// source is a volume that can be registered: one that can only be read, one that knows its holes, or one that knows what it
// is called and whether it was written.
func (h *history) source(name string, data []byte) composer.Source {
	s := memorySource(data)
	switch h.rng.IntN(4) {
	case 0:
		return sparseSource{s}
	case 1:
		return s
	}
	return stampedSource{s, name}
}

// memorySource is a volume in memory.
type memorySource []byte

// ReadAt is that of a bytes.Reader.
func (s memorySource) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(s).ReadAt(p, off)
}

// Size is the volume's.
func (s memorySource) Size() units.Bytes { return units.Bytes(len(s)) }

// sparseSource knows which units are zeros.
type sparseSource struct{ memorySource }

// NextData is what [composer.Sparse] says.
func (s sparseSource) NextData(off units.Bytes) (maps.Range, error) {
	for start := off / unit * unit; start < s.Size(); start += unit {
		end := min(start+unit, s.Size())
		if len(bytes.Trim(s.memorySource[start:end], "\x00")) > 0 {
			start = max(start, off)
			return maps.Range{Start: start, Length: end - start}, nil
		}
	}
	return maps.Range{}, nil
}

// stampedSource knows whether it was written.
type stampedSource struct {
	memorySource
	name string
}

// Stamp is what [composer.Stamped] says.
func (s stampedSource) Stamp() (string, bool, error) {
	return fmt.Sprint(crc32.Checksum(s.memorySource, crc32.MakeTable(crc32.Castagnoli))), true, nil
}

// Describe is what [composer.Described] says.
func (s stampedSource) Describe() string { return "the volume " + s.name }

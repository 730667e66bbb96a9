package disk

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/rok-storage/rok/units"
)

// Signature is a mark by which something on a device is known.
type Signature struct {
	Type   string      // as blkid calls it: "gpt", "ext4", "crypto_LUKS", "LVM2_member", …
	Kind   string      // what that is, as a word behind it: "file system", "partition table", "volume", …
	Offset units.Bytes // of the mark
	Length units.Bytes // of the mark
}

// String prints, for example, `ext4 file system at byte 1080`.
func (s Signature) String() string {
	return fmt.Sprintf("%s %s at byte %d", s.Type, s.Kind, uint64(s.Offset))
}

// Sectors is the range that must be overwritten for the mark to be gone.
func (s Signature) Sectors() Run {
	start := s.Offset &^ (units.SectorSize - 1)
	return Run{start, roundUp(s.Offset+s.Length) - start}
}

// probeBlock is how much is read at a time, and probeBlocks how many such pieces are
// kept: marks are at the start and at the end of a device, but for those of ZFS, which
// are in the second halves of labels of 256 KiB, one behind the other.
const (
	probeBlock  = 128 * units.KiB
	probeBlocks = 4
)

// Signatures looks for what is on a device of the given size, in the order of
// where it is. Some things have several marks. It knows what the table of this
// package knows; nothing found does not mean that nothing is there. It fails
// with an [*Error] where the device cannot be read.
func Signatures(r io.ReaderAt, size units.Bytes) ([]Signature, error) {
	p := prober{r: r, size: size}
	var found []Signature
	for _, m := range marks() {
		for _, at := range m.at(size) {
			if !bytes.Equal(p.bytes(at, len(m.magic)), []byte(m.magic)) {
				continue
			}
			typ := m.typ
			if m.check != nil {
				typ = m.check(&p, at)
			}
			if typ != "" {
				found = append(found, Signature{typ, m.kind, at, units.Bytes(len(m.magic))})
			}
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	slices.SortStableFunc(found, func(a, b Signature) int { return cmp.Compare(a.Offset, b.Offset) })
	return found, nil
}

// prober reads a device in blocks, of which it keeps some.
type prober struct {
	r      io.ReaderAt
	size   units.Bytes
	blocks [probeBlocks]probed
	turn   int   // the block that is given up next
	err    error // the first of a read
}

// probed is a block of the device; the last is shorter.
type probed struct {
	at   units.Bytes
	data []byte // nil: none
	room []byte
}

// bytes returns n bytes at byte at of the device, or nothing where they are not
// all there. They are good until the next call.
func (p *prober) bytes(at units.Bytes, n int) []byte {
	end := at + units.Bytes(n)
	if end < at || end > p.size {
		return nil
	}
	if start := at &^ (probeBlock - 1); end <= start+probeBlock {
		if b := p.block(start); b != nil {
			return b[at-start : end-start]
		}
		return nil
	}
	b := make([]byte, n)
	if !p.load(b, at) {
		return nil
	}
	return b
}

// block returns the block at start; nil: it cannot be read.
func (p *prober) block(start units.Bytes) []byte {
	for i := range p.blocks {
		if b := &p.blocks[i]; b.data != nil && b.at == start {
			return b.data
		}
	}
	b := &p.blocks[p.turn]
	p.turn = (p.turn + 1) % probeBlocks
	if b.room == nil {
		b.room = make([]byte, min(probeBlock, roundUp(p.size)))
	}
	b.at, b.data = start, b.room[:min(probeBlock, p.size-start)]
	if !p.load(b.data, start) {
		b.data = nil
	}
	return b.data
}

// load fills b. It remembers the first failure.
func (p *prober) load(b []byte, at units.Bytes) bool {
	err := readFull(p.r, b, at)
	if err != nil && p.err == nil {
		p.err = &Error{Structure: "device", Offset: at, What: "cannot be read", Err: err}
	}
	return err == nil
}

// has reports whether the bytes at at are text.
func (p *prober) has(at units.Bytes, text string) bool {
	return string(p.bytes(at, len(text))) == text
}

// le16 and le32 are numbers of the device, 0 where it ends before.
func (p *prober) le16(at units.Bytes) uint16 {
	if b := p.bytes(at, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (p *prober) le32(at units.Bytes) uint32 {
	if b := p.bytes(at, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

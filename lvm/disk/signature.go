package disk

import (
	"bytes"
	"cmp"
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

// window is how much of either end of the device is looked at: the labels of ZFS
// are in the first and the last 512 KiB, the last of which begin at a multiple of
// 256 KiB.
const window = 768 * units.KiB

// Signatures looks for what is on a device of the given size, in the order of
// where it is. Some things have several marks. It knows what the table of this
// package knows; nothing found does not mean that nothing is there. It fails
// with an [*Error] where the device cannot be read.
func Signatures(r io.ReaderAt, size units.Bytes) ([]Signature, error) {
	p := prober{r: r, size: size}
	p.head = make([]byte, min(window, size))
	if err := p.load(p.head, 0); err != nil {
		return nil, err
	}
	p.tailAt = size - min(window, size)
	p.tail = make([]byte, size-p.tailAt)
	if err := p.load(p.tail, p.tailAt); err != nil {
		return nil, err
	}
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

// prober holds both ends of a device.
type prober struct {
	r          io.ReaderAt
	size       units.Bytes
	head, tail []byte
	tailAt     units.Bytes
	err        error // of a read between the ends
}

func (p *prober) load(b []byte, at units.Bytes) error {
	if err := readFull(p.r, b, at); err != nil {
		return &Error{Structure: "device", Offset: at, What: "cannot be read", Err: err}
	}
	return nil
}

// bytes returns n bytes at byte at of the device, or nothing where they are not
// all there.
func (p *prober) bytes(at units.Bytes, n int) []byte {
	end := at + units.Bytes(n)
	switch {
	case end < at || end > p.size:
		return nil
	case end <= units.Bytes(len(p.head)):
		return p.head[at:end]
	case at >= p.tailAt:
		return p.tail[at-p.tailAt : end-p.tailAt]
	}
	b := make([]byte, n)
	if err := p.load(b, at); err != nil && p.err == nil {
		p.err = err
	}
	return b
}

// has reports whether the bytes at at are text.
func (p *prober) has(at units.Bytes, text string) bool {
	return string(p.bytes(at, len(text))) == text
}

// le16 and le32 are numbers of the device, 0 where it ends before.
func (p *prober) le16(at units.Bytes) uint16 {
	if b := p.bytes(at, 2); b != nil {
		return le.Uint16(b)
	}
	return 0
}

func (p *prober) le32(at units.Bytes) uint32 {
	if b := p.bytes(at, 4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

package disk

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

const (
	// HeaderSize is the length of the header at the start of a metadata area:
	// MDA_HEADER_SIZE, lib/format_text/layout.h.
	HeaderSize = 512
	// FlagIgnored in [Location.Flags] of the committed text says that the area
	// holds none on purpose: RAW_LOCN_IGNORED, layout.h.
	FlagIgnored = 1 << 0

	areaMagic     = " LVM2 x[5A%r0N*>" // FMTT_MAGIC, layout.h
	areaVersion   = 1                  // FMTT_VERSION
	areaMagicAt   = 4
	areaVersionAt = areaMagicAt + len(areaMagic)
	areaStartAt   = areaVersionAt + 4
	slotsAt       = areaStartAt + areaSize
	slotSize      = 24 // sizeof(struct raw_locn)
)

// AreaHeader is the first sector of a metadata area: struct mda_header,
// lib/format_text/layout.h.
type AreaHeader struct {
	// Area is where the header says that it is, and how long the area is, which
	// should be what the PV header says, too.
	Area
	// Committed is the text that counts. Empty: there is none, the PV is in no
	// VG, or the area is ignored.
	Committed Location
	// Precommitted is the text of a commit that is under way, or was when the
	// machine stopped. Nobody reads it; the next commit overwrites it.
	Precommitted Location
}

// Location is where in a metadata area a text is: struct raw_locn, layout.h.
type Location struct {
	Offset   units.Bytes // from the start of the area
	Size     units.Bytes // the zero byte at the end included; 0: no text
	Checksum uint32      // of all of the text
	Flags    uint32      // [FlagIgnored], and bits that are kept as they are
}

// Ignored reports whether the area holds no text on purpose.
func (h *AreaHeader) Ignored() bool { return h.Committed.Flags&FlagIgnored != 0 }

// Empty reports whether the location has no text.
func (l Location) Empty() bool { return l.Offset == 0 || l.Size == 0 }

// DecodeAreaHeader reads the header of the area that begins at byte start of the
// device. It fails with an [*Error]. The slots may still point anywhere: see
// [Area.CheckLocation].
func DecodeAreaHeader(b []byte, start units.Bytes) (AreaHeader, error) {
	fault := func(what string, expected, found any) (AreaHeader, error) {
		return AreaHeader{}, damaged("metadata area header", start, what, expected, found)
	}
	if len(b) < HeaderSize {
		return fault("length", HeaderSize, len(b))
	}
	b = b[:HeaderSize]
	// The magic comes first: of what is no header at all, it says more.
	if found := string(b[areaMagicAt:areaVersionAt]); found != areaMagic {
		return fault("magic", fmt.Sprintf("%q", areaMagic), fmt.Sprintf("%q", found))
	}
	if want, found := Checksum(b[areaMagicAt:]), binary.LittleEndian.Uint32(b); want != found {
		return fault("checksum", hex(want), hex(found))
	}
	if found := binary.LittleEndian.Uint32(b[areaVersionAt:]); found != areaVersion {
		return fault("version", areaVersion, found)
	}
	h := AreaHeader{
		Area:         Area{units.Bytes(binary.LittleEndian.Uint64(b[areaStartAt:])), units.Bytes(binary.LittleEndian.Uint64(b[areaStartAt+8:]))},
		Committed:    decodeLocation(b[slotsAt:]),
		Precommitted: decodeLocation(b[slotsAt+slotSize:]),
	}
	if h.Start != start {
		return fault("start", plain(start), plain(h.Start))
	}
	return h, nil
}

// ReadAreaHeader reads the header at byte start of a device.
func ReadAreaHeader(r io.ReaderAt, start units.Bytes) (AreaHeader, error) {
	var b [HeaderSize]byte
	if err := readFull(r, b[:], start); err != nil {
		return AreaHeader{}, &Error{Structure: "metadata area header", Offset: start, What: "cannot be read", Err: err}
	}
	return DecodeAreaHeader(b[:], start)
}

// AppendAreaHeader appends the sector that h is.
func AppendAreaHeader(b []byte, h AreaHeader) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0) // the checksum
	b = append(b, areaMagic...)
	b = binary.LittleEndian.AppendUint32(b, areaVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Start))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Size))
	b = appendLocation(b, h.Committed)
	b = appendLocation(b, h.Precommitted)
	b = append(b, make([]byte, HeaderSize-(len(b)-start))...)
	binary.LittleEndian.PutUint32(b[start:], Checksum(b[start+areaMagicAt:]))
	return b
}

func decodeLocation(b []byte) Location {
	return Location{
		Offset: units.Bytes(binary.LittleEndian.Uint64(b)), Size: units.Bytes(binary.LittleEndian.Uint64(b[8:])),
		Checksum: binary.LittleEndian.Uint32(b[16:]), Flags: binary.LittleEndian.Uint32(b[20:]),
	}
}

func appendLocation(b []byte, l Location) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(l.Offset))
	b = binary.LittleEndian.AppendUint64(b, uint64(l.Size))
	b = binary.LittleEndian.AppendUint32(b, l.Checksum)
	return binary.LittleEndian.AppendUint32(b, l.Flags)
}

// readFull reads all of b at byte at. A device that ends before is an error.
func readFull(r io.ReaderAt, b []byte, at units.Bytes) error {
	if at > 1<<63-1 {
		return io.ErrUnexpectedEOF
	}
	n, err := r.ReadAt(b, int64(at))
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

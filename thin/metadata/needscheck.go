package metadata

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

// Device is a metadata device that can be written.
type Device interface {
	io.ReaderAt
	io.WriterAt
}

// ClearNeedsCheck clears [FlagNeedsCheck], which keeps a pool read-only, if the
// metadata in the first size bytes of dev is sound. The pool must not be
// active. All else stays as it is, byte for byte: block 0 is written once, or
// not at all if the flag is not set. If dev has a method Sync() error, as
// *os.File does, it is called after the write; otherwise the caller syncs.
//
// The report is that of [Metadata.Check], as of before the write. It is nil
// where the superblock could not be read or ctx ended. Refusals, with nothing
// written: [UnsoundError] (ErrCorrupt, ErrLeak), [ErrChanged] and
// [UnsupportedError] (errors.ErrUnsupported).
//
// Metadata blocks that leak are a refusal, as they are to thin_check 0.9.0
// without --auto-repair: the pool may have run out of metadata because of them.
// Data blocks that leak are not: the kernel itself leaves one behind when
// metadata runs out, and neither thin_check nor the pool minds.
func ClearNeedsCheck(ctx context.Context, dev Device, size units.Bytes) (*Report, error) {
	var before, block [BlockSize]byte
	if err := readFull(dev, before[:], superblockBlock); err != nil {
		return nil, unreadable(superblockBlock, "superblock", err)
	}
	m, err := Open(dev, size)
	if err != nil {
		return nil, err
	}
	report, err := m.Check(ctx)
	if err != nil {
		return nil, err
	}
	if !report.Sound() || report.MetadataLeaks.Blocks > 0 {
		return report, &UnsoundError{Report: report}
	}
	if flags := m.sb.CompatROFlags; flags != 0 {
		return report, &UnsupportedError{Flags: flags, ReadOnly: true}
	}
	if err := readFull(dev, block[:], superblockBlock); err != nil {
		return report, unreadable(superblockBlock, "superblock", err)
	}
	if block != before {
		return report, fmt.Errorf("%w: is the pool active?", ErrChanged)
	}
	if !m.sb.NeedsCheck() {
		return report, nil
	}
	// Not through Superblock: bytes that it does not know stay.
	binary.LittleEndian.PutUint32(block[4:], m.sb.Flags&^FlagNeedsCheck)
	seal(block[:], superblockSalt)
	if _, err := dev.WriteAt(block[:], superblockBlock); err != nil {
		return report, fmt.Errorf("metadata: write superblock: %w", err)
	}
	if s, ok := dev.(interface{ Sync() error }); ok {
		if err := s.Sync(); err != nil {
			return report, fmt.Errorf("metadata: sync superblock: %w", err)
		}
	}
	return report, nil
}

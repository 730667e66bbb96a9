package lvm

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// ChunkSizeError says that a pool's metadata is of a pool with chunks of
// another size than the text says.
type ChunkSizeError struct {
	Pool       string
	Text, Disk units.Sectors
}

// Error says both sizes.
func (e *ChunkSizeError) Error() string {
	return fmt.Sprintf("pool %s: chunk size is %v in its metadata and %v in the VG", e.Pool, e.Disk, e.Text)
}

// MetadataError says that a pool's metadata cannot be what the text tells of.
// Err is metadata's, or one of I/O.
type MetadataError struct {
	Pool string
	Err  error
}

// Error prints the pool and the cause.
func (e *MetadataError) Error() string { return fmt.Sprintf("metadata of pool %s: %v", e.Pool, e.Err) }

// Unwrap returns Err.
func (e *MetadataError) Unwrap() error { return e.Err }

// errBlank is what a pool that was used must not have.
var errBlank = errors.New("its first block is zeros, as a pool's that was never active")

// checkMetadata reads the superblock of a pool that is about to be made: the
// kernel formats what is zeros, and takes whatever else it can read. d's
// metadata device is active.
//
// lvm2 runs thin_check before each activation, which reads all of the metadata:
// of a large pool for half an hour. Here that is done only where the kernel has
// asked for it: see clearNeedsCheck.
func (a *Activator) checkMetadata(ctx context.Context, d *MappedDevice) error {
	pool, meta := d.LV.Name, d.Below[0]
	fail := func(err error) error { return &MetadataError{Pool: pool, Err: err} }
	info, err := a.conn.Device(dm.ByName(meta.Name)).Info()
	if err != nil {
		return err
	}
	f, err := a.open(meta.Name, info.Dev, false)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	block := make([]byte, metadata.BlockSize)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, metadata.BlockSize), block); err != nil {
		return fail(err)
	}
	if zeros(block) {
		// Of the first transaction, which may not be complete.
		if d.Pool.TransactionID > 1 || d.Pool.TransactionID == 1 && len(d.Pool.Messages) == 0 {
			return fail(errBlank)
		}
		return nil
	}
	s, err := metadata.DecodeSuperblock(block, 0)
	switch {
	case err != nil:
		return fail(err)
	case s.DataBlockSize != d.Pool.ChunkSize:
		return &ChunkSizeError{Pool: pool, Text: d.Pool.ChunkSize, Disk: s.DataBlockSize}
	case !d.Pool.expects(s.TransactionID):
		return &TransactionError{Pool: pool, Text: d.Pool.TransactionID, Kernel: s.TransactionID, Messages: len(d.Pool.Messages)}
	case s.NeedsCheck():
		if err := a.clearNeedsCheck(ctx, meta, info.Dev); err != nil {
			return fail(err)
		}
	}
	return nil
}

// clearNeedsCheck checks all of the metadata of a pool that the kernel has set
// aside after an error, and would only let be read. If it is sound, the pool can
// be written to again, as it is after lvm2's thin_check --clear-needs-check-flag.
func (a *Activator) clearNeedsCheck(ctx context.Context, meta *MappedDevice, dev dm.Dev) (err error) {
	size, err := meta.Table.Size().Bytes()
	if err != nil {
		return err
	}
	f, err := a.open(meta.Name, dev, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = metadata.ClearNeedsCheck(ctx, f, size)
	return err
}

// expects reports whether a pool may have the given transaction id.
func (t *ThinPool) expects(id uint64) bool {
	return id == t.TransactionID || id+1 == t.TransactionID && len(t.Messages) > 0
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

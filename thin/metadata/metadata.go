package metadata

import (
	"errors"
	"io"

	"github.com/rok-storage/rok/units"
)

// Metadata is a pool's metadata, opened for reading. It holds no lock and no
// resource; its methods may be called from several goroutines if the reader's
// may.
type Metadata struct {
	r      io.ReaderAt
	blocks uint64 // whole blocks on the device
	sb     Superblock
}

// Open reads the superblock of the metadata in the first size bytes of r, as
// [ReadSuperblock] does. Nothing else is read yet. size bounds the memory that
// other methods take, so it must be the true one.
func Open(r io.ReaderAt, size units.Bytes) (*Metadata, error) {
	sb, err := ReadSuperblock(r)
	if err != nil {
		return nil, err
	}
	return &Metadata{r: r, blocks: uint64(size / BlockSize), sb: sb}, nil
}

// Superblock returns the superblock as Open read it.
func (m *Metadata) Superblock() Superblock { return m.sb }

// readBlock reads metadata block n, which record names in errors.
func (m *Metadata) readBlock(buf []byte, n uint64, record string) error {
	if n >= m.blocks {
		return corrupt(n, record, "place", "inside the device", "past its end")
	}
	if err := readFull(m.r, buf[:BlockSize], int64(n)*BlockSize); err != nil {
		return unreadable(n, record, err)
	}
	return nil
}

// readFull is ReadAt for a reader that may say io.EOF with its last bytes.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

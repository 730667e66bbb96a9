package composertest

import (
	"bytes"

	"github.com/rok-storage/rok/units"
)

// memoryTarget is a target in memory.
type memoryTarget []byte

// ReadAt is that of a bytes.Reader.
func (m memoryTarget) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m).ReadAt(p, off)
}

// WriteAt writes what there is room for.
func (m memoryTarget) WriteAt(p []byte, off int64) (int, error) { return copy(m[off:], p), nil }

// Size is what was there in the beginning.
func (m memoryTarget) Size() units.Bytes { return units.Bytes(len(m)) }

// Blank is false.
func (m memoryTarget) Blank() bool { return false }

// Zero makes a range zeros.
func (m memoryTarget) Zero(off, length units.Bytes) error {
	clear(m[off : off+length])
	return nil
}

// Sync does nothing.
func (m memoryTarget) Sync() error { return nil }

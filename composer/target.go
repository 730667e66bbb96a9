package composer

import (
	"io"

	"github.com/rok-storage/rok/units"
)

// Target is what a volume is written to. Its methods are called by several goroutines at once.
type Target interface {
	io.ReaderAt
	io.WriterAt
	// Size is how many bytes there are.
	Size() units.Bytes
	// Blank tells that all of it is zeros, so that it needs not be read.
	Blank() bool
	// Zero makes a range zeros.
	Zero(off, length units.Bytes) error
	// Sync returns when all that was written is durable.
	Sync() error
}

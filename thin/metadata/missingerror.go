package metadata

import "fmt"

// MissingError is a part of a volume that could not be extracted.
type MissingError struct {
	Device uint64
	Blocks Range // virtual blocks
	// Err is why: a [CorruptError], or that of the data device's reader.
	Err error
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("metadata: extract device %d, blocks %v: %v", e.Device, e.Blocks, e.Err)
}

func (e *MissingError) Unwrap() error { return e.Err }

package bench

import (
	"errors"
	"fmt"
)

// ErrJob says that a [Job] makes no sense, by itself or on its target.
var ErrJob = errors.New("invalid job")

// RW is the direction and order of a job's I/O: fio's rw. The zero value is
// SeqRead, fio's default.
type RW uint8

// The kinds of work.
const (
	SeqRead       RW = iota // "read"
	SeqWrite                // "write"
	RandRead                // "randread"
	RandWrite               // "randwrite"
	SeqReadWrite            // "rw": each direction goes on where it was
	RandReadWrite           // "randrw"
	// Touch writes one block at the head of each Job.Chunk, each chunk once,
	// in random order, and ends: "touch", which fio does not have. On a thin
	// volume each write provisions a chunk or breaks its sharing.
	Touch
)

var rwNames = [...]string{"read", "write", "randread", "randwrite", "rw", "randrw", "touch"}

// ParseRW reads fio's name of a kind of work, or "touch".
func ParseRW(name string) (RW, error) {
	for i, n := range rwNames {
		if n == name {
			return RW(i), nil
		}
	}
	if name == "readwrite" {
		return SeqReadWrite, nil
	}
	return 0, fmt.Errorf("bench: rw %q: %w", name, ErrJob)
}

// String is the name that [ParseRW] reads.
func (rw RW) String() string {
	if int(rw) < len(rwNames) {
		return rwNames[rw]
	}
	return fmt.Sprintf("rw(%d)", uint8(rw))
}

// MarshalText encodes rw as [RW.String].
func (rw RW) MarshalText() ([]byte, error) { return []byte(rw.String()), nil }

// UnmarshalText decodes rw as [ParseRW].
func (rw *RW) UnmarshalText(text []byte) (err error) {
	*rw, err = ParseRW(string(text))
	return err
}

// Writes reports whether rw writes.
func (rw RW) Writes() bool { return rw != SeqRead && rw != RandRead }

// Mixed reports whether rw both reads and writes.
func (rw RW) Mixed() bool { return rw == SeqReadWrite || rw == RandReadWrite }

// Random reports whether rw goes in random order.
func (rw RW) Random() bool {
	return rw == RandRead || rw == RandWrite || rw == RandReadWrite || rw == Touch
}

package maps

import (
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/zeebo/blake3"
)

// Hash is the function that ids are made with. One map has one. The numbers are
// those of the format. The zero value means [SHA256] where a map is to be made.
type Hash uint8

const (
	// SHA256 is FIPS 180-4's SHA-256.
	SHA256 Hash = 1
	// BLAKE3 is BLAKE3's hash mode with 256 bits of output.
	BLAKE3 Hash = 2
)

// String is the name that [ParseHash] reads.
func (h Hash) String() string {
	switch h {
	case SHA256:
		return "sha256"
	case BLAKE3:
		return "blake3"
	}
	return fmt.Sprintf("hash %d", uint8(h))
}

// ParseHash reads "sha256" or "blake3". Errors match errors.ErrUnsupported.
func ParseHash(text string) (Hash, error) {
	for _, h := range []Hash{SHA256, BLAKE3} {
		if h.String() == text {
			return h, nil
		}
	}
	return 0, &UnsupportedError{What: "hash", Value: text, Known: "sha256, blake3"}
}

// Sum is the id of an object that consists of data. The hash must be known, as it is
// in every [Shape] that was checked.
func (h Hash) Sum(data []byte) ID {
	if h == BLAKE3 {
		return blake3.Sum256(data)
	}
	return sha256.Sum256(data)
}

// running is h over data that comes in parts.
func (h Hash) running() hash.Hash {
	if h == BLAKE3 {
		return blake3.New()
	}
	return sha256.New()
}

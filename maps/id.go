package maps

import (
	"encoding/hex"
	"fmt"
)

// IDSize is the number of bytes in an [ID].
const IDSize = 32

// ID names a block, a page or a node by the hash of its bytes. The zero ID means
// that there is nothing but zeros.
type ID [IDSize]byte

// IsZero reports whether id stands for zeros.
func (id ID) IsZero() bool { return id == ID{} }

// String prints id as 64 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads 64 hexadecimal digits. Errors match [ErrSyntax].
func ParseID(text string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != IDSize {
		return ID{}, fmt.Errorf("maps: id %q: want %d hexadecimal digits: %w", text, 2*IDSize, ErrSyntax)
	}
	copy(id[:], b)
	return id, nil
}

package units

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// ErrSyntax says that a text is not a size.
var ErrSyntax = errors.New("not a size: want a number and a unit such as 10GiB, 500MB, 20480s or 25%FREE")

// Size is a size as a person types it: an absolute number of bytes, or a
// share of something that is known only later. The zero value is 0 bytes.
type Size struct {
	// Bytes is the absolute size; it is zero where Percent is set.
	Bytes Bytes
	// Percent, 1 to 100 (or more, of VG or ORIGIN, for who allows it), is a
	// share of Of. Zero means that Bytes counts.
	Percent uint32
	// Of names the whole in upper case, as lvm2 does: "FREE", "VG", "PVS",
	// "ORIGIN". It is empty where Percent is zero.
	Of string
}

// ParseSize reads an absolute size as [ParseBytes] does, or a share: "25%FREE",
// "50%VG". Errors match [ErrSyntax] or [ErrOverflow].
func ParseSize(text string) (Size, error) {
	number, of, share := strings.Cut(text, "%")
	if !share {
		b, err := ParseBytes(text)
		return Size{Bytes: b}, err
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n == 0 {
		return Size{}, fmt.Errorf("size %q: %w", text, ErrSyntax)
	}
	switch of = strings.ToUpper(of); of {
	case "FREE", "VG", "PVS", "ORIGIN":
		return Size{Percent: uint32(n), Of: of}, nil
	}
	return Size{}, fmt.Errorf("size %q: share of %q: %w", text, of, ErrSyntax)
}

// Resolve returns the absolute size, where whole is what Of names. A share
// that is no whole byte is rounded down. It fails with [ErrOverflow].
func (s Size) Resolve(whole Bytes) (Bytes, error) {
	if s.Percent == 0 {
		return s.Bytes, nil
	}
	hi, lo := bits.Mul64(uint64(whole), uint64(s.Percent))
	if hi >= 100 {
		return 0, fmt.Errorf("%v of %v: %w", s, whole, ErrOverflow)
	}
	quotient, _ := bits.Div64(hi, lo, 100)
	return Bytes(quotient), nil
}

// String prints s as [ParseSize] reads it.
func (s Size) String() string {
	if s.Percent == 0 {
		return s.Bytes.String()
	}
	return strconv.FormatUint(uint64(s.Percent), 10) + "%" + s.Of
}

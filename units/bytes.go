package units

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Bytes is a number of bytes.
type Bytes uint64

// The binary multiples. A plain K, M, G, T, P or E means these, as in lvm2.
const (
	KiB Bytes = 1 << (10 * (iota + 1))
	MiB
	GiB
	TiB
	PiB
	EiB
)

// Sectors converts b exactly. It fails with [ErrNotSectors] where a part of a
// sector would be lost.
func (b Bytes) Sectors() (Sectors, error) {
	if b%SectorSize != 0 {
		return 0, fmt.Errorf("%d bytes: %w", uint64(b), ErrNotSectors)
	}
	return Sectors(b / SectorSize), nil
}

// SectorsRoundUp is the smallest number of sectors that holds b.
func (b Bytes) SectorsRoundUp() Sectors {
	s := Sectors(b / SectorSize)
	if b%SectorSize != 0 {
		s++
	}
	return s
}

// SectorsRoundDown is the number of whole sectors in b.
func (b Bytes) SectorsRoundDown() Sectors { return Sectors(b / SectorSize) }

// String prints b in the largest binary unit that divides it, so that
// [ParseBytes] reads the same value back: "10GiB", "1536KiB", "17B".
func (b Bytes) String() string {
	if b != 0 {
		for i, unit := len(binarySuffix)-1, EiB; i >= 0; i, unit = i-1, unit/1024 {
			if b%unit == 0 {
				return strconv.FormatUint(uint64(b/unit), 10) + binarySuffix[i:i+1] + "iB"
			}
		}
	}
	return strconv.FormatUint(uint64(b), 10) + "B"
}

// Human prints b for reading at a glance, rounded to three digits or so:
// "9.54GiB". It does not read back to the same value.
func (b Bytes) Human() string {
	if b < KiB {
		return b.String()
	}
	unit, i := KiB, 0
	for i < len(binarySuffix)-1 && b/unit >= 1024 {
		unit, i = unit*1024, i+1
	}
	v := float64(b) / float64(unit)
	digits := 2
	switch {
	case v >= 100:
		digits = 0
	case v >= 10:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + binarySuffix[i:i+1] + "iB"
}

const binarySuffix = "KMGTPE"

// ParseBytes reads an absolute size: a number, perhaps with a fraction, and a
// unit without regard to case. No unit and B mean bytes; s means sectors;
// K, M, G, T, P, E and KiB … EiB are powers of 1024; KB … EB are powers of
// 1000. The result must be a whole number of bytes: "0.5s" is 256 bytes,
// "0.3B" an error, and so is a fraction of more than 18 digits. Errors match
// [ErrSyntax] or [ErrOverflow].
func ParseBytes(text string) (Bytes, error) {
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
		end++
	}
	multiple, err := parseUnit(text[end:])
	if err != nil {
		return 0, fmt.Errorf("size %q: %w", text, err)
	}
	b, err := parseDecimal(text[:end], multiple)
	if err != nil {
		return 0, fmt.Errorf("size %q: %w", text, err)
	}
	return b, nil
}

func parseUnit(unit string) (Bytes, error) {
	switch strings.ToLower(unit) {
	case "", "b":
		return 1, nil
	case "s":
		return SectorSize, nil
	}
	base, exponent := Bytes(1024), strings.IndexByte(binarySuffix, upper(unit[0]))
	switch strings.ToLower(unit[1:]) {
	case "", "ib":
	case "b":
		base = 1000
	default:
		exponent = -1
	}
	if exponent < 0 {
		return 0, fmt.Errorf("unit %q: %w", unit, ErrSyntax)
	}
	multiple := base
	for range exponent {
		multiple *= base
	}
	return multiple, nil
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// parseDecimal returns number*multiple exactly, without floating point.
func parseDecimal(number string, multiple Bytes) (Bytes, error) {
	whole, fraction, dotted := strings.Cut(number, ".")
	if whole == "" && fraction == "" || strings.Contains(fraction, ".") || dotted && fraction == "" {
		return 0, fmt.Errorf("number %q: %w", number, ErrSyntax)
	}
	var total Bytes
	if whole != "" {
		n, err := strconv.ParseUint(whole, 10, 64)
		if err != nil || Bytes(n) > math.MaxUint64/multiple {
			return 0, ErrOverflow
		}
		total = Bytes(n) * multiple
	}
	// What 10^18 cannot scale is refused, though a unit of 2^60 has whole
	// bytes down to the 60th digit.
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 18 {
		return 0, fmt.Errorf("number %q has more than 18 digits behind the point: %w", number, ErrSyntax)
	}
	var part, scale uint64 = 0, 1
	for _, digit := range []byte(fraction) {
		part, scale = part*10+uint64(digit-'0'), scale*10
	}
	hi, lo := bits.Mul64(part, uint64(multiple))
	quotient, remainder := bits.Div64(hi, lo, scale)
	if remainder != 0 {
		return 0, fmt.Errorf("number %q has a part of a byte: %w", number, ErrSyntax)
	}
	if total > math.MaxUint64-Bytes(quotient) {
		return 0, ErrOverflow
	}
	return total + Bytes(quotient), nil
}

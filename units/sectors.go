package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// SectorSize is the number of bytes in a sector: SECTOR_SIZE of the kernel's
// include/linux/blk_types.h. It is 512 on every device, whatever the device's
// own logical block size.
const SectorSize = 512

var (
	// ErrNotSectors says that a number of bytes is not a whole number of sectors.
	ErrNotSectors = errors.New("not a whole number of 512-byte sectors")
	// ErrOverflow says that a quantity does not fit in its type.
	ErrOverflow = errors.New("quantity too large")
)

// Sectors is a number of 512-byte sectors: a length, or an offset from the
// start of a device.
type Sectors uint64

// Bytes converts s. It fails with [ErrOverflow] from 2^55 sectors on.
func (s Sectors) Bytes() (Bytes, error) {
	if s > math.MaxUint64/SectorSize {
		return 0, fmt.Errorf("%d sectors in bytes: %w", uint64(s), ErrOverflow)
	}
	return Bytes(s * SectorSize), nil
}

// Add returns s+n, or [ErrOverflow].
func (s Sectors) Add(n Sectors) (Sectors, error) {
	if s > math.MaxUint64-n {
		return 0, fmt.Errorf("%d + %d sectors: %w", uint64(s), uint64(n), ErrOverflow)
	}
	return s + n, nil
}

// RoundUp returns the smallest multiple of unit that is at least s, or
// [ErrOverflow]. A zero unit leaves s as it is.
func (s Sectors) RoundUp(unit Sectors) (Sectors, error) {
	if unit == 0 || s%unit == 0 {
		return s, nil
	}
	return s.Add(unit - s%unit)
}

// RoundDown returns the largest multiple of unit that is at most s. A zero
// unit leaves s as it is.
func (s Sectors) RoundDown(unit Sectors) Sectors {
	if unit == 0 {
		return s
	}
	return s - s%unit
}

// String prints s as [ParseBytes] reads it: "20480s".
func (s Sectors) String() string { return strconv.FormatUint(uint64(s), 10) + "s" }

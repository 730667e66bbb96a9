package metadata

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// NoRoomError says that a metadata device is too small for what it was to hold.
type NoRoomError struct {
	// Have is the size of the device, of which at most [MaxSize] counts.
	Have units.Bytes
	// Needed is a size that is enough, and mostly the least one that is. It may be
	// a quarter above that where more than 2^28 mappings did not fit, or where the
	// device has no room even for the space map of more than 67 million data
	// blocks. It may be above MaxSize.
	Needed units.Bytes
}

// MaxSize is the largest size of metadata that the kernel uses:
// THIN_METADATA_MAX_SECTORS, dm-thin-metadata.h. What a device has above it stays
// unused.
const MaxSize units.Bytes = maxMetadataBlock * BlockSize

func (e *NoRoomError) Error() string {
	if e.Needed > MaxSize {
		return fmt.Sprintf("metadata: no room: needs %v, and no pool can have more than %v", e.Needed, MaxSize)
	}
	return fmt.Sprintf("metadata: no room: needs %v, the device has %v", e.Needed, e.Have)
}

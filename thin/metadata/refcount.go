package metadata

import "encoding/binary"

// refCountSize: a reference count above 2 is a 32-bit value of the reference count tree.
const refCountSize = 4

func decodeRefCount(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

func appendRefCount(b []byte, count uint32) []byte {
	return binary.LittleEndian.AppendUint32(b, count)
}

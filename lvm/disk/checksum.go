package disk

import "hash/crc32"

// initialCRC is INITIAL_CRC, lib/misc/crc.h.
const initialCRC = 0xf597a6cf

// Checksum is the CRC-32 of labels, headers and texts: calc_crc with
// INITIAL_CRC, lib/misc/crc.c, which does not invert the result.
func Checksum(b []byte) uint32 { return checksum(initialCRC, b) }

// checksum goes on from crc, a checksum of what is in front of b.
func checksum(crc uint32, b []byte) uint32 { return ^crc32.Update(^crc, crc32.IEEETable, b) }

package disk

import "hash/crc32"

// initialCRC is INITIAL_CRC, lib/misc/crc.h.
const initialCRC = 0xf597a6cf

// Checksum is the CRC-32 of labels, headers and texts: calc_crc with
// INITIAL_CRC, lib/misc/crc.c, which does not invert the result.
func Checksum(b []byte) uint32 { return checksum(initialCRC, b) }

// checksum goes on from crc, a checksum of what is in front of b.
func checksum(crc uint32, b []byte) uint32 {
	if len(b) > fewBytes {
		return ^crc32.Update(^crc, crc32.IEEETable, b)
	}
	for _, c := range b {
		crc = crc32.IEEETable[byte(crc)^c] ^ crc>>8
	}
	return crc
}

// fewBytes take less time one by one than package crc32 takes to fill its larger
// tables for the first time.
const fewBytes = 4 << 10

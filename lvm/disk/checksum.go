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
		crc ^= uint32(c)
		crc = crc>>4 ^ halfBytes[crc&0xf]
		crc = crc>>4 ^ halfBytes[crc&0xf]
	}
	return crc
}

// fewBytes take less time with halfBytes than package crc32 takes to fill its
// tables for the first time.
const fewBytes = 4 << 10

// halfBytes are the checksums of the numbers to 15, for the polynomial 0xedb88320:
// crctab of lib/misc/crc.c.
var halfBytes = [16]uint32{
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
}

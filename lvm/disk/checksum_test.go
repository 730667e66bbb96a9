package disk_test

import (
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
)

// Short and long texts have the same checksum by both ways.
func TestChecksum(t *testing.T) {
	b := make([]byte, 5000)
	for i := range b {
		b[i] = byte(i * i >> 3)
	}
	for _, n := range []int{0, 1, 2, 20, 492, 508, 4095, 4096, 4097, 5000} {
		require.Equal(t, ^crc32.Update(^uint32(0xf597a6cf), crc32.IEEETable, b[:n]), disk.Checksum(b[:n]), n)
	}
}

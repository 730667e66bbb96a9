package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The bytes that cpio(1), 2.13, writes for the same entries with -H newc, but for
// the fields that it takes from the file: inode, owner, links, time, device.
func TestInitramfs(t *testing.T) {
	a := new(initramfs)
	a.dir("d")
	a.file("d/f", 0o644, []byte("hello"))
	const zero = "00000000"
	want := "070701" + "00000001" + "000041ed" + zero + zero + "00000001" + zero + zero +
		zero + zero + zero + zero + "00000002" + zero + "d\x00" +
		"070701" + "00000002" + "000081a4" + zero + zero + "00000001" + zero + "00000005" +
		zero + zero + zero + zero + "00000004" + zero + "d/f\x00" + "\x00\x00" + "hello\x00\x00\x00" +
		"070701" + "00000003" + zero + zero + zero + "00000001" + zero + zero +
		zero + zero + zero + zero + "0000000b" + zero + "TRAILER!!!\x00" + "\x00\x00\x00"
	got := a.end()
	require.Equal(t, want, string(got))
	require.Zero(t, len(got)%4)
}

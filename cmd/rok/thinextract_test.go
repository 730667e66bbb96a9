package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// numberedData makes data.img of kernel-held, in which each block begins with its
// number.
func numberedData(t *testing.T, m *machine) {
	t.Helper()
	m.do("metadata meta.img kernel-held")
	f, err := os.Create("data.img")
	require.NoError(t, err)
	for n := range int64(8192) {
		_, err := f.WriteAt(binary.BigEndian.AppendUint64(nil, uint64(n+1)), n<<16)
		require.NoError(t, err)
	}
	require.NoError(t, f.Truncate(8192<<16))
	require.NoError(t, f.Close())
}

// extractHeld runs "rok thin extract" on it.
func extractHeld(m *machine, args ...string) string {
	m.t.Helper()
	return m.must(append([]string{"thin", "extract", "--metadata", "meta.img", "--data", "data.img", "-q"}, args...)...)
}

func requireFile(t *testing.T, path string, want []byte) {
	t.Helper()
	found, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, found), "%s: %d bytes, not these %d", path, len(found), len(want))
}

// A stream, a file and a snapshot that is brought up to date hold the same; the file
// has holes.
func TestThinExtractTargets(t *testing.T) {
	m := newMachine(t)
	numberedData(t, m)
	two, zero := []byte(extractHeld(m, "2", "-o", "-")), []byte(extractHeld(m, "0", "-o", "-"))
	// By the dump: 2 maps 50..699 to the same blocks; 0 maps 50..599 to the same, and 600..899 from 1000 on.
	want := func(blocks int64, to func(n int64) int64) []byte {
		b := make([]byte, blocks<<16)
		for n := int64(50); n < blocks; n++ {
			binary.BigEndian.PutUint64(b[n<<16:], uint64(to(n)+1))
		}
		return b
	}
	require.True(t, bytes.Equal(two, want(700, func(n int64) int64 { return n })))
	require.True(t, bytes.Equal(zero, want(900, func(n int64) int64 {
		if n < 600 {
			return n
		}
		return n + 400
	})))

	extractHeld(m, "2", "-o", "two.img")
	requireFile(t, "two.img", two)
	info, err := os.Stat("two.img")
	require.NoError(t, err)
	require.LessOrEqual(t, info.Sys().(*syscall.Stat_t).Blocks*512, int64(651<<16), "50 blocks are a hole")

	extractHeld(m, "0", "--since", "2", "--apply", "-o", "two.img")
	requireFile(t, "two.img", zero)
	extractHeld(m, "2", "--since", "0", "--apply", "-o", "two.img", "--size", "45875200B")
	requireFile(t, "two.img", two)

	extractHeld(m, "0", "--since", "2", "-o", "changes.img", "--list", "changes.txt")
	requireFile(t, "changes.txt", []byte("data 39321600 19660800\n"))
	requireFile(t, "changes.img", append(make([]byte, 600<<16), zero[600<<16:]...))
}

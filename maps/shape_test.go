package maps

import (
	"errors"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

func TestShapes(t *testing.T) {
	tests := []struct {
		name string
		s    Shape
		want error
	}{
		{"zero", Shape{}, nil},
		{"largest", Shape{Version: 4, Degree: 16, BlockSize: MinBlockSize, Size: MaxSize}, nil},
		{"too large", Shape{Size: MaxSize + 1}, ErrShape},
		{"version 2", Shape{Version: 2}, errors.ErrUnsupported},
		{"hash", Shape{Hash: 3}, errors.ErrUnsupported},
		{"v3 tree", Shape{Version: 3, Degree: 16}, ErrShape},
		{"degree 8", Shape{Version: 4, Degree: 8}, ErrShape},
		{"degree 2048", Shape{Version: 4, Degree: 2048}, ErrShape},
		{"degree 100", Shape{Version: 4, Degree: 100}, ErrShape},
		{"negative degree", Shape{Version: 4, Degree: -16}, ErrShape},
		{"small blocks", Shape{BlockSize: 32 * units.KiB}, ErrShape},
		{"large blocks", Shape{BlockSize: 32 * units.MiB}, ErrShape},
		{"odd blocks", Shape{BlockSize: 3 * units.MiB}, ErrShape},
	}
	for _, test := range tests {
		_, err := test.s.Complete()
		require.ErrorIs(t, err, test.want, test.name)
	}
	s, err := Shape{}.Complete()
	require.NoError(t, err)
	require.Equal(t, Shape{Version: 3, Hash: SHA256, BlockSize: 4 * units.MiB}, s)
}

func TestHeights(t *testing.T) {
	for _, test := range []struct {
		degree int
		blocks uint64
		want   int
	}{
		{0, 1000, 0}, {16, 0, 1}, {16, 1, 1}, {16, 16, 1}, {16, 17, 2}, {16, 256, 2}, {16, 257, 3},
		{128, 1 << 20, 3}, {128, 1 << 21, 3}, {128, 1<<21 + 1, 4}, {1024, 1 << 20, 2}, {16, 1 << 46, 12},
	} {
		s := Shape{Version: 4, Degree: test.degree, BlockSize: MinBlockSize}.sized(test.blocks)
		require.Equal(t, test.want, s.Height(), test)
	}
}

func TestPartOfABlock(t *testing.T) {
	s := Shape{BlockSize: MinBlockSize, Size: 2*MinBlockSize + 5}
	require.EqualValues(t, 3, s.Blocks())
	require.Equal(t, 65536, s.length(1))
	require.Equal(t, 5, s.length(2))
}

func TestIDs(t *testing.T) {
	id, err := ParseID(someID(5).String())
	require.NoError(t, err)
	require.Equal(t, someID(5), id)
	for _, bad := range []string{"", "00", someID(1).String() + "00", "zz" + someID(1).String()[2:]} {
		_, err := ParseID(bad)
		require.ErrorIs(t, err, ErrSyntax)
	}
}

func TestHashes(t *testing.T) {
	// What sha256sum and b3sum print for no bytes.
	require.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", SHA256.Sum(nil).String())
	require.Equal(t, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", BLAKE3.Sum(nil).String())
	for _, h := range []Hash{SHA256, BLAKE3} {
		parsed, err := ParseHash(h.String())
		require.NoError(t, err)
		require.Equal(t, h, parsed)
		running := h.running()
		_, _ = running.Write([]byte("ab"))
		_, _ = running.Write([]byte("c"))
		require.Equal(t, h.Sum([]byte("abc")), ID(running.Sum(nil)))
	}
	_, err := ParseHash("md5")
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestStrip(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 4095, 4096, 4097, 9000} {
		b := make([]byte, n)
		require.Empty(t, Strip(b))
		for _, at := range []int{0, 1, n / 2, n - 1} {
			if at >= 0 && at < n {
				b[at] = 1
				require.Len(t, Strip(b), at+1)
				b[at] = 0
			}
		}
	}
	require.Equal(t, ID{}, SHA256.BlockID(make([]byte, 100)))
	require.Equal(t, SHA256.Sum([]byte("a")), SHA256.BlockID([]byte("a\x00\x00")))
}

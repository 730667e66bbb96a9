package metadata

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTally(t *testing.T) {
	c := newTally(2)
	for _, b := range []uint64{0, bitmapEntries - 1, bitmapEntries, 2*bitmapEntries - 1} {
		require.Zero(t, c.get(b))
		for i := range uint32(600) {
			require.Equal(t, i, c.get(b))
			c.inc(b)
		}
	}
	require.Len(t, c.many, 4)
	c.set(0, 254)
	require.Equal(t, uint32(254), c.get(0))
	require.Len(t, c.many, 3)
	require.Nil(t, newTally(1).pages[0], "a page is made at first use")
}

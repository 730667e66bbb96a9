package lvm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Halves of hundredths become even, as in lvs 2.03.16, where 1 of 32 is 3.12.
func TestShownPercent(t *testing.T) {
	for _, test := range []struct {
		part, whole uint64
		want        float64
	}{
		{0, 32, 0}, {1, 32, 3.12}, {3, 32, 9.38}, {5, 32, 15.62}, {31, 32, 96.88}, {32, 32, 100}, {33, 32, 100},
		{1, 3, 33.33}, {2, 3, 66.67}, {1, 1 << 40, 0.01}, {1<<40 - 1, 1 << 40, 99.99}, {0, 0, 0},
	} {
		require.Equal(t, test.want, shownPercent(test.part, test.whole), "%d of %d", test.part, test.whole)
	}
}

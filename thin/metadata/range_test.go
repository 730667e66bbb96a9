package metadata

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRange(t *testing.T) {
	tests := []struct {
		r     Range
		text  string
		empty bool
	}{
		{Range{}, "none", true},
		{NewRange(2, 1), "none", true},
		{NewRange(0, 0), "0", false},
		{NewRange(3, 9), "3..9", false},
		{NewRange(3, ^uint64(0)), "3..", false},
	}
	for _, test := range tests {
		require.Equal(t, test.text, test.r.String())
		require.Equal(t, test.empty, test.r.Empty())
	}
}

package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/nearest"
)

func TestOf(t *testing.T) {
	tests := []struct {
		word       string
		candidates []string
		best       string
		near       bool
	}{
		{"--tre", []string{"--help", "--tree"}, "--tree", true},
		{"lss", []string{"info", "ls"}, "ls", true},
		{"sl", []string{"info", "ls"}, "ls", true}, // two neighbours exchanged are one edit
		{"comp", []string{"completion", "dm"}, "dm", false},
		{"compl", []string{"completion", "version"}, "completion", true},
		{"frobnicate", []string{"dm", "version"}, "version", false},
		{"-z", []string{"-h", "-o"}, "-h", false},
		{"größe", []string{"grösse", "size"}, "grösse", true},
		{"x", nil, "", false},
		{"", []string{"dm"}, "dm", false},
	}
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			best, near := nearest.Of(tt.word, tt.candidates)
			require.Equal(t, tt.best, best)
			require.Equal(t, tt.near, near)
		})
	}
}

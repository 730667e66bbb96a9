package vm

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTail(t *testing.T) {
	tests := []struct {
		name, in, want string
		n              int
	}{
		{"empty", "", "", 3},
		{"fewer lines", "a\nb\n", "a\nb", 3},
		{"as many", "a\nb\nc\n", "a\nb\nc", 3},
		{"more", "a\nb\nc\nd\n", "b\nc\nd", 3},
		{"without an end", "a\nb\nc", "b\nc", 2},
		{"carriage returns", "a\r\nb\r\n", "b", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tail tail
			_, err := tail.Write([]byte(tt.in))
			require.NoError(t, err)
			require.Equal(t, tt.want, string(tail.lines(tt.n)))
		})
	}
}

func TestTailIsBounded(t *testing.T) {
	var all bytes.Buffer
	tail := tail{also: &all}
	for range 100 {
		_, err := tail.Write([]byte(strings.Repeat("x", 4095) + "\n"))
		require.NoError(t, err)
	}
	require.Len(t, tail.buf, consoleBytes)
	require.Equal(t, 100*4096, all.Len())
}

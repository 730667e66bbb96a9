package vm

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWireRoundTrip(t *testing.T) {
	var wire bytes.Buffer
	w := &wireWriter{w: &wire}
	long := strings.Repeat("0123456789", 10_000)
	require.NoError(t, w.frame(frameReady, nil))
	require.NoError(t, w.copy(frameStdout, strings.NewReader(long)))
	require.NoError(t, w.file(fileHeader{Path: "/a", Mode: 0o644}, strings.NewReader("data")))
	require.NoError(t, w.exit(7))

	r := &wireReader{r: &wire}
	var kinds, stdout strings.Builder
	for {
		kind, payload, err := r.next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch kind {
		case frameStdout:
			stdout.Write(payload)
		case frameFile:
			require.JSONEq(t, `{"path":"/a","mode":420}`, string(payload))
		case frameExit:
			require.Equal(t, []byte{7, 0, 0, 0}, payload)
		}
		kinds.WriteByte(byte(kind))
	}
	require.Equal(t, long, stdout.String())
	require.Equal(t, "roooofdx", kinds.String())
}

func TestWireBadFrames(t *testing.T) {
	tests := []struct{ name, bytes string }{
		{"head cut short", "o\x05\x00"},
		{"payload cut short", "o\x05\x00\x00\x00abc"},
		{"too long", "o\xff\xff\xff\xff"},
		{"status of one byte", "x\x01\x00\x00\x00a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := (&wireReader{r: strings.NewReader(tt.bytes)}).next()
			require.ErrorIs(t, err, errFrame)
		})
	}
}

// Any bytes of the guest's give frames or an error, in bounded memory, and what
// was read can be written again.
func FuzzWireReader(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &wireReader{r: bytes.NewReader(b)}
		var again bytes.Buffer
		w := &wireWriter{w: &again}
		for {
			kind, payload, err := r.next()
			if err != nil {
				break
			}
			require.LessOrEqual(t, len(payload), maxFrame)
			require.NoError(t, w.frame(kind, payload))
		}
		require.True(t, bytes.HasPrefix(b, again.Bytes()))
	})
}

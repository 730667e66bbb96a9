package bench_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
)

func TestIOError(t *testing.T) {
	tests := []struct {
		name string
		err  bench.IOError
		text string
		json string
	}{
		{
			"errno", bench.IOError{Target: "/dev/x", Op: engine.Write, Offset: 8192, Length: 4096, Err: unix.EIO},
			`bench: write "/dev/x": 4096 bytes at 8192: input/output error`,
			`{"op":"write","offset":8192,"length":4096,"done":0,"errno":"EIO"}`,
		},
		{
			"short", bench.IOError{Target: "/dev/x", Op: engine.Read, Offset: 4096, Length: 4096, Done: 512, Err: bench.ErrShort},
			`bench: read "/dev/x": short I/O: 512 of 4096 bytes at 4096`,
			`{"op":"read","offset":4096,"length":4096,"done":512,"errno":null}`,
		},
		{
			"sync", bench.IOError{Target: "/dev/x", Op: engine.DataSync, Err: unix.ENOSPC},
			`bench: fdatasync "/dev/x": no space left on device`,
			`{"op":"fdatasync","offset":0,"length":0,"done":0,"errno":"ENOSPC"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.EqualError(t, &tt.err, tt.text)
			text, err := json.Marshal(&tt.err)
			require.NoError(t, err)
			require.JSONEq(t, tt.json, string(text))
			require.ErrorIs(t, &tt.err, tt.err.Err)
			require.Equal(t, tt.name == "short", tt.err.Is(io.ErrUnexpectedEOF))
		})
	}
}

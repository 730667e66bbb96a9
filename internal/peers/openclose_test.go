package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// Both encoders must ask for the same.
func TestSpecIsRoksEncoding(t *testing.T) {
	for _, s := range []dm.Segment{
		{Start: 0, Length: 8, Target: dm.Zero{}},
		{Start: 8, Length: 1 << 40, Target: dm.Linear{Dev: dm.BlockDev{Dev: dm.Dev{Major: 254, Minor: 70000}}, Offset: 123456789}},
	} {
		r, err := encode(ioctl.TableLoad, 0, "a", 0, dm.Table{s})
		require.NoError(t, err)
		data := r.buffer.Bytes()[ioctl.HeaderSize:]
		got := spec(s)
		require.True(t, bytes.HasPrefix(data, got), "%x\n%x", data[:len(got)], got)
	}
}

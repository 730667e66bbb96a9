package maps

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// sink is a store that forgets.
type sink struct{ Getter }

func (sink) Put(context.Context, Kind, ID, []byte) error { return nil }

// BenchmarkUpgrade makes a tree of the v3 map of 4 TiB in blocks of 4 MiB without zeros.
func BenchmarkUpgrade(b *testing.B) {
	var out bytes.Buffer
	w, err := NewWriter(&out, nil, Spec{Shape: Shape{Size: 1 << 42}})
	require.NoError(b, err)
	for i := range uint64(1 << 20) {
		require.NoError(b, w.Add(b.Context(), i, someID(i)))
	}
	_, err = w.Finish(b.Context())
	require.NoError(b, err)
	m := opened(b, out.Bytes())
	b.ReportAllocs()
	for b.Loop() {
		_, err := Upgrade(b.Context(), io.Discard, sink{}, m, AutoDegree)
		require.NoError(b, err)
	}
}

// BenchmarkStrip looks for the end of a block of zeros.
func BenchmarkStrip(b *testing.B) {
	block := make([]byte, DefaultBlockSize)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		Strip(block)
	}
}

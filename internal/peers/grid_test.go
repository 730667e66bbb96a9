package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrid(t *testing.T) {
	var g grid
	g.add("operation", "µs", "x")
	g.add("info", "1.5")
	g.add("list", "12 µs", "1")
	var out strings.Builder
	n, err := g.WriteTo(&out)
	require.NoError(t, err)
	require.EqualValues(t, out.Len(), n)
	require.Equal(t, `| operation |    µs |   x |
|-----------|------:|----:|
| info      |   1.5 |     |
| list      | 12 µs |   1 |

`, out.String())
}

func TestNanoseconds(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0 ns", 999: "999 ns", 1500: "1.5 µs", 123456: "123 µs", 1.5e6: "1.5 ms", 2e9: "2 s",
	} {
		require.Equal(t, want, nanoseconds(ns))
	}
}

package dm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParseTarget(f *testing.F) { fuzzLines(f, "table") }
func FuzzParseStatus(f *testing.F) { fuzzLines(f, "status") }

// fuzzLines holds that a parser never panics and that what it accepts prints
// back byte for byte.
func fuzzLines(f *testing.F, kind string) {
	for _, c := range capturedLines(f) {
		if c.kind == kind {
			f.Add(c.typ, c.params)
		}
	}
	f.Fuzz(func(t *testing.T, typ, params string) {
		_, printed, err := goRound(kind, typ, params)
		if err != nil {
			var bad *ParamsError
			require.ErrorAs(t, err, &bad)
			return
		}
		require.Equal(t, params, printed)
	})
}

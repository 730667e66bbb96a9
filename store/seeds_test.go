package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeSeeds writes a corpus as go test reads it.
func writeSeeds(t *testing.T, target string, seeds [][]any) {
	dir := filepath.Join("testdata/fuzz", target)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for i, values := range seeds {
		var b strings.Builder
		b.WriteString("go test fuzz v1\n")
		for _, v := range values {
			switch v := v.(type) {
			case []byte:
				fmt.Fprintf(&b, "[]byte(%q)\n", v)
			case string:
				fmt.Fprintf(&b, "string(%q)\n", v)
			case uint16:
				fmt.Fprintf(&b, "uint16(%d)\n", v)
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d", i)), []byte(b.String()), 0o644))
	}
}

package interop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
)

// What once failed does not any more. Each file is a sequence of operations.
func TestHistories(t *testing.T) {
	needLVM2(t)
	if testenv.Inside() {
		t.Skip("the histories of this kind are without device-mapper")
	}
	playHistories(t, "testdata/*.txt", kinds)
}

// The same with active LVs, on two VGs.
func TestKernelHistories(t *testing.T) {
	testenv.Kernel(t, kernelFeatures...)
	playHistories(t, "testdata/kernel/*.txt", kernelKinds)
}

func playHistories(t *testing.T, pattern string, kinds []kind) {
	paths, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			var m *match
			for line := range strings.Lines(string(text)) {
				words := strings.Fields(line)
				switch {
				case len(words) == 0 || words[0] == "#":
				case words[0] == "disks":
					m = newMatch(t, parseSizes(t, words[1:]), newTally(kinds))
				default:
					require.NotNil(t, m, "no disks")
					m.play(parseOperation(line))
				}
			}
			if !m.first.offline {
				m.end()
			}
		})
	}
}

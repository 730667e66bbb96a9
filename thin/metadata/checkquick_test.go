package metadata

import (
	"bytes"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// quickCheck runs CheckQuick over image and counts the blocks that it reads.
func quickCheck(t testing.TB, image []byte) (report *Report, reads int) {
	t.Helper()
	m, err := Open(readerFunc(func(p []byte, off int64) (int, error) {
		reads++
		return bytes.NewReader(image).ReadAt(p, off)
	}), units.Bytes(len(image)))
	require.NoError(t, err)
	report, err = m.CheckQuick(t.Context())
	require.NoError(t, err)
	return report, reads
}

func TestCheckQuickFixtures(t *testing.T) {
	for _, name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			image := fixture(t, name)
			report, reads := quickCheck(t, image)
			require.NoError(t, report.Err())
			require.Zero(t, report.Mappings)
			require.Zero(t, report.DataLeaks.Blocks+report.MetadataLeaks.Blocks)
			full, err := check(t, image)
			require.NoError(t, err)
			require.Equal(t, full.Devices, report.Devices)
			require.LessOrEqual(t, report.MetadataUsed, full.MetadataUsed)
			if full.Mappings > 1000 {
				require.Less(t, reads, len(usedBlocks(t, image)))
			}
		})
	}
}

// TestCheckQuickIsNeverWeaker damages each block that is in use: what
// thin_check --skip-mappings finds, CheckQuick finds too.
func TestCheckQuickIsNeverWeaker(t *testing.T) {
	needThinCheck(t)
	for _, name := range []string{"restored-small", "kernel-held"} {
		image := fixture(t, name)
		for _, n := range usedBlocks(t, image) {
			b := block(image, n)
			before := bytes.Clone(b)
			b[2000] ^= 0xff
			theirs, out := thinCheck(t, image, "--skip-mappings")
			ours := false
			if m, err := Open(bytes.NewReader(image), units.Bytes(len(image))); err == nil {
				report, err := m.CheckQuick(t.Context())
				require.NoError(t, err)
				ours = report.Sound()
			}
			require.False(t, ours && !theirs, "%s: block %d: thin_check finds\n%s", name, n, out)
			copy(b, before)
		}
	}
}

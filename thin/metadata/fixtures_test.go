package metadata

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// fixtures are the metadata devices of testdata, all of them sound.
func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.bin.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".bin.gz")
	}
	return files
}

// fixture returns the bytes of one metadata device.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".bin.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}

// check runs Check over image.
func check(t testing.TB, image []byte) (*Report, error) {
	t.Helper()
	m, err := Open(bytes.NewReader(image), units.Bytes(len(image)))
	if err != nil {
		return nil, err
	}
	report, err := m.Check(t.Context())
	require.NoError(t, err)
	return report, nil
}

// sound reports whether image opens and has neither faults nor leaks in its
// metadata, which is what thin_check 0.9.0 asks for.
func sound(t testing.TB, image []byte) bool {
	t.Helper()
	report, err := check(t, image)
	if err != nil {
		return false
	}
	return report.Sound() && report.MetadataLeaks.Blocks == 0
}

// thinCheck returns the verdict of Debian's thin_check, and what it printed. image
// is then as thin_check left it.
func thinCheck(t testing.TB, image []byte, args ...string) (ok bool, output string) {
	t.Helper()
	ok, output = thinCheckIn(t, t.TempDir(), image, args)
	if strings.Contains(output, "'open' failed: Invalid argument") {
		// It opens with O_DIRECT, which a temporary directory in memory has not.
		dir, err := os.MkdirTemp(".", "thin-check-")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		ok, output = thinCheckIn(t, dir, image, args)
	}
	require.NotContains(t, output, "'open' failed")
	return ok, output
}

func thinCheckIn(t testing.TB, dir string, image []byte, args []string) (ok bool, output string) {
	t.Helper()
	path := filepath.Join(dir, "meta")
	require.NoError(t, os.WriteFile(path, image, 0o600))
	args = append(slices.Clone(args), path)
	out, err := exec.CommandContext(t.Context(), "thin_check", args...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil {
		require.ErrorAs(t, err, &exit, "thin_check")
	}
	if err == nil {
		changed, err := os.ReadFile(path)
		require.NoError(t, err)
		copy(image, changed)
	}
	return err == nil, string(out)
}

// block returns block n of image, to be read or changed.
func block(image []byte, n uint64) []byte {
	return image[n*BlockSize : (n+1)*BlockSize : (n+1)*BlockSize]
}

// reseal puts right the checksum of a block that was changed, whatever its
// kind: the salt is the one that made the old checksum good.
func reseal(t testing.TB, old, changed []byte) {
	t.Helper()
	s, ok := saltOf(old)
	require.True(t, ok, "block without a checksum")
	seal(changed, s)
}

// saltOf finds the salt under which a block's checksum is good.
func saltOf(block []byte) (salt, bool) {
	for _, s := range []salt{superblockSalt, nodeSalt, bitmapSalt, indexSalt} {
		if verify(block, blockNumber(block), "", s) == nil {
			return s, true
		}
	}
	return 0, false
}

func blockNumber(block []byte) uint64 { return binary.LittleEndian.Uint64(block[8:]) }

func openImage(t testing.TB, image []byte) *Metadata {
	t.Helper()
	m, err := Open(bytes.NewReader(image), units.Bytes(len(image)))
	require.NoError(t, err)
	return m
}

// nopLeaf notes that a leaf was reached.
func nopLeaf(reached *bool) func(context.Context, node, bool) error {
	return func(context.Context, node, bool) error {
		*reached = true
		return nil
	}
}

// needThinCheck skips where thin_check is not installed. In CI, in make test
// (ROK_MACHINES) and in the virtual machine it must be.
func needThinCheck(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("thin_check"); err != nil {
		for _, name := range []string{"CI", "ROK_MACHINES", "VMRUN"} {
			if os.Getenv(name) != "" {
				t.Fatal(err)
			}
		}
		t.Skip(err)
	}
}

// requireBytes is require.Equal for blocks: it names the first byte that
// differs, and does not print them all.
func requireBytes(t testing.TB, want, found []byte) {
	t.Helper()
	require.Len(t, found, len(want))
	for i := range want {
		if want[i] != found[i] {
			require.Equal(t, want[i], found[i], "byte %d", i)
		}
	}
}

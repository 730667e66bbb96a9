package rok_test

import (
	"context"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// The README's example makes the device that it promises.
func TestKernelExample(t *testing.T) {
	testenv.Kernel(t, "zero", "error")
	if testenv.Virtual() == "" {
		t.Skip("the device's name is not marked as the tests' own: only in the virtual machine")
	}
	t.Cleanup(func() {
		conn, err := dm.Open(nil)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.Device(dm.ByName("bad-disk")).Remove(context.Background(), dm.RemoveOptions{}))
	})
	require.Equal(t, "bad-disk: <nil>\n", printed(t, Example))

	disk, err := os.Open("/dev/mapper/bad-disk")
	require.NoError(t, err)
	defer disk.Close()
	data := make([]byte, 4096)
	_, err = disk.ReadAt(data, 0)
	require.NoError(t, err)
	require.Equal(t, make([]byte, 4096), data)
	_, err = disk.ReadAt(data, 2048*512)
	require.ErrorIs(t, err, syscall.EIO)
}

// printed returns what f writes to standard output.
func printed(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	f()
	_, err = file.Seek(0, io.SeekStart)
	require.NoError(t, err)
	text, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(text)
}

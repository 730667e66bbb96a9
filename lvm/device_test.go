package lvm_test

import (
	"bytes"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// imageFile makes a file of zeros.
func imageFile(t *testing.T, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, size))
	return path
}

func openImage(t *testing.T, path string, access lvm.Access) *lvm.Device {
	t.Helper()
	d, err := lvm.OpenDevice(path, access)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// A whole life on image files: PVs, a VG, another process's view of it.
func TestImages(t *testing.T) {
	files := []string{imageFile(t, int64(8*mib)+100), imageFile(t, int64(4*mib))}
	a, b := openImage(t, files[0], lvm.Exclusive), openImage(t, files[1], lvm.Exclusive)
	require.Equal(t, 8*mib, a.Size)
	require.True(t, a.IsFile())
	require.EqualValues(t, 512, a.LogicalBlockSize())
	s := lvm.ScanDevices([]*lvm.Device{a, b, a}, lvm.ScanOptions{})
	for _, d := range []*lvm.Device{a, b} {
		_, err := s.CreatePV(d, lvm.CreatePV{})
		require.NoError(t, err)
	}
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	require.Equal(t, files[0], g.VG.PVs[0].Device, "a new VG has no other name for it")

	// Opened for reading only, twice the same file; the commit opens it anew.
	var devices []*lvm.Device
	for _, path := range []string{files[1], files[0], files[1]} {
		devices = append(devices, openImage(t, path, lvm.ReadOnly))
	}
	s = lvm.ScanDevices(devices, lvm.ScanOptions{})
	require.Empty(t, s.AllFaults())
	require.Len(t, s.PVs, 2)
	vg := tagged(s.VGs[0].VG, "x")
	vg.PVs[0] = vg.PVs[0].Clone()
	vg.PVs[0].Device = "/dev/sda"
	g, err = s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: vg})
	require.NoError(t, err)
	require.Equal(t, "/dev/sda", g.VG.PVs[0].Device, "a file's name does not replace a device's")

	// The path leads to something else now.
	stale := lvm.ScanDevices([]*lvm.Device{openImage(t, files[0], lvm.ReadOnly), openImage(t, files[1], lvm.ReadOnly)}, lvm.ScanOptions{})
	copied, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NoError(t, os.Remove(files[0]))
	require.NoError(t, os.WriteFile(files[0], copied, 0o600))
	_, err = stale.Commit(lvm.CommitRequest{VG: stale.VGs[0], New: tagged(g.VG, "y")})
	require.ErrorIs(t, err, lvm.ErrChanged)
}

func TestOpenDeviceRefused(t *testing.T) {
	_, err := lvm.OpenDevice(filepath.Join(t.TempDir(), "none"), lvm.ReadOnly)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = lvm.OpenDevice(t.TempDir(), lvm.ReadOnly)
	require.ErrorIs(t, err, lvm.ErrNotDevice)
	_, err = lvm.OpenDevice("/dev/null", lvm.ReadOnly)
	require.ErrorIs(t, err, lvm.ErrNotDevice)
	path := imageFile(t, 1<<20)
	d := openImage(t, path, lvm.ReadOnly)
	_, err = d.WriteAt(make([]byte, 512), 0)
	require.Error(t, err)
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, d.Upgrade(lvm.ReadWrite), fs.ErrNotExist)
	require.NoError(t, d.Upgrade(lvm.ReadOnly))
}

// blockwise is a device that takes whole blocks only.
type blockwise struct {
	t     *testing.T
	data  []byte
	block int
	fail  error
}

func (b *blockwise) check(p []byte, off int64) {
	require.Zero(b.t, int(off)%b.block)
	require.Zero(b.t, len(p)%b.block)
}

func (b *blockwise) ReadAt(p []byte, off int64) (int, error) {
	b.check(p, off)
	if b.fail != nil {
		return 0, b.fail
	}
	n := copy(p, b.data[min(int(off), len(b.data)):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (b *blockwise) WriteAt(p []byte, off int64) (int, error) {
	b.check(p, off)
	if b.fail != nil {
		return 0, b.fail
	}
	return copy(b.data[off:], p), nil
}

func (b *blockwise) Sync() error { return nil }

// Whatever is read and written, the device gets whole blocks, and what lies beside
// it in them stays.
func TestDeviceBlocks(t *testing.T) {
	const size = 5 << 19
	random := rand.New(rand.NewPCG(4, 4))
	for _, block := range []int{512, 4096} {
		want := make([]byte, size)
		b := &blockwise{t: t, data: make([]byte, size), block: block}
		d := lvm.NewDevice("/dev/x", size, units.Bytes(block), b)
		for range 80 {
			off := random.IntN(size)
			n := min(random.IntN(1<<random.IntN(21)), size-off)
			if random.IntN(2) == 0 {
				off, n = off&^511, n&^511
			}
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			if random.IntN(2) == 0 {
				wrote, err := d.WriteAt(data, int64(off))
				require.NoError(t, err)
				require.Equal(t, n, wrote)
				copy(want[off:], data)
			}
			got, err := d.ReadAt(data, int64(off))
			require.NoError(t, err)
			require.Equal(t, n, got)
			require.True(t, bytes.Equal(want[off:off+n], data), "%d+%d, blocks of %d", off, n, block)
		}
		require.True(t, bytes.Equal(want, b.data))

		for _, off := range []int64{size - 10, size - 511, size} {
			p := make([]byte, 1000)
			n, err := d.ReadAt(p, off)
			require.ErrorIs(t, err, io.EOF)
			require.Equal(t, size-int(off), n)
			require.True(t, bytes.Equal(want[off:], p[:n]))
			_, err = d.WriteAt(p, off)
			require.Error(t, err)
		}
		_, err := d.WriteAt(nil, -1)
		require.Error(t, err)
		b.fail = errMedium
		_, err = d.ReadAt(make([]byte, 10), 10)
		require.ErrorIs(t, err, errMedium)
		_, err = d.WriteAt(make([]byte, 10), 10)
		require.ErrorIs(t, err, errMedium)
		_, err = d.WriteAt(make([]byte, 4096), 4096)
		require.ErrorIs(t, err, errMedium)
	}
}

// A VG on disks of 4096-byte blocks, whose sectors are written one by one.
func TestCommitOnLargeBlocks(t *testing.T) {
	devices := []*lvm.Device{}
	for i := range 2 {
		b := &blockwise{t: t, data: make([]byte, 8*mib), block: 4096}
		devices = append(devices, lvm.NewDevice(paths[i], 8*mib, 4096, b))
	}
	s := lvm.ScanDevices(devices, lvm.ScanOptions{})
	for _, d := range devices {
		_, err := s.CreatePV(d, lvm.CreatePV{})
		require.NoError(t, err)
	}
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	for range 20 {
		g, err = s.Commit(lvm.CommitRequest{VG: g, New: g.VG})
		require.NoError(t, err)
	}
	s = lvm.ScanDevices(devices, lvm.ScanOptions{Verify: true})
	require.Empty(t, s.AllFaults())
	require.EqualValues(t, 21, s.VGs[0].VG.Seqno)
}

package pool_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// What is discarded comes back as free blocks: by a trim of a file system, of which
// it was said how much that would be, and by a discard of the volume.
func TestKernelPoolTrim(t *testing.T) {
	testenv.Kernel(t, "program mkfs.ext4", "module ext4", "program fstrim")
	h := newKernelHost(t, 128*units.MiB)
	h.newTank(20, false, 1, 20)
	path := filepath.Join("/dev", h.vg, "w0")
	command := func(name string, args ...string) {
		out, err := exec.Command(name, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	command("mkfs.ext4", "-q", path)
	dir := t.TempDir()
	command("mount", path, dir)
	mounted := true
	unmount := func() {
		if mounted {
			command("umount", dir)
			mounted = false
		}
	}
	t.Cleanup(unmount)

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, make([]byte, 32<<20), 0o600))
	command("sync")
	before := h.look()
	most := h.trims(before, dir)
	require.NoError(t, os.Remove(file))
	command("sync")
	more := h.trims(h.look(), dir)
	require.InDelta(t, 32<<20, float64(more)-float64(most), 1<<20)

	command("fstrim", dir)
	after := h.look()
	freed := (before.Status.Data.Used - after.Status.Data.Used) * uint64(before.ChunkSize) * 512
	require.LessOrEqual(t, freed, uint64(more), "at most")
	require.GreaterOrEqual(t, freed, uint64(30<<20))
	t.Logf("a trim would free %v at most, and freed %v", more, units.Bytes(freed))
	unmount()

	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, ioctl.Discard(f, 0, 80*units.MiB))
	require.NoError(t, f.Close())
	require.Zero(t, h.look().Status.Data.Used)
}

// trims is how much a trim of the file system at dir would free at most.
func (h *kernelHost) trims(s *pool.State, dir string) units.Bytes {
	h.t.Helper()
	var place syscall.Stat_t
	require.NoError(h.t, syscall.Stat(dir, &place))
	var fs syscall.Statfs_t
	require.NoError(h.t, syscall.Statfs(dir, &fs))
	used := units.Bytes(fs.Blocks-fs.Bfree) * units.Bytes(fs.Bsize)
	scan, err := h.System.Scan(h.t.Context(), lvm.ScanOptions{VG: h.vg})
	require.NoError(h.t, err)
	g, err := scan.VG(h.vg)
	require.NoError(h.t, err)
	trims, err := h.Trims(g.VG, s, []pool.FileSystem{{Dev: dm.DevFromUint64(place.Dev), Used: used}})
	require.NoError(h.t, err)
	require.Len(h.t, trims, 1)
	return trims[0].Most()
}

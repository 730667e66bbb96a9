package ioctl_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// image makes a file of 1 MiB in which each sector holds its number.
func image(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), testenv.Prefix+"image")
	var b strings.Builder
	for i := range 2048 {
		fmt.Fprintf(&b, "%-512d", i)
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// attached returns the files that loop devices show, of this test's.
func attached(t *testing.T) (files []string) {
	t.Helper()
	paths, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	require.NoError(t, err)
	for _, p := range paths {
		if text, err := os.ReadFile(p); err == nil && strings.Contains(string(text), testenv.Prefix) {
			files = append(files, strings.TrimSpace(string(text)))
		}
	}
	return files
}

func firstSector(t *testing.T, f *os.File) string {
	t.Helper()
	b := make([]byte, 512)
	_, err := f.ReadAt(b, 0)
	require.NoError(t, err)
	return strings.TrimSpace(string(b))
}

// What the kernel would cut short is refused before the file is looked at.
func TestLoopConfigRefused(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := ioctl.AttachLoop(missing, ioctl.LoopConfig{Size: 1000})
	require.ErrorIs(t, err, units.ErrNotSectors)
	require.ErrorContains(t, err, missing)
	_, err = ioctl.AttachLoop(missing, ioctl.LoopConfig{BlockSize: 1<<32 + 512})
	require.ErrorIs(t, err, syscall.EINVAL)
	_, err = ioctl.AttachLoop(missing, ioctl.LoopConfig{})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestKernelLoop(t *testing.T) {
	testenv.Kernel(t)
	path := image(t)
	tests := []struct {
		name      string
		cfg       ioctl.LoopConfig
		size      units.Bytes
		first     string
		blockSize units.Bytes
	}{
		{"zero value", ioctl.LoopConfig{}, units.MiB, "0", 512},
		{"a part", ioctl.LoopConfig{Offset: 512 * 8, Size: 512 * 16}, 512 * 16, "8", 512},
		{"block size", ioctl.LoopConfig{BlockSize: 4096}, units.MiB, "0", 4096},
		{"read-only", ioctl.LoopConfig{ReadOnly: true}, units.MiB, "0", 512},
		{"direct", ioctl.LoopConfig{DirectIO: true}, units.MiB, "0", 512},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := ioctl.AttachLoop(path, tt.cfg)
			require.NoError(t, err)
			defer func() { require.NoError(t, l.Detach()) }()
			checkLoop(t, l.File(), tt.cfg, tt.size, tt.first, tt.blockSize)
			dio, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(l.Path()), "loop/dio"))
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(string(dio)) == "1", l.DirectIO())
			if !tt.cfg.DirectIO {
				require.False(t, l.DirectIO())
			}
			require.Equal(t, []string{path}, attached(t))
		})
		t.Run(tt.name+", in steps", func(t *testing.T) {
			// A free device, by attaching and detaching one.
			l, err := ioctl.AttachLoop(path, ioctl.LoopConfig{})
			require.NoError(t, err)
			node := l.Path()
			require.NoError(t, l.Detach())
			require.Eventually(t, func() bool { return len(attached(t)) == 0 }, 5*time.Second, time.Millisecond)
			mode := os.O_RDWR
			if tt.cfg.ReadOnly {
				mode = os.O_RDONLY
			}
			f, err := os.OpenFile(node, mode, 0)
			require.NoError(t, err)
			defer f.Close()
			backing, err := os.OpenFile(path, mode, 0)
			require.NoError(t, err)
			defer backing.Close()
			require.NoError(t, ioctl.ConfigureLoopInSteps(f, backing, tt.cfg))
			defer func() { require.NoError(t, ioctl.DetachLoop(node)) }()
			checkLoop(t, f, tt.cfg, tt.size, tt.first, tt.blockSize)
		})
	}
	require.Eventually(t, func() bool { return len(attached(t)) == 0 }, 5*time.Second, time.Millisecond)
}

func checkLoop(t *testing.T, f *os.File, cfg ioctl.LoopConfig, size units.Bytes, first string, blockSize units.Bytes) {
	t.Helper()
	got, err := ioctl.DeviceSize(f)
	require.NoError(t, err)
	require.Equal(t, size, got)
	got, err = ioctl.LogicalBlockSize(f)
	require.NoError(t, err)
	require.Equal(t, blockSize, got)
	ro, err := ioctl.ReadOnly(f)
	require.NoError(t, err)
	require.Equal(t, cfg.ReadOnly, ro)
	require.Equal(t, first, firstSector(t, f))
}

// What fails leaves nothing attached.
func TestKernelLoopFails(t *testing.T) {
	testenv.Kernel(t)
	path := image(t)
	tests := []struct {
		name string
		path string
		cfg  ioctl.LoopConfig
		want error
	}{
		{"no file", path + "-none", ioctl.LoopConfig{}, fs.ErrNotExist},
		{"a directory", filepath.Dir(path), ioctl.LoopConfig{}, syscall.EISDIR},
		{"a directory, read-only", filepath.Dir(path), ioctl.LoopConfig{ReadOnly: true}, syscall.EINVAL},
		{"block size of 500", path, ioctl.LoopConfig{BlockSize: 500}, syscall.EINVAL},
		{"block size of 1 MiB", path, ioctl.LoopConfig{BlockSize: units.MiB}, syscall.EINVAL},
		{"block size below a sector", path, ioctl.LoopConfig{BlockSize: 256}, syscall.EINVAL},
		{"offset out of range", path, ioctl.LoopConfig{Offset: 1 << 63}, syscall.EOVERFLOW},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := ioctl.AttachLoop(tt.path, tt.cfg)
			if err == nil {
				require.NoError(t, l.Detach())
			}
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, "attach loop device")
			require.ErrorContains(t, err, tt.path)
			require.Eventually(t, func() bool { return len(attached(t)) == 0 }, 5*time.Second, time.Millisecond)
		})
	}
}

func TestKernelLoopGrow(t *testing.T) {
	testenv.Kernel(t)
	path := image(t)
	l, err := ioctl.AttachLoop(path, ioctl.LoopConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Detach()) }()
	require.NoError(t, os.Truncate(path, 2<<20))
	require.NoError(t, l.Grow())
	size, err := ioctl.DeviceSize(l.File())
	require.NoError(t, err)
	require.Equal(t, 2*units.MiB, size)
}

func TestKernelLoopAutoClear(t *testing.T) {
	testenv.Kernel(t)
	path := image(t)
	l, err := ioctl.AttachLoop(path, ioctl.LoopConfig{AutoClear: true})
	require.NoError(t, err)
	user, err := os.Open(l.Path())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, []string{path}, attached(t), "it has another user")
	require.NoError(t, user.Close())
	require.Eventually(t, func() bool { return len(attached(t)) == 0 }, 5*time.Second, time.Millisecond)

	// Without it, a closed device stays, and any process can detach it.
	l, err = ioctl.AttachLoop(path, ioctl.LoopConfig{})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, []string{path}, attached(t))
	require.NoError(t, ioctl.DetachLoop(l.Path()))
	require.Eventually(t, func() bool { return len(attached(t)) == 0 }, 5*time.Second, time.Millisecond)
	require.ErrorIs(t, ioctl.DetachLoop(l.Path()), fs.ErrNotExist)

	// Detached by someone else meanwhile, Detach has nothing to do.
	l, err = ioctl.AttachLoop(path, ioctl.LoopConfig{})
	require.NoError(t, err)
	require.NoError(t, ioctl.DetachLoop(l.Path()))
	require.NoError(t, l.Detach())
}

func TestKernelBlock(t *testing.T) {
	testenv.Kernel(t)
	l, err := ioctl.AttachLoop(image(t), ioctl.LoopConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Detach()) }()
	require.Equal(t, "0", firstSector(t, l.File()))
	require.NoError(t, ioctl.ZeroOut(l.File(), 0, 4096))
	require.Equal(t, strings.Repeat("\x00", 512), firstSector(t, l.File()))
	require.NoError(t, ioctl.FlushBuffers(l.File()))
	require.ErrorIs(t, ioctl.ZeroOut(l.File(), 1, 512), syscall.EINVAL)
	if err := ioctl.Discard(l.File(), 4096, 4096); err != nil {
		require.ErrorIs(t, err, syscall.EOPNOTSUPP)
	}

	n, err := ioctl.NodeDev(l.Path())
	require.NoError(t, err)
	node := filepath.Join(t.TempDir(), "node")
	require.NoError(t, ioctl.MakeBlockNode(node, n))
	again, err := ioctl.NodeDev(node)
	require.NoError(t, err)
	require.Equal(t, n, again)
	require.ErrorIs(t, ioctl.MakeBlockNode(node, n), fs.ErrExist)
}

func TestNotABlockDevice(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "file")
	require.NoError(t, err)
	defer f.Close()
	_, err = ioctl.DeviceSize(f)
	require.ErrorIs(t, err, syscall.ENOTTY)
	require.ErrorContains(t, err, f.Name())
	_, err = ioctl.NodeDev(f.Name())
	require.ErrorIs(t, err, syscall.ENOTBLK)
	_, err = ioctl.NodeDev(f.Name() + "-none")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

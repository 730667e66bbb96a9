package engine

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// oldKernel is io_uring_setup of a kernel that knows some of the flags, or
// fails altogether, or lacks features.
func oldKernel(known uint32, fail unix.Errno, without uint32) setupFunc {
	return func(entries uint32, p *uringParams) (int, unix.Errno) {
		if fail != 0 {
			return -1, fail
		}
		if p.flags&^known != 0 {
			return -1, unix.EINVAL
		}
		fd, errno := uringSetup(entries, p)
		p.features &^= without
		return fd, errno
	}
}

func TestDegrade(t *testing.T) {
	tests := []struct {
		name     string
		setup    setupFunc
		used     Kind
		mode     string
		degraded string
		ring     bool // needs a real ring
	}{
		{"5.19", oldKernel(uringClamp|uringCoop, 0, 0), URing, "coop", `mode "defer"`, true},
		{"5.15", oldKernel(uringClamp, 0, 0), URing, "plain", `mode "coop"`, true},
		{"5.4", oldKernel(uringClamp, 0, uringExtArg), LibAIO, "", "before Linux 5.11", true},
		{"none", oldKernel(0, unix.ENOSYS, 0), LibAIO, "", "function not implemented", false},
		{"forbidden", oldKernel(0, unix.EPERM, 0), LibAIO, "", "operation not permitted", false},
		{"all flags refused", oldKernel(0, unix.EINVAL, 0), LibAIO, "", "invalid argument", false},
	}
	path := filepath.Join(t.TempDir(), "blocks")
	require.NoError(t, os.WriteFile(path, make([]byte, 8192), 0o600))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if fd, errno := uringSetup(1, &uringParams{}); errno == 0 {
				require.NoError(t, unix.Close(fd))
			} else if tt.ring {
				t.Skipf("no io_uring: %v", errno)
			}
			f, err := OpenFile(path, OpenFlags{})
			require.NoError(t, err)
			defer func() { require.NoError(t, f.Close()) }()
			before := openDescriptors(t)
			e, info, err := open(URing, Config{FD: f.FD(), Depth: 2, BlockSize: 4096}, tt.setup)
			require.NoError(t, err)
			require.Equal(t, URing, info.Requested)
			require.Equal(t, tt.used, info.Used)
			require.Equal(t, tt.mode, info.Mode)
			require.Contains(t, info.Degraded, tt.degraded)

			done, err := e.Cycle([]Request{{Op: Read, Slot: 1, Offset: 4096, Length: 4096}}, 1, 1)
			require.NoError(t, err)
			for len(done) == 0 {
				done, err = e.Cycle(nil, 1, 1)
				require.NoError(t, err)
			}
			require.Equal(t, []Completion{{Slot: 1, Result: 4096}}, done)
			require.NoError(t, e.Close())
			require.Equal(t, before, openDescriptors(t), "descriptors leaked")
		})
	}
}

// zeros opens a file of so many zeros.
func zeros(t *testing.T, size int, flags OpenFlags) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blocks")
	require.NoError(t, os.WriteFile(path, make([]byte, size), 0o600))
	f, err := OpenFile(path, flags)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// A kernel before 4.18 answers IOCB_CMD_FSYNC with EINVAL; the engine then
// drains and calls fsync itself, and keeps the order.
func TestAIOWithoutSync(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := zeros(t, 4*4096, OpenFlags{Write: true})
	e, err := newAIO(Config{FD: f.FD(), Depth: 4, BlockSize: 4096})
	require.NoError(t, err)
	e.noSync = true
	requests := []Request{
		{Op: Write, Slot: 0, Length: 4096},
		{Op: Sync, Slot: 1},
		{Op: Write, Slot: 2, Offset: 4096, Length: 4096},
		{Op: DataSync, Slot: 3},
	}
	var order []int32
	for next := requests; len(order) < len(requests); next = nil {
		done, err := e.Cycle(next, 1, 4)
		require.NoError(t, err)
		for _, c := range done {
			require.GreaterOrEqual(t, c.Result, int32(0))
			order = append(order, c.Slot)
		}
	}
	require.Equal(t, []int32{0, 1, 2, 3}, order)
	require.NoError(t, e.Close())
}

// Without the mapped ring, every completion comes by io_getevents.
func TestAIOWithoutRing(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := zeros(t, 4*4096, OpenFlags{})
	e, err := newAIO(Config{FD: f.FD(), Depth: 4, BlockSize: 4096})
	require.NoError(t, err)
	require.NotNil(t, e.ring, "this kernel's ring is not recognised")
	e.ring = nil
	for round := range 10 {
		requests := []Request{{Slot: 0, Length: 4096}, {Slot: 3, Length: 4096, Offset: 8192}}
		seen := 0
		for next := requests; seen < 2; next = nil {
			done, err := e.Cycle(next, 2-seen, 1)
			require.NoError(t, err, "round %d", round)
			require.LessOrEqual(t, len(done), 1)
			seen += len(done)
		}
	}
	require.NoError(t, e.Close())
}

// A context cannot be made where the system's limit is used up; the error
// must be the kernel's, and nothing may leak.
func TestSetupErrorsAreTheKernels(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, _, err := open(URing, Config{Depth: 1, BlockSize: 4096, FixedFile: true, FD: -1}, uringSetup)
	if errors.Is(err, ErrUnavailable) || err == nil {
		t.Skip("no io_uring here")
	}
	require.ErrorIs(t, err, unix.EBADF)
}

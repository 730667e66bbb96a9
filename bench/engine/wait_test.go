package engine

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func openRings(t *testing.T, run func(t *testing.T, setup setupFunc)) {
	t.Helper()
	for name, known := range map[string]uint32{
		"defer": uringClamp | uringSingleIssuer | uringDefer,
		"coop":  uringClamp | uringCoop,
		"plain": uringClamp,
	} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			run(t, oldKernel(known, 0, 0))
		})
	}
}

func openURing(t *testing.T, c Config, setup setupFunc) *uring {
	t.Helper()
	e, err := newURing(c, setup)
	if err != nil {
		require.ErrorIs(t, err, ErrUnavailable)
		t.Skip(err)
	}
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// What never completes does not hold a thread: reads of a pipe that is empty.
func TestURingWaitIsBounded(t *testing.T) {
	openRings(t, func(t *testing.T, setup setupFunc) {
		var pipe [2]int
		require.NoError(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
		defer func() { require.NoError(t, unix.Close(pipe[0])) }()
		defer func() { require.NoError(t, unix.Close(pipe[1])) }()
		const depth = 4
		e := openURing(t, Config{FD: pipe[0], Depth: depth, BlockSize: 4096}, setup)
		var requests []Request
		for slot := range int32(depth) {
			requests = append(requests, Request{Op: Read, Slot: slot, Length: 1})
		}
		for _, least := range []int{1, 1, 1, depth, 2, 1} {
			done, err := e.Cycle(requests, least, depth)
			require.NoError(t, err)
			require.Empty(t, done)
			require.Equal(t, depth, e.flight)
			requests = nil
		}
		_, err := unix.Write(pipe[1], make([]byte, depth))
		require.NoError(t, err)
		seen := make(map[int32]int32)
		for len(seen) < depth {
			done, err := e.Cycle(nil, 1, depth)
			require.NoError(t, err)
			for _, c := range done {
				require.NotContains(t, seen, c.Slot)
				seen[c.Slot] = c.Result
			}
		}
		require.Equal(t, map[int32]int32{0: 1, 1: 1, 2: 1, 3: 1}, seen)
		require.Zero(t, e.flight)
	})
}

// The alarm goes off while I/O flows, and is none of it; it is set once for
// many waits.
func TestURingAlarm(t *testing.T) {
	openRings(t, func(t *testing.T, setup setupFunc) {
		f := zeros(t, 4096, OpenFlags{})
		e := openURing(t, Config{FD: f.FD(), Depth: 1, BlockSize: 4096}, setup)
		// A read of what is cached completes within the system call that
		// submits it. Waits are driven as if it did not.
		went, was := 0, false
		for start := time.Now(); went < 3; {
			require.Less(t, time.Since(start), time.Minute)
			done, err := e.Cycle([]Request{{Op: Read, Length: 4096}}, 1, 1)
			require.NoError(t, err)
			for len(done) == 0 {
				done, err = e.Cycle(nil, 1, 1)
				require.NoError(t, err)
			}
			require.Equal(t, []Completion{{Result: 4096}}, done)
			require.Zero(t, e.flight+e.unsent)
			if was && !e.alarm {
				went++
			}
			if was = e.alarm; !was {
				require.NoError(t, e.await(0))
				was = true
				require.True(t, e.alarm)
			}
		}
	})
}

// An alarm that the kernel does not take leaves the ring as it was.
func TestURingAlarmTakenBack(t *testing.T) {
	openRings(t, func(t *testing.T, setup setupFunc) {
		f := zeros(t, 8192, OpenFlags{})
		e := openURing(t, Config{FD: f.FD(), Depth: 2, BlockSize: 4096}, setup)
		fd := e.ring.fd
		e.ring.fd = -1
		require.ErrorIs(t, e.await(1), unix.EBADF)
		require.False(t, e.alarm)
		e.ring.fd = fd
		done, err := e.Cycle([]Request{{Op: Read, Length: 4096}, {Op: Read, Slot: 1, Offset: 4096, Length: 4096}}, 2, 2)
		require.NoError(t, err)
		require.Len(t, done, 2)
		require.Zero(t, e.ring.ready())
	})
}

package engine_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench/engine"
)

const block = 4096

// kinds runs fn with every engine that this kernel has, on a locked thread.
func kinds(t *testing.T, fn func(t *testing.T, kind engine.Kind)) {
	t.Helper()
	for _, kind := range []engine.Kind{engine.PSync, engine.LibAIO, engine.URing} {
		t.Run(kind.String(), func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			fn(t, kind)
		})
	}
}

// open opens an engine and closes it when the test ends; the test is skipped
// where the kernel does not have it.
func open(t *testing.T, kind engine.Kind, c engine.Config) engine.Engine {
	t.Helper()
	e, info, err := engine.Open(kind, c)
	require.NoError(t, err)
	if info.Used != kind {
		require.NoError(t, e.Close())
		t.Skipf("no %s: %s", kind, info.Degraded)
	}
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// file makes a file of n blocks, block i filled with the byte i+1, and opens
// it with O_DIRECT where the file system allows.
func file(t *testing.T, n int, write bool) (f *engine.File, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "blocks")
	var content []byte
	for i := range n {
		content = append(content, bytes.Repeat([]byte{byte(i + 1)}, block)...)
	}
	require.NoError(t, os.WriteFile(path, content, 0o600))
	f, err := engine.OpenFile(path, engine.OpenFlags{Write: write, Direct: true})
	if errors.Is(err, unix.EINVAL) {
		f, err = engine.OpenFile(path, engine.OpenFlags{Write: write})
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f, path
}

// finish runs requests and returns their results by slot.
func finish(t *testing.T, e engine.Engine, requests ...engine.Request) map[int32]int32 {
	t.Helper()
	results := make(map[int32]int32)
	done, err := e.Cycle(requests, len(requests), len(requests))
	for {
		require.NoError(t, err)
		for _, c := range done {
			require.NotContains(t, results, c.Slot)
			results[c.Slot] = c.Result
		}
		if len(results) == len(requests) {
			return results
		}
		done, err = e.Cycle(nil, 1, len(requests))
	}
}

func TestReadWhatWasThere(t *testing.T) {
	const depth = 8
	kinds(t, func(t *testing.T, kind engine.Kind) {
		f, _ := file(t, depth, false)
		e := open(t, kind, engine.Config{FD: f.FD(), Depth: depth, BlockSize: block})
		var requests []engine.Request
		want := make(map[int32]int32)
		for slot := range int32(depth) {
			requests = append(requests, engine.Request{Op: engine.Read, Slot: slot, Offset: int64(depth-1-slot) * block, Length: block})
			want[slot] = block
		}
		for range 3 {
			require.Equal(t, want, finish(t, e, requests...))
			for slot := range int32(depth) {
				require.Equal(t, bytes.Repeat([]byte{byte(depth - slot)}, block), e.ReadBuffer(slot))
			}
		}
	})
}

func TestWriteSyncReadBack(t *testing.T) {
	for _, registered := range []bool{false, true} {
		kinds(t, func(t *testing.T, kind engine.Kind) {
			f, path := file(t, 4, true)
			e := open(t, kind, engine.Config{FD: f.FD(), Depth: 4, BlockSize: block, FixedBuffers: registered, FixedFile: registered})
			copy(e.WriteBuffer(2), bytes.Repeat([]byte("rok "), block/4))
			require.Equal(t, map[int32]int32{2: block}, finish(t, e, engine.Request{Op: engine.Write, Slot: 2, Offset: block, Length: block}))
			require.Equal(t, map[int32]int32{0: 0, 1: 0}, finish(t, e,
				engine.Request{Op: engine.Sync, Slot: 0}, engine.Request{Op: engine.DataSync, Slot: 1}))
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Len(t, content, 4*block)
			require.Equal(t, e.WriteBuffer(2), content[block:2*block])
			require.Equal(t, byte(1), content[block-1])
			require.Equal(t, byte(3), content[2*block])
		})
	}
}

func TestErrorsAreCompletions(t *testing.T) {
	kinds(t, func(t *testing.T, kind engine.Kind) {
		f, _ := file(t, 2, false)
		e := open(t, kind, engine.Config{FD: f.FD(), Depth: 4, BlockSize: block})
		got := finish(t, e,
			engine.Request{Op: engine.Read, Slot: 0, Offset: block, Length: block},
			engine.Request{Op: engine.Read, Slot: 1, Offset: 2 * block, Length: block}, // at the end: short
			engine.Request{Op: engine.Write, Slot: 2, Offset: 0, Length: block})        // read-only descriptor
		require.Equal(t, map[int32]int32{0: block, 1: 0, 2: -int32(unix.EBADF)}, got)
	})
}

func TestClosedDescriptor(t *testing.T) {
	kinds(t, func(t *testing.T, kind engine.Kind) {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		e := open(t, kind, engine.Config{FD: fd, Depth: 2, BlockSize: block})
		require.NoError(t, unix.Close(fd))
		got := finish(t, e, engine.Request{Op: engine.Read, Slot: 1, Length: block}, engine.Request{Op: engine.Sync, Slot: 0})
		require.Equal(t, map[int32]int32{0: -int32(unix.EBADF), 1: -int32(unix.EBADF)}, got)
	})
}

func TestCycleDoesNotAllocate(t *testing.T) {
	const depth = 4
	kinds(t, func(t *testing.T, kind engine.Kind) {
		f, _ := file(t, depth, true)
		e := open(t, kind, engine.Config{FD: f.FD(), Depth: depth, BlockSize: block})
		requests := make([]engine.Request, depth)
		round := func() {
			for i := range requests {
				requests[i] = engine.Request{Op: engine.Op(i % 2), Slot: int32(i), Offset: int64(i) * block, Length: block}
			}
			requests[0] = engine.Request{Op: engine.DataSync}
			for n, next := 0, requests; n < depth; next = nil {
				done, err := e.Cycle(next, 1, depth)
				if err != nil {
					t.Error(err)
					return
				}
				n += len(done)
			}
		}
		require.Zero(t, testing.AllocsPerRun(200, round))
	})
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name string
		kind engine.Kind
		c    engine.Config
	}{
		{"no depth", engine.PSync, engine.Config{BlockSize: block}},
		{"too deep", engine.LibAIO, engine.Config{Depth: engine.MaxDepth + 1, BlockSize: block}},
		{"no block size", engine.URing, engine.Config{Depth: 1}},
		{"unknown", 77, engine.Config{Depth: 1, BlockSize: block}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, _, err := engine.Open(tt.kind, tt.c)
			require.Error(t, err)
			require.Nil(t, e)
		})
	}
}

func TestKindText(t *testing.T) {
	for _, kind := range []engine.Kind{engine.PSync, engine.LibAIO, engine.URing} {
		got, err := engine.ParseKind(kind.String())
		require.NoError(t, err)
		require.Equal(t, kind, got)
	}
	_, err := engine.ParseKind("rdma")
	require.ErrorIs(t, err, engine.ErrUnavailable)
}

package host_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// plain is a host that shares nothing with lvm2.
func plain(t testing.TB, change ...func(*host.Config)) (*host.Host, string) {
	t.Helper()
	dir := t.TempDir()
	cfg := host.Config{Etc: filepath.Join(dir, "etc"), Run: filepath.Join(dir, "run"), Locks: filepath.Join(dir, "lock/lvm"), Node: "node"}
	for _, d := range []string{cfg.Etc, cfg.Run} {
		require.NoError(t, os.MkdirAll(d, 0o700))
	}
	for _, c := range change {
		c(&cfg)
	}
	h, err := host.Open(&cfg)
	require.NoError(t, err)
	return h, dir
}

func exclusive(vgs ...string) host.LockRequest {
	return host.LockRequest{VGs: vgs, Mode: host.Exclusive}
}
func shared(vgs ...string) host.LockRequest  { return host.LockRequest{VGs: vgs, Mode: host.Shared} }
func global(mode host.Mode) host.LockRequest { return host.LockRequest{Global: mode} }

func wait(d time.Duration) func(*host.Config) { return func(c *host.Config) { c.LockWait = d } }

func TestLockModes(t *testing.T) {
	h, _ := plain(t, wait(-1))
	tests := []struct {
		name        string
		first, then host.LockRequest
		both        bool
	}{
		{"readers", shared("a"), shared("a"), true},
		{"reader, writer", shared("a"), exclusive("a"), false},
		{"writer, reader", exclusive("a"), shared("a"), false},
		{"writers", exclusive("a"), exclusive("a"), false},
		{"two VGs", exclusive("a"), exclusive("b"), true},
		{"one of two", exclusive("a", "b"), exclusive("b"), false},
		{"several have the global one, shared", exclusive("a", "b"), global(host.Exclusive), false},
		{"and others too", exclusive("a", "b"), exclusive("c", "d"), true},
		{"global", global(host.Exclusive), global(host.Shared), false},
		{"global, a VG", global(host.Exclusive), exclusive("a"), true},
		{"nothing", host.LockRequest{}, exclusive("a"), true},
		{"twice the same name", exclusive("a", "a"), global(host.Exclusive), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, err := h.Lock(t.Context(), tt.first)
			require.NoError(t, err)
			then, err := h.Lock(t.Context(), tt.then)
			if !tt.both {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NoError(t, first.Unlock())
				then, err = h.Lock(t.Context(), tt.then)
			}
			require.NoError(t, err)
			require.NoError(t, then.Unlock())
			require.NoError(t, first.Unlock())
			require.NoError(t, first.Unlock(), "again")
		})
	}
}

// Files come with lvm2's mode, and go with the lock.
func TestLockFiles(t *testing.T) {
	h, dir := plain(t)
	locks := filepath.Join(dir, "lock/lvm")
	l, err := h.Lock(t.Context(), host.LockRequest{Global: host.Shared, VGs: []string{"b", "a"}, Mode: host.Exclusive})
	require.NoError(t, err)
	require.Equal(t, []string{"P_global", "V_a", "V_b"}, files(t, locks))
	info, err := os.Stat(filepath.Join(locks, "V_a"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode())
	second, err := h.Lock(t.Context(), global(host.Shared))
	require.NoError(t, err)
	require.NoError(t, l.Unlock())
	require.Equal(t, []string{"P_global"}, files(t, locks), "the second reader's")
	require.NoError(t, second.Unlock())
	require.Empty(t, files(t, locks))
	_, err = h.Lock(t.Context(), host.LockRequest{VGs: []string{"a"}})
	require.ErrorContains(t, err, "neither shared nor exclusive")
	for _, name := range []string{"", ".", "..", "a/b", "a\x00"} {
		_, err := h.Lock(t.Context(), exclusive(name))
		require.ErrorIs(t, err, host.ErrVGName)
	}
}

// A lock that is asked for together with one that cannot be had is given back.
func TestLockAllOrNone(t *testing.T) {
	h, dir := plain(t, wait(10*time.Millisecond))
	held, err := h.Lock(t.Context(), exclusive("b"))
	require.NoError(t, err)
	_, err = h.Lock(t.Context(), exclusive("a", "b", "c"))
	e := new(host.LockError)
	require.ErrorAs(t, err, &e)
	require.Equal(t, host.Exclusive, e.Mode)
	require.Len(t, e.Holders, 1)
	require.Equal(t, os.Getpid(), e.Holders[0].PID)
	require.Equal(t, host.Exclusive, e.Holders[0].Mode)
	require.Regexp(t, `^lock volume group b \(exclusive\): held by \S+ \(\d+\): context deadline exceeded$`, err.Error())
	require.Equal(t, []string{"V_b"}, files(t, filepath.Join(dir, "lock/lvm")))
	require.NoError(t, held.Unlock())
}

// Whoever waits ends with the context, at once.
func TestLockCancelled(t *testing.T) {
	h, dir := plain(t)
	held, err := h.Lock(t.Context(), shared("a"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 3)
	for _, r := range []host.LockRequest{exclusive("a"), exclusive("a"), shared("a")} {
		go func() {
			l, err := h.Lock(ctx, r)
			if err == nil {
				err = l.Unlock()
			}
			errs <- err
		}()
	}
	time.Sleep(20 * time.Millisecond)
	cancel()
	cancelled := 0
	for range 3 {
		select {
		case err := <-errs:
			if err != nil {
				require.ErrorIs(t, err, context.Canceled)
				cancelled++
			}
		case <-time.After(5 * time.Second):
			t.Fatal("still waits")
		}
	}
	require.GreaterOrEqual(t, cancelled, 2, "the writers")
	require.NoError(t, held.Unlock())
	require.Empty(t, files(t, filepath.Join(dir, "lock/lvm")))
}

// A writer that waits comes before readers that ask later.
func TestLockWriterFirst(t *testing.T) {
	h, _ := plain(t)
	reader, err := h.Lock(t.Context(), shared("a"))
	require.NoError(t, err)
	order := make(chan string, 2)
	var both sync.WaitGroup
	ask := func(name string, r host.LockRequest) {
		both.Go(func() {
			l, err := h.Lock(t.Context(), r)
			if err != nil {
				t.Error(err)
				return
			}
			order <- name
			time.Sleep(5 * time.Millisecond)
			if err := l.Unlock(); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(20 * time.Millisecond)
	}
	ask("writer", exclusive("a"))
	ask("reader", shared("a"))
	require.Empty(t, order, "the reader could have the lock, but not before the writer")
	require.NoError(t, reader.Unlock())
	both.Wait()
	require.Equal(t, "writer", <-order)
	require.Equal(t, "reader", <-order)
}

// Many goroutines that lock several VGs in all orders neither meet nor wait in
// a circle.
func TestLockManyTogether(t *testing.T) {
	h, dir := plain(t)
	names := []string{"a", "b", "c", "d"}
	var inside [4]atomic.Int32
	var all sync.WaitGroup
	const seed = 1
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for i := range 50 {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		all.Go(func() {
			for range 20 {
				order := random.Perm(4)[:1+random.IntN(3)]
				var r host.LockRequest
				for _, n := range order {
					r.VGs = append(r.VGs, names[n])
				}
				r.Mode = host.Exclusive
				if random.IntN(5) == 0 {
					r.Global = host.Exclusive
				}
				l, err := h.Lock(ctx, r)
				if err != nil {
					t.Error(err)
					return
				}
				for _, n := range order {
					if inside[n].Add(1) != 1 {
						t.Error("two in one VG")
					}
				}
				for _, n := range order {
					inside[n].Add(-1)
				}
				if err := l.Unlock(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.Empty(t, files(t, filepath.Join(dir, "lock/lvm")))
}

// wait_for_locks and prioritise_write_locks are kept to.
func TestLockSettings(t *testing.T) {
	_, dir := plain(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "etc/lvm.conf"),
		[]byte("global { wait_for_locks = 0 prioritise_write_locks = 0 locking_dir = \""+dir+"/other\" }"), 0o600))
	h, err := host.Open(&host.Config{Etc: filepath.Join(dir, "etc"), Run: filepath.Join(dir, "run")})
	require.NoError(t, err)
	l, err := h.Lock(t.Context(), exclusive("a"))
	require.NoError(t, err)
	require.Equal(t, []string{"V_a"}, files(t, filepath.Join(dir, "other")))
	_, err = h.Lock(t.Context(), exclusive("a"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, []string{"V_a"}, files(t, filepath.Join(dir, "other")), "no file for writers")
	require.NoError(t, l.Unlock())
}

func BenchmarkLock(b *testing.B) {
	h, _ := plain(b)
	for b.Loop() {
		l, err := h.Lock(b.Context(), exclusive("a"))
		require.NoError(b, err)
		require.NoError(b, l.Unlock())
	}
}

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

func count(events []pool.Event, name pool.Name) (n int) {
	for _, e := range events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// growing is a policy that extends by 16 MiB.
func growing() *pool.Policy {
	return &pool.Policy{
		Data:     pool.Growth{High: 80, Step: conf.Amount{Size: 16 * units.MiB}},
		Metadata: pool.Growth{High: 70, Step: conf.Amount{Percent: 50}},
	}
}

// fill has eight writers fill w0 … w7, none of which may fail, while do runs; it
// compares what they wrote, and returns how long the slowest write took.
func (h *kernelHost) fill(do func(written <-chan struct{})) (slowest time.Duration) {
	h.t.Helper()
	const records = 48 // 12 MiB of each writer
	type result struct {
		slowest time.Duration
		err     error
	}
	results, written := make(chan result, 8), make(chan struct{})
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			_, slowest, err := h.write(fmt.Sprintf("w%d", i), 0, records)
			results <- result{slowest, err}
		})
	}
	go func() {
		writers.Wait()
		close(written)
	}()
	do(written)
	<-written
	for range 8 {
		r := <-results
		require.NoError(h.t, r.err)
		slowest = max(slowest, r.slowest)
	}
	s := h.look()
	require.Equal(h.t, thin.Writable, s.Status.State)
	require.GreaterOrEqual(h.t, s.Status.Data.Used, uint64(8*records*record/(64<<10)))
	for i := range 8 {
		h.compare(fmt.Sprintf("w%d", i), records)
	}
	return slowest
}

// Eight writers fill a pool while it is watched, twelve times over: no write fails,
// and what was written is there. The slowest waits at most three times as long as one
// waits for such an extension by hand.
func TestKernelPoolWatchExtends(t *testing.T) {
	testenv.Kernel(t, "thin-pool")
	noSlowerThanByHand(t, func(t *testing.T) (waited, byHand time.Duration) {
		h := newKernelHost(t, 256*units.MiB)
		h.newTank(2, false, 16, 6)
		byHand = h.extendByHand("w8", "w9", "w10", "w11", "w12", "w13", "w14", "w15")
		w := h.watch(growing())
		waited = h.fill(func(written <-chan struct{}) { <-written })
		events := w.stop()
		require.GreaterOrEqual(t, count(events, pool.DataExtended), 4)
		require.Zero(t, count(events, pool.ActionFailed))
		return waited, byHand
	})
}

// A write waits for space that nobody gives, as the watcher is not there: once it
// is again, the write goes on nearly as soon as after an extension by hand.
func TestKernelPoolWatchRestarted(t *testing.T) {
	testenv.Kernel(t, "thin-pool")
	noSlowerThanByHand(t, func(t *testing.T) (waited, byHand time.Duration) {
		h := newKernelHost(t, 256*units.MiB)
		h.newTank(2, false, 2, 20)
		byHand = h.extendByHand("w0")
		records, done := h.writeUntilFull("w1")
		began := time.Now()
		w := h.watch(growing())
		end := <-done
		require.NoError(t, end.err)
		w.stop()
		h.compare("w1", records)
		return end.at.Sub(began), byHand
	})
}

// noSlowerThanByHand holds that what waits for the watcher waits at most three times
// as long as for a hand, in one of a few runs: a machine that does something else in
// between tells nothing of either.
func noSlowerThanByHand(t *testing.T, measure func(t *testing.T) (waited, byHand time.Duration)) {
	t.Helper()
	const runs = 4
	var ratios []float64
	for len(ratios) < runs {
		t.Run(fmt.Sprint("run ", len(ratios)+1), func(t *testing.T) {
			waited, byHand := measure(t)
			t.Logf("longest wait of a write: watched %v, extended by hand %v", waited.Round(time.Millisecond), byHand.Round(time.Millisecond))
			ratios = append(ratios, float64(waited)/float64(byHand))
		})
		if t.Failed() || ratios[len(ratios)-1] <= 3 {
			return
		}
	}
	require.Fail(t, "waits are more than three times as long as by hand", "%.1f", ratios)
}

// Metadata grows under writers, too, before data does; and the spare with it.
func TestKernelPoolWatchMetadata(t *testing.T) {
	h := newKernelHost(t, 256*units.MiB)
	h.newTank(2, false, 8, 6)
	before := h.look()
	policy := growing()
	policy.Metadata.High = int(before.Status.Metadata.Used*100/before.Status.Metadata.Total) + 1 // a few blocks more
	w := h.watch(policy)
	h.fill(func(written <-chan struct{}) { <-written })
	s := h.look()
	for n := 0; n < 200 && s.Metadata == before.Metadata; n++ { // each volume takes some
		h.change(lvm.CreateThin{Pool: "tank", Name: fmt.Sprintf("v%d", n), Size: extents(1)})
		if s = h.look(); 100*s.Status.Metadata.Used >= uint64(policy.Metadata.High)*s.Status.Metadata.Total {
			require.Eventually(t, func() bool { s = h.look(); return s.Metadata > before.Metadata }, 15*time.Second, 50*time.Millisecond)
		}
	}
	events := w.stop(pool.MetadataExtended)
	require.Equal(t, 1, count(events, pool.MetadataExtended))
	require.Zero(t, count(events, pool.ActionFailed))
	require.Equal(t, uint64(s.Metadata)*1024, s.Status.Metadata.Total)
	require.Equal(t, s.Metadata, s.Spare)
	require.Equal(t, thin.Writable, s.Status.State)
	_, _, err := h.write("w0", 48, 16)
	require.NoError(t, err)
	h.compare("w0", 64)
}

// watchedVG and watchedDir make this program a watcher, which is there to be killed.
const (
	watchedVG  = "ROK_TEST_WATCHED_VG"
	watchedDir = "ROK_TEST_WATCHED_DIR"
)

// runsWatcher has the process be a watcher, if that is what it was started for.
func runsWatcher() bool {
	if os.Getenv(watchedVG) == "" {
		return false
	}
	fmt.Fprintln(os.Stderr, "the watcher ends:", watchHere())
	return true
}

// watchHere watches until it is killed. It is another process's.
func watchHere() error {
	h, err := openHost(os.Getenv(watchedDir))
	if err != nil {
		return err
	}
	return pool.NewWatcher(pool.WatcherConfig{
		Host: h, Policies: map[string]*pool.Policy{os.Getenv(watchedVG) + "/tank": growing()}, Ticks: time.Tick(10 * time.Second),
		Report: func(e pool.Event) { fmt.Fprintf(os.Stderr, "%s: %s\n", e.Name, e.Message) },
	}).Run(context.Background())
}

// The watcher is killed at any moment, and begins anew: no write fails, whatever it
// left half done.
func TestKernelPoolWatchKilled(t *testing.T) {
	h := newKernelHost(t, 256*units.MiB)
	h.newTank(2, false, 9, 6)
	byHand := max(h.extendByHand("w8"), 100*time.Millisecond) // a slow machine's watchers must live longer to do anything
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	killed := 0
	slowest := h.fill(func(written <-chan struct{}) {
		for {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), watchedVG+"="+h.vg, watchedDir+"="+h.dir)
			c.Stderr = os.Stderr
			require.NoError(t, c.Start())
			lives := byHand/2 + time.Duration(random.Int64N(int64(4*byHand)))
			select {
			case <-time.After(lives):
			case <-written:
			}
			require.NoError(t, c.Process.Kill())
			_ = c.Wait() // it was killed
			select {
			case <-written:
				return
			default:
				killed++
			}
		}
	})
	t.Logf("killed %d times; longest wait of a write: %v", killed, slowest.Round(time.Millisecond))
	require.Positive(t, killed)
	// The last one may have been killed in the middle of a change, too.
	h.watch(growing()).stop()
	require.NoError(t, h.look().Status.Err())
}

// extendByHand has a writer for each volume wait for space, extends the pool, and
// returns how long it took from the command to the end of the last write.
func (h *kernelHost) extendByHand(volumes ...string) time.Duration {
	h.t.Helper()
	_, done := h.writeUntilFull(volumes...)
	began := time.Now()
	_, err := h.Extend(h.t.Context(), h.vg, "tank", pool.ExtendRequest{DataBy: extents(4)})
	require.NoError(h.t, err)
	end := <-done
	require.NoError(h.t, end.err)
	return end.at.Sub(began)
}

// writersEnd is when writers were done, and how.
type writersEnd struct {
	at  time.Time
	err error
}

// writeUntilFull has a writer for each volume write a little more than there is
// space for, and returns when the pool is full, with how many records each writes. The
// channel has what becomes of them.
func (h *kernelHost) writeUntilFull(volumes ...string) (each int, ended <-chan writersEnd) {
	h.t.Helper()
	const chunksOfRecord = record / (64 << 10)
	each = int(h.look().Status.Data.Free())/chunksOfRecord/len(volumes) + 1
	one, all := make(chan error, len(volumes)), make(chan writersEnd, 1)
	for _, v := range volumes {
		go func() {
			_, _, err := h.write(v, 0, each)
			one <- err
		}()
	}
	go func() {
		var errs []error
		for range volumes {
			errs = append(errs, <-one)
		}
		all <- writersEnd{time.Now(), errors.Join(errs...)}
	}()
	require.Eventually(h.t, func() bool { return h.look().Status.State == thin.OutOfDataSpace }, 30*time.Second, 50*time.Millisecond)
	return each, all
}

// A full pool comes back in both modes: what waited goes on, and what failed can be
// written. All that was acknowledged before is there.
func TestKernelPoolExtend(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(map[bool]string{false: "queue", true: "error"}[fails], func(t *testing.T) {
			h := newKernelHost(t, 128*units.MiB)
			h.newTank(2, fails, 1, 10)
			if !fails {
				t.Logf("from the command to the end of the write: %v", h.extendByHand("w0").Round(time.Millisecond))
				h.compare("w0", 33)
				return
			}
			acknowledged, _, err := h.write("w0", 0, 40)
			require.True(t, errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO), "%v", err)
			require.ErrorIs(t, h.look().Status.Err(), thin.ErrNoDataSpace)
			done, err := h.Extend(t.Context(), h.vg, "tank", pool.ExtendRequest{DataBy: extents(4)})
			require.NoError(t, err)
			require.Equal(t, thin.Writable, done.After.Status.State)
			h.compare("w0", acknowledged)
			more, _, err := h.write("w0", acknowledged, 40-acknowledged)
			require.NoError(t, err)
			h.compare("w0", acknowledged+more)
		})
	}
}

// With the VG full, what is configured happens; and what was acknowledged is there.
func TestKernelPoolWatchFull(t *testing.T) {
	growth := pool.Growth{High: 80, Step: conf.Amount{Size: 8 * units.MiB}}
	t.Run("error", func(t *testing.T) {
		h := newKernelHost(t, 32*units.MiB) // 7 extents: metadata, spare, and 5
		h.newTank(2, false, 1, 20)
		w := h.watch(&pool.Policy{Data: growth, Metadata: growth, WhenFull: pool.FailWrites})
		began := time.Now()
		acknowledged, _, err := h.write("w0", 0, 200)
		require.True(t, errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO), "%v", err)
		require.Less(t, time.Since(began), 45*time.Second, "before no_space_timeout")
		require.Eventually(t, func() bool { return h.look().Refusing }, 10*time.Second, 50*time.Millisecond)
		events := w.stop(pool.WritesFail, pool.CreationRefused)
		require.Equal(t, 1, count(events, pool.WritesFail))
		require.Equal(t, 1, count(events, pool.CreationRefused))
		require.GreaterOrEqual(t, acknowledged, 16*4)
		h.compare("w0", acknowledged)
	})
	t.Run("queue", func(t *testing.T) {
		h := newKernelHost(t, 32*units.MiB)
		h.newTank(2, false, 1, 20)
		h.change(lvm.CreateLV{Name: "rest", Size: extents(1)})
		w := h.watch(&pool.Policy{Data: growth, Metadata: growth, WhenFull: pool.QueueWrites})
		done := make(chan error, 1)
		go func() {
			_, _, err := h.write("w0", 0, 72) // 18 MiB, of 16 that there is room for
			done <- err
		}()
		require.Eventually(t, func() bool { return h.look().Status.State == thin.OutOfDataSpace }, 20*time.Second, 50*time.Millisecond)
		require.False(t, h.look().Status.Kernel.ErrorIfNoSpace)
		select {
		case err := <-done:
			require.Fail(t, "the write did not wait", "%v", err)
		case <-time.After(time.Second):
		}
		_, err := h.System.Change(t.Context(), h.vg, lvm.ChangeOptions{Deactivate: true}, lvm.RemoveLV{Name: "rest"})
		require.NoError(t, err)
		require.NoError(t, <-done) // the watcher has found the room
		// A writer that outruns the watcher sees the pool full before that, too.
		require.Eventually(t, func() bool { return w.said(pool.Recovered) > 0 && w.said(pool.Recovered) == w.said(pool.OutOfData) },
			30*time.Second, 10*time.Millisecond)
		w.stop()
		h.compare("w0", 72)
	})
	t.Run("drop", func(t *testing.T) {
		h := newKernelHost(t, 32*units.MiB)
		h.newTank(5, false, 1, 20)
		_, _, err := h.write("w0", 0, 40) // 10 MiB, which the snapshot keeps
		require.NoError(t, err)
		h.change(lvm.CreateThinSnapshot{Origin: "w0", Name: "s0"})
		w := h.watch(&pool.Policy{Data: growth, Metadata: growth, WhenFull: pool.DropSnapshots, Drop: []string{"s*"}})
		acknowledged, slowest, err := h.write("w0", 0, 60)
		require.NoError(t, err)
		t.Logf("longest wait of a write: %v", slowest.Round(time.Millisecond))
		events := w.stop(pool.SnapshotDropped)
		require.Equal(t, 1, count(events, pool.SnapshotDropped))
		h.compare("w0", acknowledged)
	})
}

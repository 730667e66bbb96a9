package pool_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// A volume group on a loop device, with a pool in it, that programs fill:
//
//	writers ─ VG/w0 … VG/w7 ─ VG-tank-tpool ─┬─ VG-tank_tdata ─┐
//	                                         └─ VG-tank_tmeta ─┴─ loop
type kernelHost struct {
	pool.Host
	t  *testing.T
	vg string
}

func newKernelHost(t *testing.T, size units.Bytes) *kernelHost {
	t.Helper()
	testenv.Kernel(t, "linear", "thin-pool", "thin")
	h := &kernelHost{t: t, vg: testenv.Name(t)}
	dir, disk := t.TempDir(), testenv.LoopDisk(t, size)
	text := fmt.Sprintf(`devices { filter=["a|^%s$|","r|.*|"] use_devicesfile=0 obtain_device_list_from_udev=0 }
activation { udev_sync=0 udev_rules=0 monitoring=0 }
backup { backup=0 archive=0 }
global { locking_dir="%s/lock" }
`, disk, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lvm.conf"), []byte(text), 0o600))
	sys, err := lvm.OpenSystem(&lvm.SystemConfig{Host: &host.Config{Etc: dir, LockWait: 10 * time.Second}, Command: "a test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sys.Close()) })
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	h.Host = pool.Host{System: sys, Conn: conn}
	_, err = sys.CreateVG(t.Context(), lvm.CreateVG{Name: h.vg}, []string{disk}, lvm.NewPVOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := sys.RemoveVG(context.Background(), h.vg, true, lvm.ChangeOptions{Deactivate: true})
		require.NoError(t, err)
		require.NoDirExists(t, "/dev/"+h.vg)
	})
	return h
}

func (h *kernelHost) change(ops ...lvm.Op) {
	h.t.Helper()
	_, err := h.System.Change(h.t.Context(), h.vg, lvm.ChangeOptions{}, ops...)
	require.NoError(h.t, err)
}

// newTank makes a pool of 4 MiB extents with volumes w0, w1 …
func (h *kernelHost) newTank(size lvm.Extents, fails bool, volumes int, each lvm.Extents) {
	h.t.Helper()
	h.change(lvm.CreateThinPool{Name: "tank", Size: extents(size), ErrorWhenFull: fails})
	for i := range volumes {
		h.change(lvm.CreateThin{Pool: "tank", Name: fmt.Sprintf("w%d", i), Size: extents(each)})
	}
}

func (h *kernelHost) look() *pool.State {
	h.t.Helper()
	s, err := h.Look(h.t.Context(), h.vg, "tank")
	require.NoError(h.t, err)
	return s
}

const record = 256 << 10 // bytes that are written and made durable at once

// content is what a writer writes to a place.
func content(volume string, at int64) []byte {
	b := make([]byte, record)
	for i := 0; i < record; i += 16 {
		copy(b[i:], volume)
		binary.LittleEndian.PutUint64(b[i+8:], uint64(at)+uint64(i))
	}
	return b
}

// write writes records to a volume, from one on, and returns how many were
// acknowledged by fsync, and how long the slowest took.
func (h *kernelHost) write(volume string, from, count int) (acknowledged int, slowest time.Duration, err error) {
	f, err := os.OpenFile(filepath.Join("/dev", h.vg, volume), os.O_RDWR, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for i := from; i < from+count; i++ {
		began := time.Now()
		if _, err = f.WriteAt(content(volume, int64(i)*record), int64(i)*record); err == nil {
			err = f.Sync()
		}
		slowest = max(slowest, time.Since(began))
		if err != nil {
			return acknowledged, slowest, err
		}
		acknowledged++
	}
	return acknowledged, slowest, nil
}

// compare reads what was acknowledged, from the devices and not from memory.
func (h *kernelHost) compare(volume string, records int) {
	h.t.Helper()
	f, err := os.Open(filepath.Join("/dev", h.vg, volume))
	require.NoError(h.t, err)
	defer f.Close()
	dropCaches(h.t)
	got := make([]byte, record)
	for i := range records {
		_, err := f.ReadAt(got, int64(i)*record)
		require.NoError(h.t, err)
		require.True(h.t, bytes.Equal(content(volume, int64(i)*record), got), "%s at %d", volume, i*record)
	}
}

func dropCaches(t *testing.T) {
	t.Helper()
	require.NoError(t, os.WriteFile("/proc/sys/vm/drop_caches", []byte("1\n"), 0))
}

// watch runs a watcher until the function that it returns is called, which returns
// all events. It looks by itself as seldom as rok pool watch does.
func (h *kernelHost) watch(policy *pool.Policy) (stop func() []pool.Event) {
	h.t.Helper()
	ticker := time.NewTicker(10 * time.Second)
	var events []pool.Event
	watched := make(chan struct{})
	var once sync.Once
	w := pool.NewWatcher(pool.WatcherConfig{
		Host: h.Host, Policies: map[string]*pool.Policy{h.vg + "/tank": policy}, Ticks: ticker.C,
		Report: func(e pool.Event) { events = append(events, e) },
		Looked: func() { once.Do(func() { close(watched) }) },
	})
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	<-watched
	return func() []pool.Event {
		cancel()
		ticker.Stop()
		require.NoError(h.t, <-ended)
		for _, e := range events {
			h.t.Logf("%s: %s", e.Name, e.Message)
		}
		return events
	}
}

func count(events []pool.Event, name pool.Name) (n int) {
	for _, e := range events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// Eight writers fill a pool while it is watched, eight times over: no write fails,
// and what was written is there. How long the slowest waited is logged beside how
// long one waits for the same extension by hand.
func TestKernelPoolWatchExtends(t *testing.T) {
	h := newKernelHost(t, 256*units.MiB)
	h.newTank(2, false, 9, 6)
	byHand := h.extendByHand("w8")

	policy := &pool.Policy{
		Data:     pool.Growth{High: 80, Step: conf.Amount{Size: 16 * units.MiB}},
		Metadata: pool.Growth{High: 70, Step: conf.Amount{Percent: 50}},
	}
	stop := h.watch(policy)
	const records = 48 // 12 MiB of each writer
	var slowest atomic.Int64
	var writers sync.WaitGroup
	failed := make(chan error, 8)
	for i := range 8 {
		writers.Go(func() {
			_, longest, err := h.write(fmt.Sprintf("w%d", i), 0, records)
			for {
				was := slowest.Load()
				if int64(longest) <= was || slowest.CompareAndSwap(was, int64(longest)) {
					break
				}
			}
			failed <- err
		})
	}
	writers.Wait()
	events := stop()
	for range 8 {
		require.NoError(t, <-failed)
	}
	t.Logf("longest wait of a write: watched %v, extended by hand %v", time.Duration(slowest.Load()).Round(time.Millisecond), byHand.Round(time.Millisecond))
	require.GreaterOrEqual(t, count(events, pool.DataExtended), 4)
	require.Zero(t, count(events, pool.ActionFailed))
	s := h.look()
	require.Equal(t, thin.Writable, s.Status.State)
	require.GreaterOrEqual(t, s.Status.Data.Used, uint64(8*records*record/(64<<10)))
	for i := range 8 {
		h.compare(fmt.Sprintf("w%d", i), records)
	}
}

// extendByHand has a writer wait for space, extends the pool, and returns how long
// it took from the command to the end of the write.
func (h *kernelHost) extendByHand(volume string) time.Duration {
	h.t.Helper()
	done := make(chan error, 1)
	go func() {
		_, _, err := h.write(volume, 0, int(h.look().Data)*16+1) // one record more than there is space
		done <- err
	}()
	require.Eventually(h.t, func() bool { return h.look().Status.State == thin.OutOfDataSpace }, 30*time.Second, 50*time.Millisecond)
	began := time.Now()
	_, err := h.Extend(h.t.Context(), h.vg, "tank", pool.ExtendRequest{DataBy: extents(4)})
	require.NoError(h.t, err)
	require.NoError(h.t, <-done)
	return time.Since(began)
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
		stop := h.watch(&pool.Policy{Data: growth, Metadata: growth, WhenFull: pool.FailWrites})
		began := time.Now()
		acknowledged, _, err := h.write("w0", 0, 200)
		require.True(t, errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO), "%v", err)
		require.Less(t, time.Since(began), 45*time.Second, "before no_space_timeout")
		events := stop()
		require.Equal(t, 1, count(events, pool.WritesFail))
		require.Equal(t, 1, count(events, pool.CreationRefused))
		require.GreaterOrEqual(t, acknowledged, 16*4)
		h.compare("w0", acknowledged)
	})
	t.Run("drop", func(t *testing.T) {
		h := newKernelHost(t, 32*units.MiB)
		h.newTank(5, false, 1, 20)
		_, _, err := h.write("w0", 0, 40) // 10 MiB, which the snapshot keeps
		require.NoError(t, err)
		h.change(lvm.CreateThinSnapshot{Origin: "w0", Name: "s0"})
		stop := h.watch(&pool.Policy{Data: growth, Metadata: growth, WhenFull: pool.DropSnapshots, Drop: []string{"s*"}})
		acknowledged, slowest, err := h.write("w0", 0, 60)
		require.NoError(t, err)
		t.Logf("longest wait of a write: %v", slowest.Round(time.Millisecond))
		events := stop()
		require.Equal(t, 1, count(events, pool.SnapshotDropped))
		h.compare("w0", acknowledged)
	})
}

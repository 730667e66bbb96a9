package pool_test

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// watching is a watcher that runs.
type watching struct {
	*pool.Watcher
	t      *testing.T
	ticks  chan time.Time
	reload chan pool.Configuration
	events chan pool.Event
	all    []pool.Event
	stop   func() error
}

func (h *fakeHost) watch(t *testing.T, policies map[string]*pool.Policy) *watching {
	w := &watching{t: t, ticks: make(chan time.Time), reload: make(chan pool.Configuration), events: make(chan pool.Event, 1000)}
	w.Watcher = pool.NewWatcher(pool.WatcherConfig{
		Host: h.Host, Policies: policies, Ticks: w.ticks, Reload: w.reload, Report: func(e pool.Event) { w.events <- e },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stopped := false
	w.stop = func() error {
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if !stopped {
			require.NoError(t, w.stop())
		}
	})
	w.tick()
	return w
}

// tick has all pools looked at, and waits until that is done: the second one is
// taken when the first was.
func (w *watching) tick() {
	w.ticks <- time.Time{}
	w.ticks <- time.Time{}
}

// wait waits for an event. Those of the kernel's that a tick needs to know of may
// come behind it, so that there are more.
func (w *watching) wait(name pool.Name) pool.Event {
	w.t.Helper()
	end := time.After(20 * time.Second)
	for {
		select {
		case e := <-w.events:
			w.all = append(w.all, e)
			if e.Name == name {
				return e
			}
		case <-time.After(300 * time.Millisecond):
			w.tick()
		case <-end:
			require.Fail(w.t, "no event "+string(name), "%+v", w.names())
		}
	}
}

// sees waits until so much of the only pool was seen to be used, and what that
// leads to was done.
func (w *watching) sees(used uint64) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.Seen()[0].State.Status.Data.Used == used }, 10*time.Second, time.Millisecond)
}

// names are those of all events so far, which are forgotten.
func (w *watching) names() (names []pool.Name) {
	for len(w.events) > 0 {
		w.all = append(w.all, <-w.events)
	}
	for _, e := range w.all {
		names = append(names, e.Name)
	}
	w.all = nil
	return names
}

func tankPolicy(with func(*pool.Policy)) map[string]*pool.Policy {
	p := policy()
	if with != nil {
		with(p)
	}
	return map[string]*pool.Policy{"data/tank": p}
}

// At an event of the kernel's, a pool is extended: in one commit, with one new
// table for each of its devices that changes.
func TestWatcherExtends(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	w := h.watch(t, tankPolicy(nil))
	require.Equal(t, []pool.Name{pool.Watched}, w.names())
	before := h.vg()
	loads, suspends := h.count(ioctl.TableLoad), h.count(ioctl.DevSuspend)

	h.fill("tank", 81)
	e := w.wait(pool.DataExtended)
	require.Equal(t, "from 80MiB to 120MiB", e.Message)
	require.Equal(t, "data", e.VG)
	require.Equal(t, "tank", e.Pool)
	w.tick()
	require.Equal(t, []pool.Name{pool.DataHigh, pool.DataExtended}, w.names())
	after := h.vg()
	require.Equal(t, lvm.Extents(30), after.LV("tank").Size())
	require.Equal(t, before.Seqno+1, after.Seqno)
	s, err := h.Look(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.Equal(t, uint64(30*64), s.Status.Data.Total)
	require.Equal(t, 3, h.count(ioctl.TableLoad)-loads, "tank, tank-tpool and tank_tdata")
	require.Equal(t, 6, h.count(ioctl.DevSuspend)-suspends, "each is suspended and resumed")

	seen := w.Seen()
	require.Len(t, seen, 1)
	require.Equal(t, lvm.Extents(30), seen[0].State.Data)
	require.True(t, seen[0].Plan.IsZero())
	require.NoError(t, w.stop())
}

// The kernel is told the mark of the data, so that it says by itself when it is
// reached. A pool without a policy keeps the one that it has.
func TestWatcherSetsLowWaterMark(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	h.change(lvm.CreateThinPool{Name: "other", Size: extents(10)})
	low := func(device string) uint64 {
		table, err := h.Conn.Device(dm.ByName(device)).Table(dm.TableQuery{})
		require.NoError(t, err)
		return table[0].Target.(dm.ThinPool).LowWaterMark
	}
	before := low("data-tank-tpool")
	w := h.watch(t, tankPolicy(nil))
	require.Equal(t, uint64(256), low("data-tank-tpool"), "a fifth")
	require.Equal(t, before, low("data-other"))
	loads := h.count(ioctl.TableLoad)
	w.tick()
	require.Equal(t, loads, h.count(ioctl.TableLoad))
	h.fill("tank", 90) // it is larger then, and the mark is near enough
	w.wait(pool.DataExtended)
	w.tick()
	require.Equal(t, uint64(256), low("data-tank-tpool"))
	w.reload <- pool.Configuration{Policies: tankPolicy(func(p *pool.Policy) { p.Data.High = 95 })}
	w.wait(pool.Reconfigured)
	w.tick()
	require.Equal(t, uint64(30*64*5/100), low("data-tank-tpool"))
}

// A mark that cannot be set is tried again at a tick, and is in the way of nothing.
func TestWatcherWithoutLowWaterMark(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	h.failing(ioctl.TableLoad, syscall.ENOMEM)
	w := h.watch(t, tankPolicy(nil))
	require.Contains(t, w.wait(pool.ActionFailed).Message, "set the low water mark of pool data/tank: ")
	h.failing(ioctl.TableLoad, nil)
	h.fill("tank", 90)
	w.wait(pool.DataExtended)
	w.tick()
	table, err := h.Conn.Device(dm.ByName("data-tank-tpool")).Table(dm.TableQuery{})
	require.NoError(t, err)
	require.NotZero(t, table[0].Target.(dm.ThinPool).LowWaterMark)
}

// What fills faster than a step is extended until it holds; metadata comes first.
func TestWatcherExtendsMetadataFirst(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	w := h.watch(t, tankPolicy(nil))
	h.pool("tank").SetUsed(800, 20*64)
	h.pool("tank").SetMode(dmtest.PoolOutOfDataSpace)
	w.wait(pool.DataExtended)
	w.tick()
	require.Equal(t, dmtest.PoolWrite, h.pool("tank").Mode())
	vg := h.vg()
	require.Equal(t, lvm.Extents(2), vg.LV("tank_tmeta").Size())
	require.Equal(t, lvm.Extents(2), vg.LV("lvol0_pmspare").Size())
	require.Equal(t, lvm.Extents(30), vg.LV("tank").Size())
}

// A pool without a policy is left alone, also beside one that has one.
func TestWatcherLeavesAlone(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	h.change(lvm.CreateThinPool{Name: "other", Size: extents(10)})
	w := h.watch(t, tankPolicy(nil))
	before := h.vg().Seqno
	h.pool("other").SetUsed(20, 640)
	h.pool("other").SetMode(dmtest.PoolOutOfDataSpace)
	w.wait(pool.DataHigh)
	w.tick()
	require.Equal(t, before, h.vg().Seqno)
	h.pool("other").SetUsed(20, 10)
	h.pool("other").SetMode(dmtest.PoolWrite)
	e := w.wait(pool.Recovered)
	require.Equal(t, "other", e.Pool)
	h.fill("tank", 90)
	w.wait(pool.DataExtended)
	require.Equal(t, before+1, h.vg().Seqno)
}

// Each state of a pool is told when it begins, and its end.
func TestWatcherTellsStates(t *testing.T) {
	tests := []struct {
		mode  dmtest.PoolMode
		check bool
		want  pool.Name
	}{
		{dmtest.PoolOutOfDataSpace, false, pool.OutOfData},
		{dmtest.PoolReadOnly, false, pool.ReadOnly},
		{dmtest.PoolReadOnly, true, pool.NeedsCheck},
		{dmtest.PoolFail, false, pool.Failed},
	}
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	w := h.watch(t, nil)
	for _, test := range tests {
		h.pool("tank").SetNeedsCheck(test.check)
		h.pool("tank").SetMode(test.mode)
		w.wait(test.want)
		w.tick()
		h.pool("tank").SetNeedsCheck(false)
		h.pool("tank").SetMode(dmtest.PoolWrite)
		w.wait(pool.Recovered)
	}
	w.names()
	_, err := h.System.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err)
	w.tick()
	require.Contains(t, w.names(), pool.Inactive)
}

// What the kernel refuses is said once, and tried again at the next tick, not at
// each event.
func TestWatcherRests(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	w := h.watch(t, tankPolicy(nil))
	w.names()
	h.failing(ioctl.TableLoad, syscall.ENOMEM)
	h.fill("tank", 90)
	e := w.wait(pool.ActionFailed)
	require.Contains(t, e.Message, "cannot allocate memory")
	h.fill("tank", 91)
	w.sees(20 * 64 * 91 / 100)
	w.names()
	tried := h.count(ioctl.TableLoad)
	for percent := range uint64(5) {
		h.fill("tank", 92+percent)
		w.sees(20 * 64 * (92 + percent) / 100)
	}
	require.Equal(t, tried, h.count(ioctl.TableLoad))
	w.tick()
	require.NotContains(t, w.names(), pool.ActionFailed)
	require.Greater(t, h.count(ioctl.TableLoad), tried)
	h.failing(ioctl.TableLoad, nil)
	w.tick()
	w.wait(pool.DataExtended)
}

// Pools come, go, and get policies while they are watched.
func TestWatcherFollowsVGs(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	w := h.watch(t, nil)
	require.Empty(t, w.names())
	h.newTank(20)
	w.wait(pool.Watched)
	h.fill("tank", 90)
	w.wait(pool.DataHigh)
	w.reload <- pool.Configuration{Err: syscall.EINVAL}
	require.Equal(t, "invalid argument", w.wait(pool.ConfigurationFail).Message)
	w.reload <- pool.Configuration{Policies: tankPolicy(nil)}
	w.wait(pool.DataExtended)
	w.tick()

	// Somebody else extends it.
	h.change(lvm.ExtendLV{Name: "tank", By: extents(5)})
	w.tick()
	w.tick()
	require.Equal(t, lvm.Extents(35), w.Seen()[0].State.Data)

	w.names()
	h.change(lvm.RemoveLV{Name: "tank", WithDependents: true})
	w.tick()
	w.wait(pool.Gone)
	require.Equal(t, "tank", w.wait(pool.NoSuchPool).Pool)
	w.tick()
	said := slices.DeleteFunc(w.names(), func(n pool.Name) bool { return n != pool.NoSuchPool })
	require.Len(t, said, 1)
	require.Empty(t, w.Seen())
}

// One request for each pool is what a tick costs where nothing happens.
func TestWatcherIsQuiet(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	h.change(lvm.CreateThinPool{Name: "other", Size: extents(10)})
	w := h.watch(t, tankPolicy(nil))
	w.tick()
	h.mu.Lock()
	clear(h.calls)
	h.mu.Unlock()
	for range 5 {
		w.ticks <- time.Time{}
	}
	require.NoError(t, w.stop())
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.calls, ioctl.DevArmPoll) // what was before is an event, perhaps
	delete(h.calls, ioctl.ListDevices)
	require.Len(t, h.calls, 1, "%v", h.calls)
	// One tick before may not have ended, and the last not begun.
	require.GreaterOrEqual(t, h.calls[ioctl.TableStatus], 2*4)
	require.LessOrEqual(t, h.calls[ioctl.TableStatus], 2*6)
}

// Without the kernel's events there is no watching.
func TestWatcherEndsWithEvents(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.failing(ioctl.DevArmPoll, syscall.ENOTTY)
	err := pool.NewWatcher(pool.WatcherConfig{Host: h.Host}).Run(t.Context())
	require.ErrorIs(t, err, syscall.ENOTTY)
}

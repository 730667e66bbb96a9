package dmtest

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// eventTests hold the rules of dev_wait, dev_arm_poll and dm_poll, and what
// package dm makes of them.
var eventTests = []suiteTest{
	{"event numbers", testRawEventNumbers},
	{"arm and poll", testRawArmPoll},
	{"wait", testRawWait},
	{"watch", testWatch},
	{"none lost", testNoneLost},
	{"wait for a device", testDeviceWait},
}

// rename makes an event on a device that has a table.
func (r *rig) bump(t *testing.T, name string) string {
	t.Helper()
	to := r.name(t)
	require.NoError(t, r.raw(ioctl.DevRename, named(name), str(to)))
	return to
}

func testRawEventNumbers(t *testing.T, r *rig) {
	eventNr := func(name string) uint32 {
		require.NoError(t, r.raw(ioctl.DevStatus, named(name)))
		return r.b.Header().EventNr
	}
	tableless := r.make(t, nil)
	require.Zero(t, eventNr(tableless))
	require.Zero(t, eventNr(r.bump(t, tableless)), "without a table nothing happens")

	name := r.make(t, zeros(8))
	before := eventNr(name)
	name = r.bump(t, name)
	require.Equal(t, before+1, eventNr(name))
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(16)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Equal(t, before+1, eventNr(name), "a swap is none")
}

// fires reports whether a wait on k ends by an event, soon.
func fires(k interface{ Wait(context.Context) error }) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	return k.Wait(ctx) == nil
}

// Poll is ready until it is armed again, for each control node by itself.
func testRawArmPoll(t *testing.T, r *rig) {
	arm := func() { require.NoError(t, r.raw(ioctl.DevArmPoll)) }
	name := r.make(t, zeros(8))
	other, err := r.k.Reopen()
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	arm()
	require.False(t, fires(r.k))
	require.False(t, fires(other), "an event before the open does not count")
	require.NoError(t, r.raw(ioctl.DevStatus, named(name)))
	require.False(t, fires(r.k))
	r.bump(t, name)
	require.True(t, fires(r.k))
	require.True(t, fires(r.k))
	arm()
	require.False(t, fires(r.k))
	require.True(t, fires(other))
	r.make(t, nil)
	require.True(t, fires(r.k), "a new device is an event")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, context.Canceled, r.k.Wait(canceled))
}

// DEV_WAIT returns at once when the number is not the one given.
func testRawWait(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	require.NoError(t, r.raw(ioctl.DevStatus, named(name)))
	now := r.b.Header().EventNr
	wait := func(nr uint32) error {
		return r.raw(ioctl.DevWait, named(name), func(b *ioctl.Buffer) { b.Header().EventNr = nr })
	}
	require.NoError(t, wait(now+1))
	require.Equal(t, now, r.b.Header().EventNr)
	lines := r.b.Targets()
	require.True(t, lines.Next(), "the status comes with it")
	require.Equal(t, "zero", string(lines.Type))

	woken := make(chan dm.Info, 1)
	go func() {
		info, _ := r.conn.Device(dm.ByName(name)).WaitBlocking(now)
		woken <- info
	}()
	select {
	case <-woken:
		t.Fatal("woken without an event")
	case <-time.After(50 * time.Millisecond):
	}
	r.bump(t, name)
	select {
	case info := <-woken:
		require.Equal(t, now+1, info.EventNr)
	case <-time.After(5 * time.Second):
		t.Fatal("not woken")
	}
	require.Equal(t, syscall.ENXIO, wait(0), "the name is gone")
}

func testWatch(t *testing.T, r *rig) {
	w, err := r.conn.Watch()
	require.NoError(t, err)
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	next := func() dm.Event {
		events, err := w.Next(ctx)
		require.NoError(t, err)
		require.Len(t, events, 1)
		return events[0]
	}
	name := r.make(t, nil)
	event := next()
	require.Equal(t, dm.Created, event.Kind)
	require.Equal(t, name, event.Name)
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(8)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	to := r.bump(t, name)
	event = next()
	require.Equal(t, dm.Renamed, event.Kind)
	require.Equal(t, name, event.OldName)
	require.Equal(t, to, event.Name)
	require.NoError(t, r.raw(ioctl.DevRename, named(to), str("UUID-"+to), flags(ioctl.FlagUUID)))
	event = next()
	require.Equal(t, dm.Renamed, event.Kind)
	require.Equal(t, to, event.OldName)
	require.Equal(t, "UUID-"+to, event.UUID)
	require.NoError(t, r.raw(ioctl.DevRemove, named(to)))
	event = next()
	require.Equal(t, dm.Removed, event.Kind)
	require.Equal(t, to, event.Name)

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = w.Next(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, w.Close())
	_, err = w.Next(ctx)
	require.Error(t, err)
}

// Whatever happens between arming and listing, or while nobody waits, is seen.
func testNoneLost(t *testing.T, r *rig) {
	const writers, each = 4, 25
	names := map[string]int{}
	var all []string
	for range writers {
		name := r.make(t, zeros(8))
		all = append(all, name)
		names[name] = 0
	}
	w, err := r.conn.Watch()
	require.NoError(t, err)
	defer w.Close()
	before := map[string]uint32{}
	for _, e := range w.Devices() {
		before[e.Name] = e.EventNr
	}
	var group sync.WaitGroup
	for i, name := range all {
		conn := r.connect(t, dm.Config{})
		id := all[i]
		group.Go(func() {
			// There and back is two events.
			other := id + "~"
			for range each {
				if d, err := conn.Device(dm.ByName(name)).Rename(context.Background(), other); err != nil {
					t.Error(err)
				} else if _, err := d.Rename(context.Background(), name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for done := 0; done < writers; {
		events, err := w.Next(ctx)
		require.NoError(t, err)
		for _, e := range events {
			if _, mine := names[e.Name]; mine && e.EventNr == before[e.Name]+2*each {
				done++
			}
		}
	}
	group.Wait()
}

func testDeviceWait(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	d := r.conn.Device(dm.ByName(name))
	info, err := d.Info()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = d.Wait(ctx, info.EventNr)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	byDev := r.conn.Device(dm.ByDev(info.Dev))
	got := make(chan error, 1)
	go func() {
		again, err := byDev.Wait(context.Background(), info.EventNr)
		if err == nil && again.EventNr != info.EventNr+1 {
			err = syscall.ERANGE
		}
		got <- err
	}()
	to := r.bump(t, name)
	require.NoError(t, <-got)
	go func() {
		_, err := byDev.Wait(context.Background(), info.EventNr+1)
		got <- err
	}()
	require.NoError(t, r.raw(ioctl.DevRemove, named(to)))
	require.ErrorIs(t, <-got, syscall.ENXIO)
}

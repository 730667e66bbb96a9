package lvm_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
)

// withPlain is activationVG with so many plain volumes more, each of an extent,
// v00 before all others and v01 and so on behind them, so that the others are
// among them.
func withPlain(n int) *lvm.VG {
	vg := activationVG()
	plain := make([]*lvm.LV, n)
	for i := range plain {
		plain[i] = &lvm.LV{
			Name: fmt.Sprintf("v%02d", i), ID: lvm.NewID(), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite, lvm.FlagVisible},
			Segments: []lvm.Segment{{Length: 1, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[0].ID, Start: 50 + lvm.Extents(i)}}}}},
		}
	}
	vg.LVs = append(plain[:1:1], append(vg.LVs, plain[1:]...)...)
	return vg
}

func plainNames(vg *lvm.VG) []string {
	var names []string
	for _, lv := range vg.LVs {
		if strings.HasPrefix(lv.Name, "v") {
			names = append(names, lv.Name)
		}
	}
	return names
}

// Plain volumes are made and removed beside each other, all workers at once;
// nothing else is while a pool or a snapshot is. The result is that of one
// worker.
func TestActivateAbreast(t *testing.T) {
	const workers = 4
	h := newFakeHost(t)
	vg := withPlain(21)
	want := h.activate(t, vg)
	devices := h.devices(t)
	links := h.links(t)
	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	h.a = h.activator(workers)

	var under atomic.Int32
	meet := func(cmd ioctl.Cmd) {
		// The first of these requests wait for each other.
		var once sync.WaitGroup
		once.Add(workers)
		var first atomic.Int32
		together := make(chan struct{})
		go func() { once.Wait(); close(together) }()
		h.before = func(c dmtest.Call) {
			n := under.Add(1)
			plain := strings.HasPrefix(c.Name, "vg--a-v")
			one := plain || slices.Contains([]string{"vg--a-lin", "vg--a-str", "vg--a-t", "vg--a-s", "vg--a-ext"}, c.Name)
			if n > 1 && !one && c.Cmd != ioctl.DevStatus && c.Cmd != ioctl.TableStatus {
				t.Errorf("%v of %s beside others", c.Cmd, c.Name)
			}
			if plain && c.Cmd == cmd && c.Name != "vg--a-v00" && first.Add(1) <= workers {
				once.Done()
				select {
				case <-together:
				case <-time.After(20 * time.Second):
					t.Error("one after the other")
				}
			}
		}
	}
	h.after = func(dmtest.Call) { under.Add(-1) }
	meet(ioctl.DevCreate)
	require.Equal(t, want, h.activate(t, vg))
	h.before = nil
	under.Store(0)
	require.Equal(t, links, h.links(t))
	require.Equal(t, devices, h.devices(t))
	under.Store(0)
	meet(ioctl.DevRemove)
	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	require.Empty(t, h.kernel.Devices())
	require.Empty(t, h.links(t))
}

// Whatever request fails, volumes that are not active have nothing in the
// kernel, and results and errors come in the order of the request.
func TestActivateAbreastFails(t *testing.T) {
	h := newFakeHost(t)
	vg := withPlain(9)
	asked := append([]string{"t"}, append(plainNames(vg), "s", "v03")...) // one of them twice
	for _, workers := range []int{2, 3, 8} {
		h.a = h.activator(workers)
		for nth := 1; ; nth++ {
			h.fail, h.seen = nth, 0
			result, err := h.a.Activate(t.Context(), h.request(vg, asked...))
			h.fail = 0
			if h.seen < nth {
				require.NoError(t, err)
				require.Equal(t, asked, result.Active)
				require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
				break
			}
			require.ErrorIs(t, err, syscall.ENOMEM)
			at := 0
			for _, name := range result.Active {
				for asked[at] != name {
					at++
					require.Less(t, at, len(asked), "%v are in the order of %v", result.Active, asked)
				}
				at++
			}
			text := h.devices(t)
			require.NotContains(t, text, "inactive")
			for _, name := range plainNames(vg) {
				active := strings.Contains(strings.Join(result.Active, " ")+" ", name+" ")
				require.Equal(t, active, strings.Contains(text, "vg--a-"+name+" "), "request %d: %s is active: %v", nth, name, active)
			}
			for down := 0; len(h.kernel.Devices()) > 0; down++ {
				h.fail, h.seen = (nth+down)%29, 0 // of the removal, too
				err := h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg})
				require.True(t, err != nil || len(h.kernel.Devices()) == 0)
			}
			h.fail = 0
			require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
			require.Empty(t, h.links(t))
		}
	}
}

// The errors of several come in the order of the request, on the way down in the
// reverse one, as one worker has them.
func TestActivateAbreastErrors(t *testing.T) {
	vg := withPlain(9)
	errorsOf := func(err error) (texts []string) {
		for line := range strings.Lines(err.Error()) {
			texts = append(texts, strings.TrimSpace(line))
		}
		return texts
	}
	var ups, downs [][]string
	for _, workers := range []int{1, 4} {
		h := newFakeHost(t)
		h.a = h.activator(workers)
		var release []func()
		for _, name := range []string{"v02", "v05", "v06"} {
			// Something else has its name.
			other := activationVG()
			other.ID = lvm.NewID()
			other.LVs = other.LVs[:1]
			other.LVs[0].Name, other.LVs[0].ID = name, lvm.NewID()
			h.activate(t, other)
		}
		_, err := h.a.Activate(t.Context(), h.request(vg))
		ups = append(ups, errorsOf(err))
		for _, name := range []string{"v00", "v03", "v04", "t"} {
			free, err := h.kernel.Hold("vg--a-" + name)
			require.NoError(t, err)
			release = append(release, free)
		}
		downs = append(downs, errorsOf(h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg})))
		for _, free := range release {
			free()
		}
		require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	}
	require.Len(t, ups[0], 3)
	require.Equal(t, ups[0], ups[1])
	require.NotEmpty(t, downs[0])
	require.Equal(t, downs[0], downs[1])
}

// The context ends while several are under way: each is whole or not there.
func TestActivateAbreastCanceled(t *testing.T) {
	vg := withPlain(9)
	for nth := 1; nth < 40; nth += 2 {
		h := newFakeHost(t)
		h.a = h.activator(4)
		ctx, cancel := context.WithCancel(t.Context())
		var seen atomic.Int32
		h.before = func(dmtest.Call) {
			if int(seen.Add(1)) == nth {
				cancel()
			}
		}
		result, err := h.a.Activate(ctx, h.request(vg, plainNames(vg)...))
		h.before = nil
		if int(seen.Load()) < nth {
			cancel()
			require.NoError(t, err)
			continue
		}
		if len(result.Active) < 9 {
			require.ErrorIs(t, err, context.Canceled)
		}
		require.Len(t, h.kernel.Devices(), len(result.Active))
		text := h.devices(t)
		require.NotContains(t, text, "suspended")
		require.NotContains(t, text, "inactive")
		err = h.a.Deactivate(ctx, lvm.DeactivateRequest{VG: vg})
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, h.kernel.Devices(), len(result.Active), "nothing goes when it ended before")
		require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
		cancel()
	}
}

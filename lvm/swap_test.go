package lvm_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
)

// segment returns a change of an LV's first segment.
func segment[T any](change func(*lvm.Segment, *T)) func(*lvm.LV) *lvm.LV {
	return func(lv *lvm.LV) *lvm.LV {
		s := &lv.Segments[0]
		copied := *any(s.Type).(*T)
		change(s, &copied)
		s.Type = any(&copied).(lvm.SegmentType)
		return lv
	}
}

func rename(to string) func(*lvm.LV) *lvm.LV {
	return func(lv *lvm.LV) *lvm.LV { lv.Name = to; return lv }
}

func length(n lvm.Extents) func(*lvm.LV) *lvm.LV {
	return func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Length = n; return lv }
}

func readOnly(lv *lvm.LV) *lvm.LV {
	lv.Status = lv.Status.Without(lvm.FlagWrite)
	return lv
}

// messages limits the messages of the pool to those that create the named LVs.
func messages(vg *lvm.VG, names ...string) *lvm.VG {
	return edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) {
		p.Messages = nil
		for _, name := range names {
			p.Messages = append(p.Messages, lvm.ThinMessage{Create: name})
		}
	}))
}

// swapCase is a change of a VG with active LVs.
type swapCase struct {
	name     string
	active   []string
	old, new func(*lvm.VG) *lvm.VG // of activationVG; nil: it
	stays    []string              // of new: what is active afterwards
	quiet    bool                  // nothing is suspended
}

func swapCases() []swapCase {
	all := []string{"lin", "str", "pool", "t", "s", "e", "ext", "org"}
	noSnapshots := func(vg *lvm.VG) *lvm.VG { return without(vg, "c1", "c2", "snapshot0", "snapshot1") }
	return []swapCase{
		{name: "nothing", active: all, stays: all, quiet: true},
		{name: "nothing active", quiet: true, new: func(vg *lvm.VG) *lvm.VG {
			return edit(without(vg, "str"), "lin", rename("new"))
		}},
		{name: "extend", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(vg, "lin", func(lv *lvm.LV) *lvm.LV { lv.Segments[1].Length = 9; return lv })
		}},
		{name: "reduce", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(vg, "lin", func(lv *lvm.LV) *lvm.LV { lv.Segments = lv.Segments[:1]; return lv })
		}},
		{name: "rename", active: all, stays: []string{"new", "str", "pool", "t", "s", "e", "ext", "org"}, quiet: true,
			new: func(vg *lvm.VG) *lvm.VG { return edit(vg, "lin", rename("new")) }},
		{name: "names change places", active: all, stays: all, quiet: true, new: func(vg *lvm.VG) *lvm.VG {
			return edit(edit(edit(vg, "lin", rename("x")), "str", rename("lin")), "x", rename("str"))
		}},
		{name: "rename the VG", active: all, stays: all, quiet: true, new: func(vg *lvm.VG) *lvm.VG {
			vg = vg.Clone()
			vg.Name = "other"
			return vg
		}},
		{name: "read-only", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(edit(edit(vg, "lin", readOnly), "org", readOnly), "t", readOnly)
		}},
		{name: "extend a thin volume", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(vg, "t", length(20))
		}},
		{name: "extend a pool", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(edit(vg, "pool", length(20)), "pool_tdata", length(20))
		}},
		{name: "extend a pool below volumes", active: []string{"t"}, stays: []string{"t"}, new: func(vg *lvm.VG) *lvm.VG {
			return edit(edit(vg, "pool", length(20)), "pool_tdata", length(20))
		}},
		{name: "extend a pool's metadata", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(vg, "pool_tmeta", length(2))
		}},
		{name: "another policy of a pool", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			vg = edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.ZeroNewBlocks, p.Discards = false, "nopassdown" }))
			return edit(vg, "pool", func(lv *lvm.LV) *lvm.LV { lv.Flags = lvm.Flags{lvm.FlagErrorWhenFull}; return lv })
		}},
		{name: "rename a pool", active: all, stays: []string{"lin", "str", "new", "t", "s", "e", "ext", "org"}, quiet: true,
			new: func(vg *lvm.VG) *lvm.VG {
				vg = edit(edit(vg, "pool_tmeta", rename("new_tmeta")), "pool_tdata", rename("new_tdata"))
				vg = edit(vg, "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.Metadata, p.Data = "new_tmeta", "new_tdata" }))
				vg = edit(vg, "pool", rename("new"))
				for _, name := range []string{"t", "s", "e"} {
					vg = edit(vg, name, segment(func(_ *lvm.Segment, v *lvm.Thin) { v.Pool = "new" }))
				}
				return vg
			}},
		{name: "a pool's first volume", active: []string{"pool"}, stays: []string{"pool"}, quiet: true,
			old: func(vg *lvm.VG) *lvm.VG {
				return edit(without(vg, "t", "s", "e"), "pool", segment(func(_ *lvm.Segment, p *lvm.ThinPool) { p.TransactionID, p.Messages = 0, nil }))
			}},
		{name: "extend an origin's snapshot", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG {
			return edit(vg, "c2", length(3))
		}},
		{name: "first snapshots", active: all, stays: all, old: noSnapshots},
		{name: "one snapshot more", active: all, stays: all, old: func(vg *lvm.VG) *lvm.VG { return without(vg, "c2", "snapshot1") }},
		{name: "one snapshot less", active: all, stays: all, new: func(vg *lvm.VG) *lvm.VG { return without(vg, "c1", "snapshot0") }},
		{name: "no snapshots", active: all, stays: all, new: noSnapshots},
		{name: "rename an origin", active: all, stays: []string{"lin", "str", "pool", "t", "s", "e", "ext", "new"}, quiet: true,
			new: func(vg *lvm.VG) *lvm.VG {
				for _, tie := range []string{"snapshot0", "snapshot1"} {
					vg = edit(vg, tie, segment(func(_ *lvm.Segment, s *lvm.Snapshot) { s.Origin = "new" }))
				}
				return edit(vg, "org", rename("new"))
			}},
		{name: "rename a snapshot", active: all, stays: all, quiet: true, new: func(vg *lvm.VG) *lvm.VG {
			return edit(edit(vg, "snapshot0", segment(func(_ *lvm.Segment, s *lvm.Snapshot) { s.COW = "new" })), "c1", rename("new"))
		}},
		{name: "an external origin", active: []string{"ext", "pool"}, stays: []string{"ext", "pool"},
			old: func(vg *lvm.VG) *lvm.VG { return messages(without(vg, "e"), "t", "s") }},
		{name: "no external origin", active: all, stays: []string{"lin", "str", "pool", "t", "s", "ext", "org"},
			new: func(vg *lvm.VG) *lvm.VG { return messages(without(vg, "e"), "t", "s") }},
		{name: "rename an external origin below a volume", active: []string{"e"}, stays: []string{"e"}, quiet: true,
			new: func(vg *lvm.VG) *lvm.VG {
				vg = edit(vg, "e", segment(func(_ *lvm.Segment, v *lvm.Thin) { v.ExternalOrigin = "new" }))
				return edit(vg, "ext", rename("new"))
			}},
		{name: "remove", active: all, stays: []string{"str", "pool", "t", "e", "ext"}, quiet: true,
			new: func(vg *lvm.VG) *lvm.VG { return messages(without(noSnapshots(vg), "lin", "s", "org"), "t", "e") }},
		{name: "remove a pool", active: all, stays: []string{"lin", "str", "ext", "org"},
			new: func(vg *lvm.VG) *lvm.VG { return without(vg, "t", "s", "e", "pool", "pool_tmeta", "pool_tdata") }},
	}
}

// After a swap the kernel has what activating the new VG anew makes. A failure
// before the commit, and an undo, leave what was; one behind it leaves nothing
// suspended, and what activating makes right.
func TestSwap(t *testing.T) {
	for _, c := range swapCases() {
		t.Run(c.name, func(t *testing.T) {
			old, next := activationVG(), activationVG()
			next.LVs = append([]*lvm.LV(nil), old.LVs...)
			if c.old != nil {
				old = c.old(old)
			}
			if c.new != nil {
				next = c.new(next)
			}
			fresh := newFakeHost(t)
			fresh.activate(t, next, append([]string{}, c.stays...)...)
			want, wantLinks := fresh.devices(t), fresh.links(t)

			var h *fakeHost
			before := ""
			start := func() *lvm.Swap {
				h = newFakeHost(t)
				h.activate(t, old, append([]string{}, c.active...)...)
				if before == "" {
					before = h.devices(t)
				}
				require.Equal(t, before, h.devices(t))
				h.calls = nil
				return h.a.NewSwap(old, next, h.options())
			}
			swap := start()
			require.NoError(t, swap.Preload(t.Context()))
			require.NoError(t, swap.Suspend(t.Context()))
			for _, call := range h.calls {
				if call.Cmd == ioctl.DevSuspend && call.Flags&ioctl.FlagSuspend != 0 {
					require.False(t, c.quiet, "%+v", call)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.NoError(t, swap.Resume(ctx), "which happens also then")
			require.Equal(t, want, h.devices(t))
			require.Equal(t, wantLinks, h.links(t))
			require.Error(t, swap.Suspend(t.Context()), "once")
			if c.name == "nothing active" || c.name == "nothing" {
				return
			}

			swap = start()
			require.NoError(t, swap.Suspend(t.Context()), "which preloads")
			require.NoError(t, swap.Undo(ctx))
			require.Equal(t, before, h.devices(t))
			swap = start()
			require.NoError(t, swap.Preload(t.Context()))
			require.NoError(t, swap.Undo(t.Context()))
			require.NoError(t, swap.Undo(t.Context()))
			require.Equal(t, before, h.devices(t))

			for nth := 1; ; nth++ {
				swap := start()
				h.fail, h.seen = nth, 0
				err := swap.Suspend(t.Context())
				if err != nil {
					require.ErrorIs(t, err, syscall.ENOMEM)
					h.fail = 0
					require.Equal(t, before, h.devices(t), "request %d", nth)
					continue
				}
				err = swap.Resume(t.Context())
				h.fail = 0
				if h.seen < nth {
					require.NoError(t, err)
					require.Equal(t, want, h.devices(t))
					break
				}
				require.ErrorIs(t, err, syscall.ENOMEM, "request %d", nth)
				require.NotContains(t, h.devices(t), "suspended", "request %d", nth)
				h.activate(t, next, append([]string{}, c.stays...)...)
				require.NoError(t, h.a.RemoveLeftovers(t.Context(), next))
				require.Equal(t, want, h.devices(t), "request %d", nth)
			}
		})
	}
}

// What is in use is not taken away.
func TestSwapBusy(t *testing.T) {
	for name, lv := range map[string]string{"volume": "lin", "snapshot": "c1"} {
		t.Run(name, func(t *testing.T) {
			h := newFakeHost(t)
			vg := activationVG()
			h.activate(t, vg, "lin", "org")
			before := h.devices(t)
			release, err := h.kernel.Hold("vg--a-" + lv)
			require.NoError(t, err)
			swap := h.a.NewSwap(vg, without(vg, "lin", "c1", "snapshot0"), h.options())
			if lv == "c1" {
				swap = h.a.NewSwap(vg, without(vg, "c1", "snapshot0"), h.options())
			}
			err = swap.Preload(t.Context())
			var busy *lvm.BusyError
			require.ErrorAs(t, err, &busy)
			require.Equal(t, "vg--a-"+lv, busy.Device)
			require.Equal(t, 1, busy.OpenCount)
			require.ErrorIs(t, err, syscall.EBUSY)
			require.Equal(t, before, h.devices(t))
			release()
		})
	}
}

// A snapshot that somebody opens at the last moment gets errors, and goes with
// the last who has it.
func TestSwapOpenedMeanwhile(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	h.activate(t, vg, "org")
	swap := h.a.NewSwap(vg, without(vg, "c1", "snapshot0"), h.options())
	require.NoError(t, swap.Suspend(t.Context()))
	release, err := h.kernel.Hold("vg--a-c1")
	require.NoError(t, err)
	require.NoError(t, swap.Resume(t.Context()))
	require.Contains(t, h.devices(t), "vg--a-c1 []\n\t0 32768 error\n")
	release()
	require.NotContains(t, h.devices(t), "c1")
}

func TestSwapHook(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	h.activate(t, vg, "lin")
	before := h.devices(t)
	next := edit(vg, "lin", rename("new"))
	resume, err := h.a.NewSwap(vg, next, h.options()).Hook(t.Context())()
	require.NoError(t, err)
	require.NoError(t, resume(false))
	require.Equal(t, before, h.devices(t))
	resume, err = h.a.NewSwap(vg, next, h.options()).Hook(t.Context())()
	require.NoError(t, err)
	require.NoError(t, resume(true))
	require.Equal(t, []string{"vg--a-new"}, h.kernel.Devices())
	h.kernel.Fail(ioctl.TableStatus, 1, syscall.ENOMEM)
	_, err = h.a.NewSwap(next, vg, h.options()).Hook(t.Context())()
	require.ErrorIs(t, err, syscall.ENOMEM)
	_, err = h.conn.Device(dm.ByName("vg--a-new")).Info()
	require.NoError(t, err)
}

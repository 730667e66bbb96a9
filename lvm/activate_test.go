package lvm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
)

const allDevices = `vg--a-c1 []
	0 32768 snapshot vg--a-org-real vg--a-c1-cow P 8
vg--a-c1-cow [cow]
	0 16384 linear 8:1 247808
vg--a-c2 []
	0 32768 snapshot vg--a-org-real vg--a-c2-cow P 8
vg--a-c2-cow [cow]
	0 16384 linear 8:1 264192
vg--a-e []
	0 16384 thin vg--a-pool-tpool 3 vg--a-ext-real
vg--a-ext [] ro
	0 16384 linear vg--a-ext-real 0
vg--a-ext-real [real] ro
	0 16384 linear 8:0 329728
vg--a-lin []
	0 16384 linear 8:0 2048
	16384 16384 linear 8:1 83968
vg--a-org []
	0 32768 snapshot-origin vg--a-org-real
vg--a-org-real [real]
	0 32768 linear 8:0 247808
vg--a-pool [pool] ro
	0 131072 linear vg--a-pool-tpool 0
vg--a-pool-tpool [tpool]
	0 131072 thin-pool vg--a-pool_tmeta vg--a-pool_tdata 128 0 0
vg--a-pool_tdata [tdata]
	0 131072 linear 8:0 83968
vg--a-pool_tmeta [tmeta]
	0 8192 linear 8:1 165888
vg--a-s []
	0 81920 thin vg--a-pool-tpool 2
vg--a-str []
	0 32768 striped 2 128 8:0 34816 8:1 34816
vg--a-t []
	0 81920 thin vg--a-pool-tpool 1
`

// All of a VG, then once more with nothing to do, then none of it.
func TestActivateAll(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	result := h.activate(t, vg)
	require.Equal(t, &lvm.Activation{
		Active:    []string{"lin", "str", "pool", "t", "s", "e", "org", "ext", "c1", "c2"},
		Completed: []string{"pool"},
	}, result)
	require.Equal(t, allDevices, h.devices(t))
	require.Equal(t, []uint32{1, 2, 3}, h.kernel.Pool("vg--a-pool-tpool").Thins())
	want := map[string]string{}
	for _, name := range []string{"lin", "str", "t", "s", "e", "org", "ext", "c1", "c2"} {
		want["vg-a/"+name] = "/dev/mapper/vg--a-" + name
	}
	require.Equal(t, want, h.links(t))

	h.calls = nil
	result = h.activate(t, vg)
	require.Len(t, result.Active, 10)
	require.Equal(t, []string{"pool"}, result.Completed, "the text still has the messages")
	for _, c := range h.calls {
		require.Contains(t, []ioctl.Cmd{ioctl.ListDevices, ioctl.TableStatus, ioctl.DevStatus}, c.Cmd, "%+v", c)
	}
	require.Equal(t, allDevices, h.devices(t))

	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	require.Empty(t, h.devices(t))
	require.Empty(t, h.links(t))
	require.NoFileExists(t, filepath.Join(h.dev, "vg-a"))
	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
}

// Each volume brings what it stands on, and no more; a failure anywhere takes
// back all of it. Then it goes, with all of that.
func TestActivateEach(t *testing.T) {
	pool := []string{"vg--a-pool-tpool", "vg--a-pool_tdata", "vg--a-pool_tmeta"}
	group := []string{"vg--a-c1", "vg--a-c1-cow", "vg--a-c2", "vg--a-c2-cow", "vg--a-org", "vg--a-org-real"}
	tests := map[string][]string{
		"lin":  {"vg--a-lin"},
		"str":  {"vg--a-str"},
		"pool": append([]string{"vg--a-pool"}, pool...),
		"t":    append(pool[:3:3], "vg--a-t"),
		"s":    append(append([]string{}, pool...), "vg--a-s"),
		"e":    append([]string{"vg--a-e", "vg--a-ext-real"}, pool...),
		"ext":  {"vg--a-ext", "vg--a-ext-real"},
		"org":  group,
		"c2":   group,
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			h := newFakeHost(t)
			vg := activationVG()
			h.everyStep(t, func() error {
				result, err := h.a.Activate(t.Context(), h.request(vg, name))
				if len(result.Active) > 0 && err != nil {
					require.Equal(t, "str", name, "its read-ahead is not set then, and no more")
					require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
				}
				return err
			}, func(nth int) {
				require.Empty(t, h.devices(t), "request %d", nth)
				require.Empty(t, h.links(t), "request %d", nth)
			})
			require.ElementsMatch(t, want, h.kernel.Devices())
			if name == "c2" {
				err := h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg, LVs: []string{"c2"}})
				require.ErrorIs(t, err, lvm.ErrNeedsOrigin)
				require.ElementsMatch(t, want, h.kernel.Devices())
				name = "org"
			}
			for nth := 1; len(h.kernel.Devices()) > 0; nth++ {
				// What an attempt left, the next one takes away.
				h.fail, h.seen = nth, 0
				err := h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg, LVs: []string{name}})
				require.True(t, err != nil || len(h.kernel.Devices()) == 0, "request %d", nth)
			}
			h.fail = 0
			require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg, LVs: []string{name}}))
			require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg, LVs: []string{"c2"}}), "it is inactive")
			require.Empty(t, h.links(t))
		})
	}
}

// What a crash left, or lvm2 made otherwise, is made right; a failure meanwhile
// leaves it as it was, but for what was suspended.
func TestActivateRepairs(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	was := without(vg, "c1", "c2", "snapshot0", "snapshot1", "e")
	was = edit(was, "lin", func(lv *lvm.LV) *lvm.LV { lv.Name, lv.Segments = "old", lv.Segments[:1]; return lv })
	h.activate(t, vg, "pool") // which completes its messages
	pool := *vg.LV("pool").Segments[0].Type.(*lvm.ThinPool)
	pool.Messages = nil
	was = edit(was, "pool", func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Type = &pool; return lv })
	h.meta = superblock(1, 128)
	prepare := func() string {
		require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
		require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: was}))
		h.activate(t, was, "old", "org", "ext", "t", "str")
		return h.devices(t)
	}
	before := prepare()
	require.Contains(t, before, "vg--a-org []\n\t0 32768 linear 8:0 247808\n")
	h.everyStep(t, func() error {
		_, err := h.a.Activate(t.Context(), h.request(vg, "org"))
		return err
	}, func(nth int) { require.Equal(t, before, h.devices(t), "request %d", nth) })
	h.everyStep(t, func() error {
		_, err := h.a.Activate(t.Context(), h.request(vg, "ext"))
		return err
	}, func(nth int) { require.NotContains(t, h.devices(t), "ext-real", "request %d", nth) })
	h.everyStep(t, func() error {
		_, err := h.a.Activate(t.Context(), h.request(vg, "lin"))
		return err
	}, func(nth int) { require.Contains(t, h.devices(t), "vg--a-old []\n\t0 16384 linear", "request %d", nth) })
	require.NoError(t, h.conn.Device(dm.ByName("vg--a-str")).Suspend(dm.SuspendOptions{}))
	require.NoError(t, h.conn.Device(dm.ByName("vg--a-pool_tdata")).Suspend(dm.SuspendOptions{}))
	h.activate(t, vg)
	require.Equal(t, allDevices, h.devices(t))
}

// A program that is killed in front of the commit leaves devices suspended with
// tables that do not count: they go on with the old ones.
func TestActivateDropsTablesThatDoNotCount(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	h.activate(t, vg)
	d := h.conn.Device(dm.ByName("vg--a-str"))
	table, err := d.Table(dm.TableQuery{})
	require.NoError(t, err)
	larger := append(slices.Clone(table), dm.Segment{Start: table.Size(), Length: 8192, Target: dm.ErrorTarget{}})
	require.NoError(t, d.Load(larger, dm.TableOptions{}))
	require.NoError(t, d.Suspend(dm.SuspendOptions{}))
	h.activate(t, vg)
	require.Equal(t, allDevices, h.devices(t))
	info, err := d.Info()
	require.NoError(t, err)
	require.False(t, info.Suspended || info.Inactive)
}

// Half-made devices, as a crash between create and load leaves them.
func TestActivateHalfMade(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	devices, err := vg.Stack([]string{"e", "org"}, h.options())
	require.NoError(t, err)
	for _, d := range devices {
		_, err := h.conn.Create(t.Context(), dm.CreateRequest{Name: d.Name, UUID: d.UUID})
		require.NoError(t, err)
	}
	h.activate(t, vg)
	require.Equal(t, allDevices, h.devices(t))
}

func TestActivateSkips(t *testing.T) {
	h := newFakeHost(t)
	vg := edit(activationVG(), "lin", func(lv *lvm.LV) *lvm.LV { lv.Flags = lvm.Flags{lvm.FlagActivationSkip}; return lv })
	vg = edit(vg, "str", func(lv *lvm.LV) *lvm.LV { lv.Flags = lvm.Flags{lvm.FlagNoAutoActivate}; return lv })
	req := h.request(vg, "lin", "str", "ext")
	req.Auto = true
	result, err := h.a.Activate(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, &lvm.Activation{Active: []string{"ext"}, Skipped: []string{"lin", "str"}}, result)
	req.Auto = false
	result, err = h.a.Activate(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, &lvm.Activation{Active: []string{"str", "ext"}, Skipped: []string{"lin"}}, result)
	req.IgnoreSkip = true
	result, err = h.a.Activate(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, result.Active, 3)
	vg = vg.Clone()
	vg.Flags = lvm.Flags{lvm.FlagNoAutoActivate}
	req.VG, req.Auto = vg, true
	result, err = h.a.Activate(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, result.Skipped, 3)
}

// Of several, those that can be are active.
func TestActivateOthers(t *testing.T) {
	h := newFakeHost(t)
	vg := edit(activationVG(), "str", func(lv *lvm.LV) *lvm.LV {
		lv.Segments[0].Type = &lvm.Held{Type: "raid1", Known: true}
		return lv
	})
	result, err := h.a.Activate(t.Context(), h.request(vg, "str", "lin", "pool_tdata", "none", "snapshot0", "ext"))
	require.Equal(t, []string{"lin", "ext"}, result.Active)
	var unsupported *lvm.SegmentTypeError
	require.ErrorAs(t, err, &unsupported)
	require.Equal(t, "raid1", unsupported.Type)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, err, lvm.ErrNotVolume)
	require.ErrorIs(t, err, lvm.ErrReference)
	require.ErrorContains(t, err, "vg-a/pool_tdata")
	require.ErrorContains(t, err, "vg-a/snapshot0")
	err = h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg})
	require.ErrorAs(t, err, &unsupported)
	require.Empty(t, h.kernel.Devices())
}

// Where metadata is damaged, nothing that it says becomes a device.
func TestActivateFaulty(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	other := vg.LV("lin").Clone()
	other.Name, other.ID = "other", lvm.NewID()
	vg.LVs = append(vg.LVs, other)
	_, err := h.a.Activate(t.Context(), h.request(vg, "lin", "other"))
	require.ErrorIs(t, err, lvm.ErrOverlap)
	require.ErrorAs(t, err, new(*lvm.ActivationError))
	require.Empty(t, h.kernel.Devices())
}

func TestActivateNotUsable(t *testing.T) {
	h := newFakeHost(t)
	for name, change := range map[string]func(*lvm.VG){
		"exported":  func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) },
		"read-only": func(vg *lvm.VG) { vg.Status = vg.Status.Without(lvm.FlagWrite) },
		"clustered": func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagClustered) },
		"lvmlockd":  func(vg *lvm.VG) { vg.LockType = "sanlock" },
		"system":    func(vg *lvm.VG) { vg.SystemID = "other" },
	} {
		vg := activationVG()
		change(vg)
		_, err := h.a.Activate(t.Context(), h.request(vg, "lin"))
		require.ErrorIs(t, err, lvm.ErrNotUsable, name)
		require.ErrorContains(t, err, name)
	}
	vg := activationVG()
	vg.SystemID, vg.LockType = "mine", "none"
	req := h.request(vg, "lin")
	req.SystemID = "mine"
	_, err := h.a.Activate(t.Context(), req)
	require.NoError(t, err)
}

// The context ends: what is active stays, nothing is half-made.
func TestActivateCanceled(t *testing.T) {
	vg := activationVG()
	for nth := 1; nth < 40; nth += 3 {
		h := newFakeHost(t)
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		kernel, err := h.kernel.Reopen()
		require.NoError(t, err)
		conn, err := dm.NewConn(kernel, &dm.Config{Udev: dm.UdevOff, NoNodes: true, Trace: func(dm.Trace) {
			if seen++; seen == nth {
				cancel()
			}
		}})
		require.NoError(t, err)
		a := lvm.NewActivator(conn, &lvm.ActivatorConfig{Workers: 1, NoLinks: true, Open: func(string, dm.Dev, bool) (lvm.DeviceFile, error) {
			return &fakeFile{strings.NewReader(string(h.meta))}, nil
		}})
		result, err := a.Activate(ctx, h.request(vg, "lin", "e", "org"))
		require.ErrorIs(t, err, context.Canceled, "%d", nth)
		require.Less(t, len(result.Active), 3)
		text := h.devices(t)
		require.NotContains(t, text, "suspended")
		require.NotContains(t, text, "inactive")
		require.NoError(t, conn.Close())
		h.activate(t, vg)
		require.Equal(t, allDevices, h.devices(t))
		cancel()
	}
}

func TestActivateTransactions(t *testing.T) {
	tests := []struct {
		name      string
		text      uint64
		messages  int
		disk      []byte
		kernel    uint64 // what the kernel's pool has, by way of messages
		mismatch  *lvm.TransactionError
		chunk     *lvm.ChunkSizeError
		metadata  string
		completed bool
	}{
		{name: "blank, new", text: 0},
		{name: "blank, first transaction", text: 1, messages: 3, completed: true},
		{name: "blank, first transaction lost", text: 1, metadata: "zeros"},
		{name: "blank, later", text: 5, messages: 3, metadata: "zeros"},
		{name: "ahead", text: 0, disk: superblock(2, 128), mismatch: &lvm.TransactionError{Pool: "pool", Text: 0, Kernel: 2}},
		{name: "behind", text: 4, messages: 3, disk: superblock(2, 128), mismatch: &lvm.TransactionError{Pool: "pool", Text: 4, Kernel: 2, Messages: 3}},
		{name: "one behind without messages", text: 3, disk: superblock(2, 128), mismatch: &lvm.TransactionError{Pool: "pool", Text: 3, Kernel: 2}},
		{name: "other chunks", text: 2, disk: superblock(2, 256), chunk: &lvm.ChunkSizeError{Pool: "pool", Text: 128, Disk: 256}},
		{name: "garbage", text: 2, disk: []byte(strings.Repeat("garbage!", 512)), metadata: "magic"},
		{name: "the kernel knows better", text: 1, messages: 3, disk: superblock(1, 128), kernel: 2, mismatch: &lvm.TransactionError{Pool: "pool", Text: 1, Kernel: 2, Messages: 3}},
		{name: "done before", text: 2, messages: 3, disk: superblock(2, 128), kernel: 2, completed: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newFakeHost(t)
			vg := activationVG()
			if tt.kernel > 0 {
				h.activate(t, vg, "pool")
				_, err := h.conn.Device(dm.ByName("vg--a-pool-tpool")).Message(0, "set_transaction_id 1 2")
				require.NoError(t, err)
				require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
			}
			pool := *vg.LV("pool").Segments[0].Type.(*lvm.ThinPool)
			pool.TransactionID, pool.Messages = tt.text, pool.Messages[:tt.messages]
			vg = edit(vg, "pool", func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Type = &pool; return lv })
			if tt.disk != nil {
				h.meta = tt.disk
			}
			result, err := h.a.Activate(t.Context(), h.request(vg, "pool"))
			switch {
			case tt.mismatch != nil:
				var e *lvm.TransactionError
				require.ErrorAs(t, err, &e)
				require.Equal(t, tt.mismatch, e)
				require.ErrorIs(t, err, thin.ErrTransaction)
			case tt.chunk != nil:
				var e *lvm.ChunkSizeError
				require.ErrorAs(t, err, &e)
				require.Equal(t, tt.chunk, e)
			case tt.metadata != "":
				require.ErrorAs(t, err, new(*lvm.MetadataError))
				require.ErrorContains(t, err, tt.metadata)
			default:
				require.NoError(t, err)
				require.Equal(t, tt.completed, len(result.Completed) > 0)
				return
			}
			require.Empty(t, h.kernel.Devices())
		})
	}
}

// Half of the messages were sent when the machine stopped; one volume was
// deleted already. An origin that is active is suspended for its snapshot.
func TestActivateMessages(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	pool := *vg.LV("pool").Segments[0].Type.(*lvm.ThinPool)
	pool.Messages = pool.Messages[:1]
	first := edit(vg, "pool", func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Type = &pool; return lv })
	h.activate(t, first, "t")
	dev := h.conn.Device(dm.ByName("vg--a-pool-tpool"))
	_, err := dev.Message(0, "create_thin 3")
	require.NoError(t, err)

	next := pool
	next.TransactionID = 2
	next.Messages = []lvm.ThinMessage{{Delete: 9}, {Create: "s"}, {Create: "e"}}
	vg = edit(vg, "pool", func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Type = &next; return lv })
	h.calls = nil
	completed, err := h.a.Complete(t.Context(), h.request(vg))
	require.NoError(t, err)
	require.Equal(t, []string{"pool"}, completed)
	require.Equal(t, []uint32{1, 2, 3}, h.kernel.Pool("vg--a-pool-tpool").Thins())
	suspends := 0
	for _, c := range h.calls {
		if c.Cmd == ioctl.DevSuspend && c.Flags&ioctl.FlagSuspend != 0 {
			suspends++
			require.Zero(t, c.Flags&(ioctl.FlagNoFlush|ioctl.FlagSkipLockFS))
		}
	}
	require.Equal(t, 1, suspends)
	text := h.devices(t)
	require.NotContains(t, text, "suspended")
	require.Contains(t, text, "vg--a-t []")

	// A pool that was not active is not so afterwards.
	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	next2 := next
	next2.TransactionID, next2.Messages = 3, []lvm.ThinMessage{{Delete: 3}}
	vg = edit(without(vg, "e"), "pool", func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Type = &next2; return lv })
	h.meta = superblock(2, 128)
	completed, err = h.a.Complete(t.Context(), h.request(vg))
	require.NoError(t, err)
	require.Equal(t, []string{"pool"}, completed)
	require.Empty(t, h.kernel.Devices())
}

// A thousand volumes: three requests for each that is made, and one list.
func TestActivateThousand(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	vg.LVs = nil
	for _, pv := range vg.PVs {
		pv.Count = 1000
	}
	for i := range 1000 {
		vg.LVs = append(vg.LVs, &lvm.LV{
			Name: "v" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), ID: lvm.NewID(),
			Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite, lvm.FlagVisible},
			Segments: []lvm.Segment{{Length: 1, Type: &lvm.Striped{
				Areas: []lvm.Area{{PV: vg.PVs[i%2].ID, Start: lvm.Extents(i / 2)}},
			}}},
		})
	}
	h.calls = nil
	require.Len(t, h.activate(t, vg).Active, 1000)
	require.InDelta(t, 3001, len(h.calls), 10, "the list may need a larger buffer")
	h.calls = nil
	h.activate(t, vg)
	require.InDelta(t, 1001, len(h.calls), 10)
	h.calls = nil
	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	require.InDelta(t, 1001, len(h.calls), 10)
	h.calls = nil
	h.activate(t, vg, "va")
	require.Len(t, h.calls, 4)
}

func TestPlanActivation(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	h.activate(t, edit(vg, "lin", func(lv *lvm.LV) *lvm.LV { lv.Name, lv.Segments = "old", lv.Segments[:1]; return lv }), "old", "str")
	steps, err := h.a.PlanActivation(h.request(vg, "lin", "str", "ext"))
	require.NoError(t, err)
	var lines []string
	for _, s := range steps {
		lines = append(lines, s.String())
	}
	require.Equal(t, []string{
		"rename vg--a-old to vg--a-lin, reload", "leave vg--a-str", "create vg--a-ext-real", "create vg--a-ext",
	}, lines)
}

// Links replace links, and nothing else.
func TestActivateLinks(t *testing.T) {
	h := newFakeHost(t)
	vg := activationVG()
	dir := filepath.Join(h.dev, "vg-a")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.Symlink("/dev/mapper/other", filepath.Join(dir, "lin")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "str"), nil, 0o600))
	result, err := h.a.Activate(t.Context(), h.request(vg, "lin", "str"))
	require.ErrorContains(t, err, "is in the way")
	require.Equal(t, []string{"lin", "str"}, result.Active, "all the same")
	target, err := os.Readlink(filepath.Join(dir, "lin"))
	require.NoError(t, err)
	require.Equal(t, "/dev/mapper/vg--a-lin", target)
	require.NoError(t, h.a.Deactivate(t.Context(), lvm.DeactivateRequest{VG: vg}))
	require.FileExists(t, filepath.Join(dir, "str"))
	require.NoFileExists(t, filepath.Join(dir, "lin"))
	for _, name := range []string{"..", "a/b"} {
		bad := edit(vg, "lin", func(lv *lvm.LV) *lvm.LV { lv.Name = name; return lv })
		_, err = h.a.Activate(t.Context(), h.request(bad, name))
		require.Error(t, err)
	}
}

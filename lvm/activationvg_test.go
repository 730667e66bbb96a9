package lvm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// A volume group of every kind of volume, on two PVs with extents of 4 MiB:
//
//	lin          two segments, on both PVs
//	str          two stripes
//	pool         a thin pool of transaction 1, that has yet to be told of
//	t, s, e      its volumes: a thin one, its snapshot, one with an external origin
//	org, c1, c2  an origin and its snapshots
//	ext          the external origin, read-only
func activationVG() *lvm.VG {
	id := func(n int) lvm.ID {
		id, _ := lvm.ParseID(fmt.Sprintf("%032d", n))
		return id
	}
	vg := &lvm.VG{
		Name: "vg-a", ID: id(999), Seqno: 7, Format: "lvm2", ExtentSize: 8192,
		Status: lvm.Flags{lvm.FlagResizeable, lvm.FlagRead, lvm.FlagWrite},
	}
	for i := range 2 {
		vg.PVs = append(vg.PVs, &lvm.PV{ID: id(i), Status: lvm.Flags{lvm.FlagAllocatable}, Start: 2048, Count: 200})
	}
	on := func(pv int, start, length lvm.Extents) lvm.Segment {
		return lvm.Segment{Length: length, Type: &lvm.Striped{Areas: []lvm.Area{{PV: id(pv), Start: start}}}}
	}
	add := func(name string, visible bool, segments ...lvm.Segment) *lvm.LV {
		lv := &lvm.LV{Name: name, ID: id(100 + len(vg.LVs)), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite}}
		if visible {
			lv.Status = append(lv.Status, lvm.FlagVisible)
		}
		for _, s := range segments {
			s.Start = lv.Size()
			lv.Segments = append(lv.Segments, s)
		}
		vg.LVs = append(vg.LVs, lv)
		return lv
	}
	add("lin", true, on(0, 0, 2), on(1, 10, 2))
	add("str", true, lvm.Segment{Length: 4, Type: &lvm.Striped{
		Areas: []lvm.Area{{PV: id(0), Start: 4}, {PV: id(1), Start: 4}}, StripeSize: 128,
	}})
	add("pool", true, lvm.Segment{Length: 16, Type: &lvm.ThinPool{
		Metadata: "pool_tmeta", Data: "pool_tdata", TransactionID: 1, ChunkSize: 128, Discards: "passdown", ZeroNewBlocks: true,
		Messages: []lvm.ThinMessage{{Create: "t"}, {Create: "s"}, {Create: "e"}},
	}})
	add("t", true, lvm.Segment{Length: 10, Type: &lvm.Thin{Pool: "pool", DeviceID: 1}})
	add("s", true, lvm.Segment{Length: 10, Type: &lvm.Thin{Pool: "pool", DeviceID: 2, Origin: "t"}})
	add("e", true, lvm.Segment{Length: 2, Type: &lvm.Thin{Pool: "pool", DeviceID: 3, ExternalOrigin: "ext"}})
	add("org", true, on(0, 30, 4))
	ext := add("ext", true, on(0, 40, 2))
	ext.Status = ext.Status.Without(lvm.FlagWrite)
	add("c1", false, on(1, 30, 2))
	add("c2", false, on(1, 32, 2))
	add("pool_tmeta", false, on(1, 20, 1))
	add("pool_tdata", false, on(0, 10, 16))
	add("snapshot0", true, lvm.Segment{Length: 4, Type: &lvm.Snapshot{ChunkSize: 8, Origin: "org", COW: "c1"}})
	add("snapshot1", true, lvm.Segment{Length: 4, Type: &lvm.Snapshot{ChunkSize: 8, Origin: "org", COW: "c2"}})
	return vg
}

// edit returns a copy of vg in which the named LV is another one; nil: is not.
func edit(vg *lvm.VG, name string, change func(*lvm.LV) *lvm.LV) *lvm.VG {
	next := vg.Clone()
	next.LVs = nil
	for _, lv := range vg.LVs {
		if lv.Name == name {
			if lv = change(lv.Clone()); lv == nil {
				continue
			}
		}
		next.LVs = append(next.LVs, lv)
	}
	return next
}

func without(vg *lvm.VG, names ...string) *lvm.VG {
	for _, name := range names {
		vg = edit(vg, name, func(*lvm.LV) *lvm.LV { return nil })
	}
	return vg
}

// fakeHost is a fake kernel with the PVs of activationVG, and what an Activator
// sees beside it.
type fakeHost struct {
	kernel *dmtest.Kernel
	conn   *dm.Conn
	a      *lvm.Activator
	dev    string // where the links are
	pvs    map[lvm.ID]dm.Dev
	meta   []byte // what every pool has in its first block of metadata

	mu    sync.Mutex // for what follows, while requests are under way
	fail  int        // the nth request to come fails; 0: none
	seen  int
	calls []dmtest.Call

	before, after func(dmtest.Call) // where they are set, of each request
}

func newFakeHost(t testing.TB) *fakeHost {
	t.Helper()
	h := &fakeHost{dev: t.TempDir(), pvs: map[lvm.ID]dm.Dev{}, meta: make([]byte, metadata.BlockSize)}
	h.kernel = dmtest.NewKernel(dmtest.Config{After: func(c dmtest.Call) {
		if h.after != nil {
			h.after(c)
		}
	}, Before: func(c dmtest.Call) error {
		if h.before != nil {
			h.before(c)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.calls = append(h.calls, c)
		if h.seen++; h.seen == h.fail {
			return syscall.ENOMEM
		}
		return nil
	}})
	h.conn = h.kernel.Open(t)
	for _, pv := range activationVG().PVs {
		h.pvs[pv.ID] = h.kernel.AddDisk("", 1001*8192)
	}
	h.a = h.activator(1)
	return h
}

// activator returns one with so many workers. With one of them requests come in
// the same order each time.
func (h *fakeHost) activator(workers int) *lvm.Activator {
	return lvm.NewActivator(h.conn, &lvm.ActivatorConfig{
		Workers: workers, Dev: h.dev, Sys: filepath.Join(h.dev, "sys"), Proc: filepath.Join(h.dev, "proc"), NoLockMemory: true, Patience: time.Millisecond,
		Open: func(string, dm.Dev, bool) (lvm.DeviceFile, error) {
			return &fakeFile{Reader: strings.NewReader(string(h.meta))}, nil
		},
	})
}

type fakeFile struct{ *strings.Reader }

func (fakeFile) WriteAt([]byte, int64) (int, error) { return 0, os.ErrPermission }
func (fakeFile) Sync() error                        { return nil }
func (fakeFile) Close() error                       { return nil }

func (h *fakeHost) options() lvm.StackOptions { return lvm.StackOptions{PVs: h.pvs} }

func (h *fakeHost) request(vg *lvm.VG, lvs ...string) lvm.ActivateRequest {
	return lvm.ActivateRequest{VG: vg, LVs: lvs, StackOptions: h.options()}
}

func (h *fakeHost) activate(t *testing.T, vg *lvm.VG, lvs ...string) *lvm.Activation {
	t.Helper()
	result, err := h.a.Activate(t.Context(), h.request(vg, lvs...))
	require.NoError(t, err)
	return result
}

// devices are all devices of the kernel, as one text: name, UUID and table, and
// what is unusual.
func (h *fakeHost) devices(t *testing.T) string {
	t.Helper()
	fail := h.fail
	h.fail = 0
	defer func() { h.fail = fail }()
	entries, err := h.conn.List()
	require.NoError(t, err)
	names := map[string]string{}
	for _, e := range entries {
		names[e.Dev.String()] = e.Name
	}
	var b strings.Builder
	for _, e := range entries {
		info, table, err := h.conn.Device(dm.ByName(e.Name)).State()
		require.NoError(t, err)
		text := table.String()
		for dev, name := range names {
			text = strings.ReplaceAll(text+" ", " "+dev+" ", " "+name+" ")
		}
		_, _, layer, _ := lvm.ParseDeviceUUID(e.UUID)
		fmt.Fprintf(&b, "%s [%s]", e.Name, layer)
		for what, is := range map[string]bool{" ro": info.ReadOnly, " suspended": info.Suspended, " inactive": info.Inactive} {
			if is {
				b.WriteString(what)
			}
		}
		for line := range strings.Lines(text) {
			b.WriteString("\n\t" + strings.Join(strings.Fields(line), " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// links are the links below /dev.
func (h *fakeHost) links(t *testing.T) map[string]string {
	t.Helper()
	links := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(h.dev, "*", "*"))
	require.NoError(t, err)
	for _, path := range paths {
		target, err := os.Readlink(path)
		require.NoError(t, err)
		name, err := filepath.Rel(h.dev, path)
		require.NoError(t, err)
		links[name] = target
	}
	return links
}

// everyStep runs do again and again, each time with one more request that
// succeeds before the one that fails, until it succeeds; check looks at what a
// failure left.
func (h *fakeHost) everyStep(t *testing.T, do func() error, check func(nth int)) {
	t.Helper()
	for nth := 1; ; nth++ {
		h.fail, h.seen = nth, 0
		err := do()
		h.fail = 0
		if h.seen < nth {
			require.NoError(t, err)
			require.Greater(t, nth, 1)
			return
		}
		require.ErrorIs(t, err, syscall.ENOMEM, "request %d", nth)
		require.ErrorAs(t, err, new(*lvm.ActivationError))
		check(nth)
	}
}

// superblock is the first block of a pool's metadata.
func superblock(transaction uint64, chunk units.Sectors) []byte {
	return metadata.AppendSuperblock(nil, metadata.Superblock{
		Version: metadata.Version, TransactionID: transaction, DataBlockSize: chunk, MetadataBlockSize: 8, MetadataBlocks: 1024,
	})
}

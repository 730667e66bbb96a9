package lvm_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// stackPVs are the devices of activationVG's PVs.
func stackPVs(vg *lvm.VG) map[lvm.ID]dm.Dev {
	pvs := map[lvm.ID]dm.Dev{}
	for i, pv := range vg.PVs {
		pvs[pv.ID] = dm.Dev{Major: 8, Minor: uint32(i)}
	}
	return pvs
}

// printStack is a line for each device, with its layer, what is unusual of it,
// and its table.
func printStack(devices []*lvm.MappedDevice) string {
	var b strings.Builder
	for _, d := range devices {
		fmt.Fprintf(&b, "%s [%s]", d.Name, d.Layer)
		if d.ReadOnly {
			b.WriteString(" ro")
		}
		if d.Link {
			b.WriteString(" link")
		}
		if d.Minor != nil {
			fmt.Fprintf(&b, " minor %d", *d.Minor)
		}
		fmt.Fprintf(&b, " udev %#x: %s\n", uint16(d.Udev), strings.ReplaceAll(strings.TrimSpace(d.Table.String()), "\n", "; "))
	}
	return strings.ReplaceAll(b.String(), " :", ":")
}

func oneSegment(lv *lvm.LV, t lvm.SegmentType) *lvm.LV {
	lv.Segments = []lvm.Segment{{Length: lv.Size(), Type: t}}
	return lv
}

// The devices of each kind of volume, as values.
func TestStackKinds(t *testing.T) {
	const (
		pool = `vg--a-pool_tmeta [tmeta] udev 0xe: 0 8192 linear 8:1 165888
vg--a-pool_tdata [tdata] udev 0xe: 0 131072 linear 8:0 83968
vg--a-pool-tpool [tpool] udev 0xe: 0 131072 thin-pool /dev/mapper/vg--a-pool_tmeta /dev/mapper/vg--a-pool_tdata 128 0 0
`
		group = `vg--a-org-real [real] udev 0xe: 0 32768 linear 8:0 247808
vg--a-c1-cow [cow] udev 0x1e: 0 16384 linear 8:1 247808
vg--a-c1 [] link udev 0x10: 0 32768 snapshot /dev/mapper/vg--a-org-real /dev/mapper/vg--a-c1-cow P 8
vg--a-c2-cow [cow] udev 0x1e: 0 16384 linear 8:1 264192
vg--a-c2 [] link udev 0x10: 0 32768 snapshot /dev/mapper/vg--a-org-real /dev/mapper/vg--a-c2-cow P 8
vg--a-org [] link udev 0x0: 0 32768 snapshot-origin /dev/mapper/vg--a-org-real
`
		ext = "vg--a-ext-real [real] ro udev 0xe: 0 16384 linear 8:0 329728\n"
	)
	tests := []struct {
		name, lv string
		change   func(vg *lvm.VG, lv *lvm.LV, o *lvm.StackOptions)
		want     string
	}{
		{name: "linear", lv: "lin", want: "vg--a-lin [] link udev 0x0: 0 16384 linear 8:0 2048; 16384 16384 linear 8:1 83968\n"},
		{name: "striped", lv: "str", want: "vg--a-str [] link udev 0x0: 0 32768 striped 2 128 8:0 34816 8:1 34816\n"},
		{name: "segments that continue each other", lv: "lin", change: func(vg *lvm.VG, lv *lvm.LV, _ *lvm.StackOptions) {
			lv.Segments[1].Type = &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[0].ID, Start: 2}}}
		}, want: "vg--a-lin [] link udev 0x0: 0 32768 linear 8:0 2048\n"},
		{name: "zero", lv: "lin", change: func(_ *lvm.VG, lv *lvm.LV, _ *lvm.StackOptions) { oneSegment(lv, lvm.Zero{}) },
			want: "vg--a-lin [] link udev 0x0: 0 32768 zero\n"},
		{name: "error", lv: "lin", change: func(_ *lvm.VG, lv *lvm.LV, _ *lvm.StackOptions) { lv.Segments[1].Type = lvm.Error{} },
			want: "vg--a-lin [] link udev 0x0: 0 16384 linear 8:0 2048; 16384 16384 error\n"},
		{name: "on another LV", lv: "lin", change: func(vg *lvm.VG, lv *lvm.LV, _ *lvm.StackOptions) {
			oneSegment(lv, &lvm.Striped{Areas: []lvm.Area{{LV: "part", Start: 1}}})
			vg.LVs = append(vg.LVs, &lvm.LV{Name: "part", ID: lvm.NewID(), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite}, Segments: []lvm.Segment{
				{Length: 5, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[1].ID, Start: 100}}}},
			}})
		}, want: "vg--a-part [] udev 0xe: 0 40960 linear 8:1 821248\n" +
			"vg--a-lin [] link udev 0x0: 0 32768 linear /dev/mapper/vg--a-part 8192\n"},
		{name: "read-only", lv: "lin", change: func(_ *lvm.VG, lv *lvm.LV, _ *lvm.StackOptions) { lv.Status = lv.Status.Without(lvm.FlagWrite) },
			want: "vg--a-lin [] ro link udev 0x0: 0 16384 linear 8:0 2048; 16384 16384 linear 8:1 83968\n"},
		{name: "read-only by option", lv: "org", change: func(_ *lvm.VG, _ *lvm.LV, o *lvm.StackOptions) { o.ReadOnly = true },
			want: strings.NewReplacer("[real] ", "[real] ro ", "[] ", "[] ro ").Replace(group)},
		{name: "not to be looked at, with a minor number", lv: "lin", change: func(_ *lvm.VG, lv *lvm.LV, o *lvm.StackOptions) {
			o.NoScan = true
			lv.Status, lv.Minor = lv.Status.With(lvm.FlagFixedMinor), 77
		}, want: "vg--a-lin [] link minor 77 udev 0x100: 0 16384 linear 8:0 2048; 16384 16384 linear 8:1 83968\n"},
		{name: "partial", lv: "str", change: func(vg *lvm.VG, _ *lvm.LV, o *lvm.StackOptions) {
			o.Mode = lvm.ActivatePartial
			delete(o.PVs, vg.PVs[1].ID)
		}, want: "vg--a-str-missing_0_1 [missing_0_1] udev 0x0: 0 32768 error\n" +
			"vg--a-str [] link udev 0x0: 0 32768 striped 2 128 8:0 34816 /dev/mapper/vg--a-str-missing_0_1 0\n"},
		{name: "pool", lv: "pool", want: pool + "vg--a-pool [pool] ro udev 0xe: 0 131072 linear /dev/mapper/vg--a-pool-tpool 0\n"},
		{name: "pool with options", lv: "pool", change: func(_ *lvm.VG, lv *lvm.LV, o *lvm.StackOptions) {
			p := *lv.Segments[0].Type.(*lvm.ThinPool)
			p.ZeroNewBlocks, p.Discards = false, "nopassdown"
			lv.Segments[0].Type, lv.Flags = &p, lv.Flags.With(lvm.FlagErrorWhenFull)
			o.ExtendThreshold = 70
		}, want: strings.Replace(pool, "128 0 0", "128 307 3 skip_block_zeroing no_discard_passdown error_if_no_space", 1) +
			"vg--a-pool [pool] ro udev 0xe: 0 131072 linear /dev/mapper/vg--a-pool-tpool 0\n"},
		{name: "pool that never had a volume", lv: "pool", change: func(vg *lvm.VG, lv *lvm.LV, _ *lvm.StackOptions) {
			p := *lv.Segments[0].Type.(*lvm.ThinPool)
			p.TransactionID, p.Messages = 0, nil
			lv.Segments[0].Type = &p
			vg.LVs = without(vg, "t", "s", "e").LVs
		}, want: strings.Replace(pool, "vg--a-pool-tpool [tpool] udev 0xe", "vg--a-pool [tpool] link udev 0xc", 1)},
		{name: "thin", lv: "s", want: pool + "vg--a-s [] link udev 0x0: 0 81920 thin /dev/mapper/vg--a-pool-tpool 2\n"},
		{name: "thin with an external origin", lv: "e",
			want: pool + ext + "vg--a-e [] link udev 0x0: 0 16384 thin /dev/mapper/vg--a-pool-tpool 3 /dev/mapper/vg--a-ext-real\n"},
		{name: "external origin", lv: "ext", want: ext + "vg--a-ext [] ro link udev 0x0: 0 16384 linear /dev/mapper/vg--a-ext-real 0\n"},
		{name: "origin", lv: "org", want: group},
		{name: "snapshot", lv: "c1", want: group},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vg := activationVG()
			o := lvm.StackOptions{PVs: stackPVs(vg)}
			if tt.change != nil {
				tt.change(vg, vg.LV(tt.lv), &o)
			}
			devices, err := vg.Stack([]string{tt.lv}, o)
			require.NoError(t, err)
			require.Equal(t, tt.want, printStack(devices))
			checkStack(t, devices)
		})
	}
}

// checkStack: each device comes once, behind all that its table names; tables
// are valid, and their lines read as what they were printed from.
func checkStack(t *testing.T, devices []*lvm.MappedDevice) {
	t.Helper()
	made := map[string]bool{}
	uuids := map[string]bool{}
	for _, d := range devices {
		require.NoError(t, dm.CheckName(d.Name))
		require.NoError(t, dm.CheckUUID(d.UUID))
		require.False(t, made[d.Name], "%q twice", d.Name)
		require.False(t, uuids[d.UUID], "%q twice", d.UUID)
		vg, lv, layer, ok := lvm.ParseDeviceUUID(d.UUID)
		require.True(t, ok, d.UUID)
		require.Equal(t, d.UUID, lvm.DeviceUUID(vg, lv, layer))
		require.Equal(t, d.Layer, layer)
		require.NoError(t, d.Table.Validate(), d.Name)
		text, err := d.Table.AppendText(nil)
		require.NoError(t, err)
		again, err := dm.ParseTable(string(text))
		require.NoError(t, err, "%s", text)
		require.Equal(t, d.Table, again, "%s", text)
		below := map[string]bool{}
		for _, b := range d.Below {
			require.True(t, made[b.Name], "%q uses %q before it is made", d.Name, b.Name)
			below[b.Name] = true
		}
		for _, used := range devicesOf(d.Table) {
			if name, found := strings.CutPrefix(used.Path, "/dev/mapper/"); found {
				require.True(t, below[name], "%q uses %q: %s", d.Name, name, text)
			}
		}
		made[d.Name], uuids[d.UUID] = true, true
	}
}

// devicesOf are the devices that a table of an LV's names.
func devicesOf(t dm.Table) (devices []dm.BlockDev) {
	for _, s := range t {
		switch target := s.Target.(type) {
		case dm.Linear:
			devices = append(devices, target.Dev)
		case dm.Striped:
			for _, area := range target.Stripes {
				devices = append(devices, area.Dev)
			}
		case dm.ThinPool:
			devices = append(devices, target.Metadata, target.Data)
		case dm.Thin:
			devices = append(devices, target.Pool, target.ExternalOrigin)
		case dm.Snapshot:
			devices = append(devices, target.Origin, target.COW)
		case dm.SnapshotOrigin:
			devices = append(devices, target.Origin)
		}
	}
	return devices
}

// What makes no sense is refused, and says why.
func TestStackRefuses(t *testing.T) {
	striped := func(areas ...lvm.Area) *lvm.Striped { return &lvm.Striped{Areas: areas, StripeSize: 128} }
	pool := func(change func(*lvm.ThinPool)) func(*lvm.VG, *lvm.LV) {
		return func(_ *lvm.VG, lv *lvm.LV) {
			p := *lv.Segments[0].Type.(*lvm.ThinPool)
			change(&p)
			lv.Segments[0].Type = &p
		}
	}
	thin := func(change func(*lvm.Thin)) func(*lvm.VG, *lvm.LV) {
		return func(_ *lvm.VG, lv *lvm.LV) {
			v := *lv.Segments[0].Type.(*lvm.Thin)
			change(&v)
			lv.Segments[0].Type = &v
		}
	}
	drop := func(name string) func(*lvm.VG, *lvm.LV) {
		return func(vg *lvm.VG, _ *lvm.LV) { vg.LVs = without(vg, name).LVs }
	}
	tests := []struct {
		lv     string
		change func(vg *lvm.VG, lv *lvm.LV)
		want   string
	}{
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments = nil }, "has no extents"},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[1].Start++ }, "segment 2 begins at extent 3, want 2"},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type = nil }, "segment 1 has no type"},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type = &lvm.Held{Type: "raid1", Known: true} }, `"raid1" is not activated`},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type = striped() }, "in 0 stripes"},
		{"str", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Length = 5 }, "5 extents in 2 stripes"},
		{"str", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type.(*lvm.Striped).StripeSize = 0 }, "4 extents in 2 stripes of"},
		{"lin", func(vg *lvm.VG, lv *lvm.LV) {
			lv.Segments[0].Type = striped(lvm.Area{PV: vg.PVs[0].ID, Start: 199})
		}, "on extents 199 to 201 of PV"},
		{"lin", func(vg *lvm.VG, lv *lvm.LV) {
			lv.Segments[0].Type = striped(lvm.Area{PV: vg.PVs[0].ID, Start: math.MaxUint64 - 1})
		}, "extents"},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type = striped(lvm.Area{PV: lvm.ID{9}}) }, "which is not in the VG"},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type = striped(lvm.Area{LV: "none"}) }, `on the LV "none", which is not there`},
		{"lin", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Type = striped(lvm.Area{LV: "lin"}) }, "is built on itself"},
		{"lin", func(vg *lvm.VG, lv *lvm.LV) {
			lv.Segments[0].Type = striped(lvm.Area{LV: "str"})
			vg.LV("str").Segments[0].Type = striped(lvm.Area{LV: "pool_tdata"})
			vg.LV("pool_tdata").Segments[0].Type = striped(lvm.Area{LV: "str"})
		}, "LV str: is built on itself"},
		{"lin", func(vg *lvm.VG, _ *lvm.LV) { vg.PVs[1].Start = math.MaxUint64 }, "segment 2"},
		{"lin", func(vg *lvm.VG, lv *lvm.LV) { oneSegment(lv, lvm.Zero{}).Segments[0].Length = math.MaxUint64 }, "more than 2^64 sectors"},
		{"lin", func(vg *lvm.VG, _ *lvm.LV) { vg.ExtentSize = 0 }, "segment 1 has 2 extents"},
		{"lin", func(vg *lvm.VG, _ *lvm.LV) { vg.Name = strings.Repeat("x", 124) }, "128"},
		{"t", drop("pool"), `its pool "pool" is not there`},
		{"t", thin(func(v *lvm.Thin) { v.Pool = "lin" }), "LV lin: is no thin pool"},
		{"t", func(_ *lvm.VG, lv *lvm.LV) {
			lv.Segments = append(lv.Segments, lvm.Segment{Start: 10, Length: 1, Type: lvm.Zero{}})
		}, "a thin volume with more than one segment"},
		{"t", thin(func(v *lvm.Thin) { v.Merge = "s" }), `"thin, merging" is not activated`},
		{"e", drop("ext"), `its external origin "ext" is not there`},
		{"pool", pool(func(p *lvm.ThinPool) { p.Metadata = p.Data }), `"vg--a-pool_tdata" is needed twice`},
		{"pool", drop("pool_tmeta"), `its LV "pool_tmeta" is not there`},
		{"pool", drop("pool_tdata"), `its LV "pool_tdata" is not there`},
		{"pool", pool(func(p *lvm.ThinPool) { p.Discards = "sometimes" }), `discards "sometimes" are not known`},
		{"pool", pool(func(p *lvm.ThinPool) { p.ChunkSize = 127 }), "LV pool: "},
		{"pool", func(_ *lvm.VG, lv *lvm.LV) { lv.Segments[0].Length = 17 }, "is larger than its data"},
		{"pool", func(_ *lvm.VG, lv *lvm.LV) { lv.Status = lv.Status.Without(lvm.FlagWrite) }, "a thin pool must be writable"},
		{"org", drop("c1"), `its store "c1" is not there`},
		{"org", func(vg *lvm.VG, _ *lvm.LV) {
			lv := vg.LV("snapshot0")
			lv.Segments = append(lv.Segments, lvm.Segment{Start: 4, Length: 1, Type: lvm.Zero{}})
		}, "a snapshot with more than one segment"},
		{"org", func(vg *lvm.VG, _ *lvm.LV) { vg.LV("snapshot0").Segments[0].Length = 0 }, "a snapshot of no extents"},
		{"org", func(vg *lvm.VG, _ *lvm.LV) { vg.LV("snapshot1").Segments[0].Type.(*lvm.Snapshot).Merging = true }, `"snapshot-merge" is not activated`},
	}
	for _, tt := range tests {
		t.Run(tt.lv+" "+tt.want, func(t *testing.T) {
			vg := activationVG()
			tt.change(vg, vg.LV(tt.lv))
			_, err := vg.Stack([]string{tt.lv}, lvm.StackOptions{PVs: stackPVs(vg)})
			require.ErrorContains(t, err, tt.want)
			var e *lvm.ActivationError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.lv, e.LV)
			requireTyped(t, err)
		})
	}
	vg := activationVG()
	for name, want := range map[string]error{"none": lvm.ErrReference, "pool_tdata": lvm.ErrNotVolume, "snapshot0": lvm.ErrNotVolume} {
		_, err := vg.Stack([]string{"lin", name}, lvm.StackOptions{PVs: stackPVs(vg)})
		require.ErrorIs(t, err, want)
	}
}

// Of PVs that are missing, only volumes on extents make do with errors.
func TestStackMissing(t *testing.T) {
	for _, mode := range []lvm.ActivationMode{lvm.ActivateComplete, lvm.ActivateDegraded, lvm.ActivatePartial} {
		for _, name := range []string{"lin", "str", "pool", "t", "e", "org", "c1", "ext"} {
			vg := activationVG()
			_, err := vg.Stack([]string{name}, lvm.StackOptions{Mode: mode})
			if mode == lvm.ActivatePartial && (name == "lin" || name == "str") {
				require.NoError(t, err)
				continue
			}
			var missing *lvm.MissingPVError
			require.ErrorAs(t, err, &missing, "%s, %d", name, mode)
		}
	}
}

// requireTyped: a caller can tell what is wrong.
func requireTyped(t *testing.T, err error) {
	t.Helper()
	require.ErrorAs(t, err, new(*lvm.ActivationError))
	for _, target := range []any{
		new(*lvm.SegmentTypeError), new(*lvm.MissingPVError), new(*lvm.StackError), new(*dm.NameError),
	} {
		if errors.As(err, target) {
			return
		}
	}
	for _, target := range []error{lvm.ErrNotVolume, lvm.ErrNotUsable, lvm.ErrReference} {
		if errors.Is(err, target) {
			return
		}
	}
	t.Errorf("%v is of no type", err)
}

// Of every VG that lvm2 wrote down, the volumes of the types that rok activates
// can be planned, and the others say what they are.
func TestPlanGoldens(t *testing.T) {
	paths, err := filepath.Glob("testdata/vg/*")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	h := newFakeHost(t)
	planned, refused := 0, map[string]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		parse := lvm.Parse
		if filepath.Ext(path) == ".backup" {
			parse = lvm.ParseBackup
		}
		vg, err := parse(string(text))
		require.NoError(t, err, path)
		for _, lv := range vg.LVs {
			req := lvm.ActivateRequest{VG: vg, LVs: []string{lv.Name}, SystemID: vg.SystemID, IgnoreSkip: true}
			req.PVs = stackPVs(vg)
			steps, err := h.a.PlanActivation(req)
			if err != nil {
				requireTyped(t, err)
				var unsupported *lvm.SegmentTypeError
				switch {
				case errors.As(err, &unsupported):
					refused[unsupported.Type]++
				case errors.Is(err, lvm.ErrNotVolume), errors.Is(err, lvm.ErrNotUsable), errors.As(err, new(*lvm.MissingPVError)):
				default:
					t.Errorf("%s: %v", path, err)
				}
				continue
			}
			require.NotEmpty(t, steps, "%s: %s", path, lv.Name)
			var devices []*lvm.MappedDevice
			for _, s := range steps {
				require.Nil(t, s.Has)
				devices = append(devices, s.Device)
			}
			checkStack(t, devices)
			planned++
		}
	}
	t.Logf("%d planned, refused: %v", planned, refused)
	require.Greater(t, planned, 100)
	require.NotEmpty(t, refused)
	for _, typ := range []string{"striped", "linear", "thin", "thin-pool", "snapshot", "zero", "error"} {
		require.NotContains(t, refused, typ)
	}
}

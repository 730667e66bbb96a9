package lvm_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// makeAll makes a volume of every kind, as lvm2 does:
//
//	lin, str, ra, zero, skip, ro       on extents
//	pool  t, thin-ro, snap, eth        a pool and its volumes; eth over ext
//	new                                a pool without volumes
//	org  c1, c2;  thin  of-thin        origins and snapshots
//	sparse                             a snapshot of nothing
func (h *lvm2Host) makeAll() {
	for _, line := range []string{
		"-L 20M -n lin vg", "-i2 -I64 -L 16M -n str vg", "-L 8M -r 512 -n ra vg", "-L 4M --type zero -n zero vg",
		"-L 4M -k y -n skip vg", "-L 4M -n ro vg", "-L 4M -M y --minor 200 -n minor vg",
		"-L 48M -T vg/pool", "-V 20M -T vg/pool -n t", "-V 8M -T vg/pool -n thin-ro", "-s vg/t -n snap", "-L 8M -n ext vg",
		"-L 16M -T vg/new", "-L 12M -n org vg", "-s -L 8M -n c1 vg/org", "-s -L 8M -c 16k -pr -n c2 vg/org",
		"-V 8M -T vg/pool -n thin", "-s -L 4M -n of-thin vg/thin", "--type snapshot -V 100M -L 4M -n sparse vg",
	} {
		h.lvcreate(line)
	}
	for _, line := range []string{
		"lvextend -L +8M vg/lin", "lvchange -pr vg/ro", "lvchange -pr vg/thin-ro", "lvchange -an vg/ext", "lvchange -pr vg/ext",
		"lvcreate -y -s --thinpool vg/pool vg/ext -n eth",
	} {
		h.lvm(strings.Fields(strings.ReplaceAll(line, "vg/", h.name+"/"))...)
	}
}

// Of the same VG, rok and lvm2 make the same devices, byte for byte of table,
// UUID and link; each finds what the other made right, and can take it away.
func TestKernelActivateAsLVM2(t *testing.T) {
	h := newLVM2Host(t, 300*units.MiB, 2)
	h.makeAll()
	h.lvm("vgchange", "-an", h.name)
	require.Empty(t, h.seen())
	h.lvm("vgchange", "-ay", "-K", h.name)
	want := h.seen()
	require.NotEmpty(t, want)
	vg := h.vg()

	steps, err := h.a.PlanActivation(lvm.ActivateRequest{VG: vg, StackOptions: h.options(), IgnoreSkip: true})
	require.NoError(t, err)
	for _, s := range steps {
		require.True(t, s.Right(), "%v", s)
	}
	require.Len(t, h.activate(vg).Active, 20)
	require.Equal(t, want, h.seen())
	h.deactivate(vg)
	require.Empty(t, h.seen())

	h.activate(vg)
	require.Equal(t, want, h.seen())
	out := h.lvm("lvs", "--noheadings", "-a", "-o", "lv_name,lv_active,lv_device_open", h.name)
	require.Contains(t, out, "active")
	h.lvm("vgchange", "-ay", "-K", h.name)
	require.Equal(t, want, h.seen())
	h.lvm("vgchange", "-an", h.name)
	require.Empty(t, h.seen())

	for _, lv := range []string{"lin", "pool", "t", "thin-ro", "eth", "ext", "org", "thin", "new", "sparse"} {
		h.lvm("lvchange", "-ay", "-K", h.name+"/"+lv)
		want := h.seen()
		h.deactivate(vg, lv)
		require.Empty(t, h.seen(), lv)
		h.activate(vg, lv)
		require.Equal(t, want, h.seen(), lv)
		h.lvm("lvchange", "-an", h.name+"/"+lv)
		require.Empty(t, h.seen(), lv)
	}
	testData(t, h, vg)
}

// testData: what is written through one's devices is read through the other's.
func testData(t *testing.T, h *lvm2Host, vg *lvm.VG) {
	writable := []string{"lin", "str", "ra", "skip", "t", "snap", "eth", "org", "c1", "thin", "of-thin", "sparse"}
	h.activate(vg)
	for _, lv := range writable {
		h.write(lv, lv)
		h.writeAt(lv, lv+"-2", 1<<20)
	}
	require.Equal(t, "c1", h.read("c1"))
	require.Empty(t, h.read("c2"), "a snapshot keeps what was")
	for _, lv := range []string{"ro", "c2", "thin-ro", "ext"} {
		f, err := os.OpenFile("/dev/"+h.name+"/"+lv, os.O_WRONLY|os.O_SYNC, 0)
		if err == nil {
			_, err = f.Write(block("x"))
			require.NoError(t, f.Close())
		}
		require.Error(t, err, lv)
	}
	h.deactivate(vg)
	h.lvm("vgchange", "-ay", "-K", h.name)
	for _, lv := range writable {
		require.Equal(t, lv, h.read(lv))
		require.Equal(t, lv+"-2", h.readAt(lv, 1<<20))
		h.write(lv, "again "+lv)
	}
	h.lvm("vgchange", "-an", h.name)
	h.activate(vg)
	for _, lv := range writable {
		require.Equal(t, "again "+lv, h.read(lv))
	}
	require.Empty(t, h.read("ext"), "an external origin is not written to")
}

// A thousand volumes in one call, and none left.
func TestKernelActivateThousand(t *testing.T) {
	testenv.Kernel(t, lvm2Features...)
	h := newLVM2Host(t, 600*units.MiB, 2)
	vg := thousand(h)
	result := h.activate(vg)
	require.Len(t, result.Active, 1000)
	for _, lv := range []string{"v0", "v999"} {
		h.write(lv, lv)
		require.Equal(t, lv, h.read(lv))
	}
	h.deactivate(vg)
	require.Empty(t, h.seen())
}

// thousand returns the VG with a thousand LVs that nobody wrote down.
func thousand(h *lvm2Host) *lvm.VG {
	vg := h.vg().Clone()
	vg.ExtentSize = 1024
	for i, pv := range vg.PVs {
		pv = pv.Clone()
		pv.Count = 1000
		vg.PVs[i] = pv
	}
	for i := range 1000 {
		vg.LVs = append(vg.LVs, &lvm.LV{
			Name: fmt.Sprintf("v%d", i), ID: lvm.NewID(), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite, lvm.FlagVisible},
			Segments: []lvm.Segment{{Length: 1, Type: &lvm.Striped{
				Areas: []lvm.Area{{PV: vg.PVs[i%2].ID, Start: lvm.Extents(i / 2)}},
			}}},
		})
	}
	return vg
}

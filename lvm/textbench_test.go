package lvm_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// linearVG is a VG of n LVs with one extent each, named as lvcreate does.
func linearVG(n int) *lvm.VG {
	vg := &lvm.VG{
		Name: "vg", ID: testID(0), Seqno: 1, Format: "lvm2", ExtentSize: 8192,
		Status: lvm.Flags{lvm.FlagResizeable, lvm.FlagRead, lvm.FlagWrite},
		Origin: lvm.Origin{Description: "bench", Host: "host", System: "Linux", Time: 1e9, Program: "test"},
	}
	pv := &lvm.PV{ID: testID(1), Device: "/dev/sda", Status: lvm.Flags{lvm.FlagAllocatable}, Start: 2048, Count: lvm.Extents(n + 2000)}
	vg.PVs = append(vg.PVs, pv)
	for i := range n {
		lv := benchLV(fmt.Sprintf("lvol%d", i), i)
		lv.Segments = []lvm.Segment{{Length: 1, Type: &lvm.Striped{Areas: []lvm.Area{{PV: pv.ID, Start: lvm.Extents(i)}}}}}
		vg.LVs = append(vg.LVs, lv)
	}
	return vg
}

func benchLV(name string, i int) *lvm.LV {
	return &lvm.LV{
		Name: name, ID: testID(2 + i), CreationTime: 1e9, CreationHost: "host",
		Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite, lvm.FlagVisible},
	}
}

// thinVG is a VG of a pool with n thin LVs.
func thinVG(n int) *lvm.VG {
	vg := linearVG(3)
	for i, name := range []string{"pool_tdata", "pool_tmeta", "lvol0_pmspare"} {
		lv := vg.LVs[i].Clone()
		lv.Name, lv.Status = name, lv.Status.Without(lvm.FlagVisible)
		vg.LVs[i] = lv
	}
	pool := benchLV("pool", 3)
	pool.Segments = []lvm.Segment{{Length: 1, Type: &lvm.ThinPool{Metadata: "pool_tmeta", Data: "pool_tdata", ChunkSize: 128, Discards: "passdown", ZeroNewBlocks: true}}}
	thin := []*lvm.LV{pool}
	for i := range n {
		lv := benchLV("thin"+strconv.Itoa(i), 4+i)
		lv.Segments = []lvm.Segment{{Length: 10, Type: &lvm.Thin{Pool: "pool", TransactionID: uint64(i), DeviceID: uint32(i + 1)}}}
		thin = append(thin, lv)
	}
	vg.LVs = append(thin, vg.LVs...)
	return vg
}

func testID(n int) lvm.ID {
	id, err := lvm.ParseID(fmt.Sprintf("%032d", n))
	if err != nil {
		panic(err)
	}
	return id
}

func benchmarkSizes(b *testing.B, run func(b *testing.B, vg *lvm.VG)) {
	for _, n := range []int{1, 1000, 10000} {
		b.Run(fmt.Sprintf("linear-%d", n), func(b *testing.B) { run(b, linearVG(n)) })
		b.Run(fmt.Sprintf("thin-%d", n), func(b *testing.B) { run(b, thinVG(n)) })
	}
}

func BenchmarkParse(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, vg *lvm.VG) {
		src := string(vg.AppendText(nil))
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := lvm.Parse(src)
			require.NoError(b, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, vg *lvm.VG) {
		src := string(vg.AppendText(nil))
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := lvm.Decode(src, lvm.OnDisk)
			require.NoError(b, err)
		}
	})
}

func BenchmarkAppendText(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, vg *lvm.VG) {
		out := vg.AppendText(nil)
		b.SetBytes(int64(len(out)))
		b.ReportAllocs()
		for b.Loop() {
			out = vg.AppendText(out[:0])
		}
	})
}

func BenchmarkAppendBackup(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, vg *lvm.VG) {
		out := vg.AppendBackup(nil, nil)
		b.SetBytes(int64(len(out)))
		b.ReportAllocs()
		for b.Loop() {
			out = vg.AppendBackup(out[:0], nil)
		}
	})
}

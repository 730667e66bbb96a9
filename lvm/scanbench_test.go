package lvm_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// bigImage is an image file with a VG of n LVs, and its device.
func bigImage(b *testing.B, n int) (string, *lvm.Device) {
	b.Helper()
	path := b.TempDir() + "/image"
	require.NoError(b, os.WriteFile(path, nil, 0o600))
	require.NoError(b, os.Truncate(path, int64(64*units.GiB)))
	d, err := lvm.OpenDevice(path, lvm.Exclusive)
	require.NoError(b, err)
	b.Cleanup(func() { d.Close() })
	s := lvm.ScanDevices([]*lvm.Device{d}, lvm.ScanOptions{})
	_, err = s.CreatePV(d, lvm.CreatePV{Layout: disk.Layout{MetadataSize: 64 * mib}})
	require.NoError(b, err)
	_, err = s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 1, n)})
	require.NoError(b, err)
	return path, d
}

// BenchmarkScan opens an image and reads its VG.
func BenchmarkScan(b *testing.B) {
	for _, n := range []int{1, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path, _ := bigImage(b, n)
			b.ReportAllocs()
			for b.Loop() {
				d, err := lvm.OpenDevice(path, lvm.ReadOnly)
				if err != nil {
					b.Fatal(err)
				}
				if s := lvm.ScanDevices([]*lvm.Device{d}, lvm.ScanOptions{}); len(s.VGs[0].VG.LVs) != n {
					b.Fatal("VG not read")
				}
				d.Close()
			}
		})
	}
}

// BenchmarkCommit changes a VG that was read.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, d := bigImage(b, n)
			s := lvm.ScanDevices([]*lvm.Device{d}, lvm.ScanOptions{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: s.VGs[0].VG}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

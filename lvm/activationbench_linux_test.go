package lvm_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// BenchmarkKernelThousand is a thousand linear volumes activated and
// deactivated, beside the requests to the kernel that this takes at least:
// create, load and resume, and remove.
//
//	go test -exec "bin/vmrun -kernel uml" -run '^$' -bench KernelThousand -benchtime 3x ./lvm
func BenchmarkKernelThousand(b *testing.B) {
	testenv.Kernel(b, "linear")
	disk, err := ioctl.NodeDev(testenv.LoopDisk(b, 600*units.MiB))
	require.NoError(b, err)
	dev := dm.DevFromUint64(disk)
	vg := &lvm.VG{
		Name: testenv.Name(b), ID: lvm.NewID(), ExtentSize: 1024, Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite},
		PVs: []*lvm.PV{{ID: lvm.NewID(), Start: 2048, Count: 1000}},
	}
	for i := range 1000 {
		vg.LVs = append(vg.LVs, &lvm.LV{
			Name: fmt.Sprintf("v%d", i), ID: lvm.NewID(), Status: lvm.Flags{lvm.FlagRead, lvm.FlagWrite, lvm.FlagVisible},
			Segments: []lvm.Segment{{Length: 1, Type: &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[0].ID, Start: lvm.Extents(i)}}}}},
		})
	}
	opts := lvm.StackOptions{PVs: map[lvm.ID]dm.Dev{vg.PVs[0].ID: dev}}
	ctx := context.Background()
	var bareUp, bareDown, rokUp, rokDown time.Duration
	timed := func(d *time.Duration, do func()) {
		began := time.Now()
		do()
		*d += time.Since(began)
	}
	conn, err := dm.Open(nil)
	require.NoError(b, err)
	defer conn.Close()
	a := lvm.NewActivator(conn, nil)
	devices, err := vg.Stack(nil, opts)
	require.NoError(b, err)
	for b.Loop() {
		timed(&bareUp, func() { bare(b, devices, true) })
		timed(&bareDown, func() { bare(b, devices, false) })
		timed(&rokUp, func() {
			_, err := a.Activate(ctx, lvm.ActivateRequest{VG: vg, StackOptions: opts})
			require.NoError(b, err)
		})
		timed(&rokDown, func() { require.NoError(b, a.Deactivate(ctx, lvm.DeactivateRequest{VG: vg})) })
	}
	n := float64(b.N) * float64(time.Millisecond)
	b.ReportMetric(float64(bareUp)/n, "bare-ms")
	b.ReportMetric(float64(rokUp)/n, "activate-ms")
	b.ReportMetric(float64(rokUp)/float64(bareUp), "activate/bare")
	b.ReportMetric(float64(bareDown)/n, "bare-remove-ms")
	b.ReportMetric(float64(rokDown)/n, "deactivate-ms")
	b.ReportMetric(float64(rokDown)/float64(bareDown), "deactivate/bare")
}

// bare sends the requests, and nothing else.
func bare(b *testing.B, devices []*lvm.MappedDevice, up bool) {
	c, err := ioctl.OpenControl("/dev/mapper/control")
	require.NoError(b, err)
	defer c.Close()
	var buf ioctl.Buffer
	send := func(cmd ioctl.Cmd, d *lvm.MappedDevice, fill func() error) {
		buf.Reset(cmd, 0, ioctl.HeaderSize)
		if err := buf.SetName(d.Name); err != nil {
			b.Fatal(err)
		}
		if fill != nil {
			if err := fill(); err != nil {
				b.Fatal(err)
			}
		}
		if err := c.Ioctl(cmd, &buf); err != nil {
			b.Fatal(cmd, err)
		}
	}
	var params []byte
	for _, d := range devices {
		if !up {
			send(ioctl.DevRemove, d, nil)
			continue
		}
		send(ioctl.DevCreate, d, func() error { return buf.SetUUID(d.UUID) })
		send(ioctl.TableLoad, d, func() error {
			params, err = d.Table[0].Target.AppendParams(params[:0])
			if err != nil {
				return err
			}
			return buf.AppendTarget(0, uint64(d.Table[0].Length), "linear", params)
		})
		send(ioctl.DevSuspend, d, nil)
	}
}

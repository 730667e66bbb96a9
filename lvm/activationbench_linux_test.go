package lvm_test

import (
	"context"
	"fmt"
	"slices"
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
	conn, err := dm.Open(nil)
	require.NoError(b, err)
	defer conn.Close()
	a := lvm.NewActivator(conn, nil)
	devices, err := vg.Stack(nil, opts)
	require.NoError(b, err)
	up := func(lvs []string) time.Duration {
		began := time.Now()
		_, err := a.Activate(ctx, lvm.ActivateRequest{VG: vg, LVs: lvs, StackOptions: opts})
		require.NoError(b, err)
		return time.Since(began)
	}
	down := func(lvs []string) time.Duration {
		began := time.Now()
		require.NoError(b, a.Deactivate(ctx, lvm.DeactivateRequest{VG: vg, LVs: lvs}))
		return time.Since(began)
	}
	// In turns, a hundred at a time: on a machine that does something else, only
	// what is measured beside each other compares.
	var ups, downs []float64
	for b.Loop() {
		for at := 0; at < 1000; at += 100 {
			some := devices[at : at+100]
			var names []string
			for _, d := range some {
				names = append(names, d.LV.Name)
			}
			bareUp, bareDown := bare(b, some, true), bare(b, some, false)
			ups = append(ups, float64(up(names))/float64(bareUp))
			downs = append(downs, float64(down(names))/float64(bareDown))
		}
	}
	slices.Sort(ups)
	slices.Sort(downs)
	b.ReportMetric(ups[len(ups)/2], "activate/bare")
	b.ReportMetric(downs[len(downs)/2], "deactivate/bare")
	b.ReportMetric(float64(up(nil).Milliseconds()), "activate-1000-ms")
	b.ReportMetric(float64(down(nil).Milliseconds()), "deactivate-1000-ms")
}

// bare sends the requests, and nothing else, and returns the time that they took.
func bare(b testing.TB, devices []*lvm.MappedDevice, up bool) time.Duration {
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
	began := time.Now()
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
	return time.Since(began)
}

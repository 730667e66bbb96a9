package dm_test

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
)

// What udev's rules are told travels with each request of a device.
func TestKernelUdevFlags(t *testing.T) {
	testenv.Kernel(t, "zero")
	a, conn := opened(t, dm.Config{Udev: dm.UdevOff}, nil)
	udev := dm.UdevOptions{Flags: dm.UdevNoDiskRules | dm.UdevLowPriority | dm.UdevSubsystem0}
	want := uint32(primarySource | 0x114<<16)
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8), Udev: udev})
	require.NoError(t, err)
	d, err = d.RenameWith(t.Context(), name+"+", udev)
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Udev: udev}))
	require.Equal(t, []uint32{want, want, want}, a.take())
}

// Many requests, one cookie, one wait; then udev knows every device.
func TestKernelUdevdBatch(t *testing.T) {
	startUdev(t)
	conn, waits := traced(t, dm.Config{})
	base := testenv.Name(t)
	batch := conn.NewUdevBatch()
	udev := dm.UdevOptions{Batch: batch}
	require.NoError(t, batch.Wait(t.Context()), "empty")
	var devices []*dm.Device
	for i := range 20 {
		d, err := conn.Create(t.Context(), dm.CreateRequest{Name: base + "-" + strconv.Itoa(i), Table: zeroTable(8), Udev: udev})
		require.NoError(t, err)
		devices = append(devices, d)
		require.Len(t, cookies(t), 1)
	}
	require.NoError(t, batch.Wait(t.Context()))
	require.Empty(t, cookies(t))
	for i, d := range devices {
		require.Contains(t, links(t, d), fmt.Sprintf(" mapper/%s-%d ", base, i))
		require.True(t, node(t, conn, d.String()))
	}
	for i, d := range devices {
		var err error
		devices[i], err = d.RenameWith(t.Context(), d.String()+"+", udev)
		require.NoError(t, err)
	}
	require.NoError(t, batch.Wait(t.Context()))
	for i, d := range devices {
		require.Contains(t, links(t, d), fmt.Sprintf(" mapper/%s-%d+ ", base, i))
		require.False(t, node(t, conn, fmt.Sprintf("%s-%d", base, i)))
	}
	for _, d := range devices {
		require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Udev: udev, Retry: 10 * time.Second}))
	}
	require.NoError(t, batch.Wait(t.Context()))
	for _, d := range devices {
		require.False(t, node(t, conn, d.String()))
	}
	require.Zero(t, waits(), "each was answered")
	settled(t)
}

// A request that fails, or sends no uevent, is not waited for.
func TestKernelUdevBatchNoEvent(t *testing.T) {
	testenv.Kernel(t, "zero", "program dmsetup")
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	a.answer = func(key uint32) {
		if out, err := exec.Command("dmsetup", "udevcomplete", strconv.FormatUint(uint64(key), 10)).CombinedOutput(); err != nil {
			t.Errorf("dmsetup udevcomplete: %v: %s", err, out)
		}
	}
	ownUdevControl(t)
	batch := conn.NewUdevBatch()
	udev := dm.UdevOptions{Batch: batch}
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8), Udev: udev})
	require.NoError(t, err)
	require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{Udev: udev}), "it was not suspended")
	require.Error(t, conn.Device(dm.ByName("none")).Remove(t.Context(), dm.RemoveOptions{Udev: udev}))
	require.NoError(t, batch.Wait(t.Context()))
	require.True(t, node(t, conn, name))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Udev: udev}))
	require.NoError(t, batch.Wait(t.Context()))
	require.False(t, node(t, conn, name))
}

// Nobody answers: the nodes are there in the end. So they are where the context
// ends the wait.
func TestKernelUdevBatchTimeout(t *testing.T) {
	testenv.Kernel(t, "zero")
	told := 0
	_, conn := opened(t, dm.Config{
		Udev: dm.UdevOn, UdevTimeout: 150 * time.Millisecond,
		Trace: func(tr dm.Trace) {
			if tr.Op == "wait for udev" {
				told++
			}
		},
	}, nil)
	batch := conn.NewUdevBatch()
	udev := dm.UdevOptions{Batch: batch}
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8), Udev: udev})
	require.NoError(t, err)
	require.False(t, node(t, conn, name))
	require.NoError(t, batch.Wait(t.Context()))
	require.True(t, node(t, conn, name))
	require.Equal(t, 1, told)
	require.Empty(t, cookies(t))

	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Udev: udev}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, batch.Wait(ctx), context.Canceled)
	require.False(t, node(t, conn, name))
	require.Empty(t, cookies(t))
}

package lvm_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// killedActivation is what the child of TestKernelActivateKilled does.
type killedActivation struct {
	Backup string            // the VG's text
	PVs    map[string]dm.Dev // by ID
	At     int32             // of how many requests it kills itself
}

const killedOrder = "ROK_LVM_KILLED"

// watched is a connection that calls f before the result of each request is
// known to whoever sent it.
func watched(t *testing.T, f func(nth int32)) *dm.Conn {
	t.Helper()
	var seen atomic.Int32
	conn, err := dm.Open(&dm.Config{Trace: func(dm.Trace) { f(seen.Add(1)) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

// Killed after any request, or ended by a signal that the program listens to, an
// activation leaves nothing that the next one does not make right, and a signal
// leaves nothing suspended.
func TestKernelActivateKilled(t *testing.T) {
	if order := os.Getenv(killedOrder); order != "" {
		killedChild(t, order)
		return
	}
	h := newLVM2Host(t, 200*units.MiB, 2)
	for _, line := range []string{"-L 8M -n lin vg", "-L 16M -T vg/pool", "-V 20M -T vg/pool -n t", "-L 12M -n org vg", "-s -L 8M -n c1 vg/org"} {
		h.lvcreate(line)
	}
	vg := h.vg()
	want := h.seen()
	h.deactivate(vg)
	total := int32(0)
	h.a = lvm.NewActivator(watched(t, func(nth int32) { total = nth }), &lvm.ActivatorConfig{Workers: 1})
	total = 0
	h.activate(vg)
	require.Equal(t, want, h.seen())
	h.deactivate(vg)
	h.a = lvm.NewActivator(h.conn, nil)

	pvs := map[string]dm.Dev{}
	for id, dev := range h.pvs {
		pvs[id.String()] = dev
	}
	for at := int32(2); at < total; at += 5 {
		text, err := json.Marshal(killedActivation{Backup: filepath.Join(h.dir, "backup"), PVs: pvs, At: at})
		require.NoError(t, err)
		child := exec.Command(os.Args[0], "-test.run=^TestKernelActivateKilled$", "-test.timeout=60s")
		child.Env = append(os.Environ(), killedOrder+"="+string(text), "GOCOVERDIR="+t.TempDir())
		out, err := child.CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "request %d: %v: %s", at, err, out)
		h.activate(vg)
		require.Equal(t, want, h.seen(), "killed at request %d", at)
		h.deactivate(vg)
		require.Empty(t, h.seen())
	}
	for at := int32(1); at < total; at += 2 {
		ctx, stop := context.WithCancel(t.Context())
		a := lvm.NewActivator(watched(t, func(nth int32) {
			if nth == at {
				stop() // as signal.NotifyContext does
			}
		}), nil)
		_, err := a.Activate(ctx, lvm.ActivateRequest{VG: vg, StackOptions: h.options()})
		stop()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
		devices, err := h.a.KernelDevices(vg)
		require.NoError(t, err)
		for _, d := range devices {
			require.False(t, d.Suspended, "%s, request %d", d.Name, at)
			require.False(t, d.Inactive, "%s, request %d", d.Name, at)
			require.NotEmpty(t, d.Table, "%s, request %d", d.Name, at)
		}
		h.deactivate(vg)
		require.Empty(t, h.seen())
	}
}

// killedChild activates, and kills itself within.
func killedChild(t *testing.T, text string) {
	var order killedActivation
	require.NoError(t, json.Unmarshal([]byte(text), &order))
	backup, err := os.ReadFile(order.Backup)
	require.NoError(t, err)
	vg, err := lvm.ParseBackup(string(backup))
	require.NoError(t, err)
	o := lvm.StackOptions{PVs: map[lvm.ID]dm.Dev{}}
	for text, dev := range order.PVs {
		id, err := lvm.ParseID(text)
		require.NoError(t, err)
		o.PVs[id] = dev
	}
	conn := watched(t, func(nth int32) {
		if nth == order.At {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	_, err = lvm.NewActivator(conn, &lvm.ActivatorConfig{Workers: 1}).Activate(t.Context(), lvm.ActivateRequest{VG: vg, StackOptions: o})
	t.Fatalf("request %d did not come: %v", order.At, err)
}

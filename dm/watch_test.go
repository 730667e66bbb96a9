package dm_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

// An event is not lost where the look at it failed.
func TestWatchAfterFailure(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	w, err := conn.Watch()
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	for _, cmd := range []ioctl.Cmd{ioctl.DevArmPoll, ioctl.ListDevices} {
		k.Fail(cmd, 1, syscall.ENOMEM)
		_, err = w.Next(t.Context())
		require.ErrorIs(t, err, syscall.ENOMEM)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 5e9, errors.New("the event is lost"))
	defer cancel()
	events, err := w.Next(ctx)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, dm.Created, events[0].Kind)
}

// An error of Wait names the device.
func TestWaitNamesDevice(t *testing.T) {
	conn := dmtest.NewKernel(dmtest.Config{}).Open(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Wait(ctx, 1<<20)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, `dm: wait "a": context canceled`)
}

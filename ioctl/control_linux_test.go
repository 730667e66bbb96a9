package ioctl_test

import (
	"context"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

const controlPath = "/dev/mapper/control"

func openControl(t *testing.T) *ioctl.Control {
	t.Helper()
	c, err := ioctl.OpenControl(controlPath)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			require.ErrorIs(t, err, fs.ErrClosed)
		}
	})
	return c
}

func request(t *testing.T, c *ioctl.Control, cmd ioctl.Cmd, flags ioctl.Flags, name string, more ...func(*ioctl.Buffer) error) *ioctl.Header {
	t.Helper()
	var b ioctl.Buffer
	b.Reset(cmd, flags, 0)
	require.NoError(t, b.SetName(name))
	for _, m := range more {
		require.NoError(t, m(&b))
	}
	require.NoError(t, c.Ioctl(cmd, &b))
	return b.Header()
}

// device makes a device of target zero.
func device(t *testing.T, c *ioctl.Control) string {
	t.Helper()
	name := testenv.Name(t)
	request(t, c, ioctl.DevCreate, 0, name)
	t.Cleanup(func() {
		again, err := ioctl.OpenControl(controlPath)
		require.NoError(t, err)
		defer again.Close()
		request(t, again, ioctl.DevRemove, 0, name)
	})
	request(t, c, ioctl.TableLoad, 0, name, func(b *ioctl.Buffer) error { return b.AppendTarget(0, 8, "zero", nil) })
	request(t, c, ioctl.DevSuspend, 0, name)
	return name
}

func TestOpenControlFails(t *testing.T) {
	_, err := ioctl.OpenControl(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	var pathError *fs.PathError
	require.ErrorAs(t, err, &pathError)
}

func TestKernelControl(t *testing.T) {
	testenv.Kernel(t, "zero")
	c := openControl(t)
	name := device(t, c)
	h := request(t, c, ioctl.DevStatus, 0, name)
	require.Equal(t, name, string(h.NameBytes()))
	require.EqualValues(t, 1, h.TargetCount)
	require.NotZero(t, h.Flags&ioctl.FlagActivePresent)
	var b ioctl.Buffer
	b.Reset(ioctl.DevStatus, 0, 0)
	require.NoError(t, b.SetName(name+"-no"))
	require.Equal(t, syscall.ENXIO, c.Ioctl(ioctl.DevStatus, &b))
	require.NoError(t, c.Close())
	require.Equal(t, fs.ErrClosed, c.Ioctl(ioctl.DevStatus, &b))
	require.Equal(t, fs.ErrClosed, c.Wait(t.Context()))
}

// arm begins a wait that an event on name ends.
func arm(t *testing.T, c *ioctl.Control) {
	t.Helper()
	request(t, c, ioctl.DevArmPoll, 0, "")
}

func TestKernelControlWait(t *testing.T) {
	testenv.Kernel(t, "zero", "dm 4.37")
	c := openControl(t)
	other := openControl(t)
	name := device(t, other)
	event := func() {
		request(t, other, ioctl.DevCreate, 0, name+"-event")
		request(t, other, ioctl.DevRemove, 0, name+"-event")
	}
	wait := func(ctx context.Context) <-chan error {
		done := make(chan error, 1)
		go func() { done <- c.Wait(ctx) }()
		select {
		case err := <-done:
			t.Fatalf("did not wait: %v", err)
		case <-time.After(30 * time.Millisecond):
		}
		return done
	}
	arm(t, c)
	done := wait(t.Context())
	event()
	require.NoError(t, <-done)
	require.NoError(t, c.Wait(t.Context()), "until it is armed again")

	arm(t, c)
	deadline, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	require.Equal(t, context.DeadlineExceeded, <-wait(deadline))

	canceled, cancel := context.WithCancel(t.Context())
	done = wait(canceled)
	cancel()
	require.Equal(t, context.Canceled, <-done)

	// A wait that was ended early leaves nothing behind for the next.
	done = wait(t.Context())
	event()
	require.NoError(t, <-done)

	arm(t, c)
	done = wait(t.Context())
	require.NoError(t, c.Close())
	require.ErrorIs(t, <-done, os.ErrClosed)
}

// DEV_WAIT and suspend sleep interruptibly.
func TestKernelControlSignals(t *testing.T) {
	testenv.Kernel(t, "zero")
	c := openControl(t)
	name := device(t, c)
	nr := request(t, c, ioctl.DevStatus, 0, name).EventNr
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1)
	defer signal.Stop(caught)
	var b ioctl.Buffer
	b.Reset(ioctl.DevWait, 0, 4096)
	require.NoError(t, b.SetName(name))
	b.Header().EventNr = nr
	done := make(chan error, 1)
	go func() { done <- c.Ioctl(ioctl.DevWait, &b) }()
	for range 20 {
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		<-caught
	}
	select {
	case err := <-done:
		t.Fatalf("a signal ended the wait: %v", err)
	case <-time.After(30 * time.Millisecond):
	}
	request(t, c, ioctl.DevRename, ioctl.FlagUUID, name, func(b *ioctl.Buffer) error { return b.AppendString("UUID-" + name) })
	require.NoError(t, <-done)
	require.Equal(t, nr+1, b.Header().EventNr)
}

// Close waits for requests under way, and never closes a number under them.
func TestKernelControlClose(t *testing.T) {
	testenv.Kernel(t, "zero")
	c := openControl(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var b ioctl.Buffer
			for {
				b.Reset(ioctl.Version, 0, 0)
				if err := c.Ioctl(ioctl.Version, &b); err != nil {
					if err != fs.ErrClosed {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	time.Sleep(10 * time.Millisecond)
	require.NoError(t, c.Close())
	group.Wait()
}

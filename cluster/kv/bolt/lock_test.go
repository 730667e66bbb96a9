package bolt_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
	"github.com/rok-storage/rok/ioctl"
)

func TestLockTimeout(t *testing.T) {
	p := path(t)
	s := bolt.Open(p, bolt.Options{Timeout: 20 * time.Millisecond})
	put(t, s, "a", "1")
	f, err := os.Open(p)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, ioctl.Lock(t.Context(), f, true))
	_, err = s.Get(t.Context(), "a")
	require.ErrorIs(t, err, kv.ErrUnreachable)
	require.ErrorContains(t, err, fmt.Sprintf("locked by process %d (", os.Getpid()))
	_, err = s.Grant(t.Context(), time.Second)
	require.ErrorIs(t, err, kv.ErrUnreachable)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	_, err = bolt.Open(p, bolt.Options{}).Get(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)

	require.NoError(t, ioctl.Unlock(f))
	require.NoError(t, ioctl.Lock(t.Context(), f, false))
	e, err := s.Get(t.Context(), "a")
	require.NoError(t, err, "readers do not wait for one another")
	require.Equal(t, "1", string(e.Value))
	_, err = s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("a", nil)}})
	require.ErrorIs(t, err, kv.ErrUnreachable)
}

// A watch goes on where the lock is not had in time.
func TestWatchSurvivesALock(t *testing.T) {
	p := path(t)
	s := bolt.Open(p, bolt.Options{Timeout: time.Millisecond})
	put(t, s, "a", "1")
	f, err := os.Open(p)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, ioctl.Lock(t.Context(), f, true))
	time.AfterFunc(50*time.Millisecond, func() { f.Close() })
	for events, err := range s.Watch(t.Context(), "", 0) {
		require.NoError(t, err)
		require.Equal(t, "1", string(events[0].Value))
		break
	}
}

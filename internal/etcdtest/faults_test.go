package etcdtest_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/etcd"
	"github.com/rok-storage/rok/internal/etcdtest"
)

// count adds one; the outcome may not be known.
func count(ctx context.Context, s kv.Store) error {
	e, err := s.Get(ctx, "n")
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(string(e.Value))
	_, err = s.Txn(ctx, kv.Txn{If: []kv.Compare{{Key: "n", Modified: e.Modified}}, Then: []kv.Op{kv.Put("n", []byte(strconv.Itoa(n+1)))}})
	return err
}

// The leader stops while transactions run: none that was confirmed is lost, none is done twice, and a watch tells
// each once.
func TestLeaderStopped(t *testing.T) {
	t.Parallel()
	c := etcdtest.Start(t, 3, etcdtest.Options{})
	s := c.Open()
	require.NoError(t, count(t.Context(), s))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stop := make(chan struct{})
	go func() { defer close(stop); c.Stop(c.Leader()) }()
	confirmed, unknown := 1, 0
	for confirmed < 100 {
		switch err := count(ctx, s); {
		case err == nil:
			confirmed++
		default:
			require.ErrorIs(t, err, kv.ErrUnreachable)
			unknown++
		}
	}
	<-stop
	e, err := s.Get(t.Context(), "n")
	require.NoError(t, err)
	n, err := strconv.Atoi(string(e.Value))
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, confirmed)
	require.LessOrEqual(t, n, confirmed+unknown)
	told := 0
	for events, err := range s.Watch(ctx, "n", 0) {
		require.NoError(t, err)
		told++
		require.Equal(t, strconv.Itoa(told), string(events[0].Value))
		if told == n {
			break
		}
	}
}

// Without a quorum nothing is done, and a watch waits; with one again, all goes on.
func TestQuorumLost(t *testing.T) {
	t.Parallel()
	c := etcdtest.Start(t, 3, etcdtest.Options{})
	cfg := c.Config()
	cfg.Request = 3 * time.Second
	s, err := etcd.Open(cfg)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, count(t.Context(), s))
	before, err := s.Get(t.Context(), "n")
	require.NoError(t, err)
	told := make(chan error, 1)
	go func() {
		for _, err := range s.Watch(t.Context(), "n", before.Modified) {
			told <- err
			return
		}
	}()
	c.Stop(0)
	c.Stop(1)
	_, err = s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("lost", nil)}})
	require.ErrorIs(t, err, kv.ErrUnreachable)
	_, err = s.Get(t.Context(), "n")
	require.ErrorIs(t, err, kv.ErrUnreachable)
	require.Empty(t, told)
	c.Begin(0)
	c.WaitReady()
	c.Leader()
	for {
		if err := count(t.Context(), s); err == nil {
			break
		} else {
			require.ErrorIs(t, err, kv.ErrUnreachable)
		}
	}
	require.NoError(t, <-told)
}

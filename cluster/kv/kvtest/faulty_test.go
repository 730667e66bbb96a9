package kvtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

func TestFaulty(t *testing.T) {
	put := kv.Txn{Then: []kv.Op{kv.Put("a", []byte("1"))}}
	tests := []struct {
		fault kvtest.Fault
		err   error
		done  bool
		after error // of the next call
	}{
		{kvtest.None, nil, true, nil},
		{kvtest.CrashBefore, kvtest.ErrKilled, false, kvtest.ErrKilled},
		{kvtest.CrashAfter, kvtest.ErrKilled, true, kvtest.ErrKilled},
		{kvtest.RequestLost, kv.ErrUnreachable, false, nil},
		{kvtest.ReplyLost, kv.ErrUnreachable, true, nil},
	}
	for _, test := range tests {
		t.Run(test.fault.String(), func(t *testing.T) {
			m := kvtest.NewMemory()
			f := &kvtest.Faulty{Store: m, At: 2, Fault: test.fault}
			_, err := f.Get(t.Context(), "a")
			require.NoError(t, err)
			_, err = f.Txn(t.Context(), put)
			require.ErrorIs(t, err, test.err)
			e, err := m.Get(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, test.done, e.Modified != 0)
			_, err = f.List(t.Context(), "")
			require.ErrorIs(t, err, test.after)
			require.Equal(t, []string{"get a", "txn", "list"}, f.Calls())
		})
	}
}

// A rival, or time, comes first.
func TestFaultyBefore(t *testing.T) {
	m := kvtest.NewMemory()
	f := &kvtest.Faulty{Store: m, At: 3, Before: func(ctx context.Context, inner kv.Store) {
		m.Advance(time.Minute)
		_, err := inner.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Put("a", nil)}})
		require.NoError(t, err)
	}}
	lease, err := f.Grant(t.Context(), 10*time.Second)
	require.NoError(t, err)
	require.NoError(t, f.Renew(t.Context(), lease))
	r, err := f.Txn(t.Context(), kv.Txn{If: []kv.Compare{{Key: "a"}}})
	require.NoError(t, err)
	require.False(t, r.Succeeded)
	require.ErrorIs(t, f.Renew(t.Context(), lease), kv.ErrLeaseLost)
}

func TestFaultyWatch(t *testing.T) {
	for fault, want := range map[kvtest.Fault]error{kvtest.CrashBefore: kvtest.ErrKilled, kvtest.ReplyLost: kv.ErrUnreachable} {
		m := kvtest.NewMemory()
		_, err := m.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("a", nil)}})
		require.NoError(t, err)
		f := &kvtest.Faulty{Store: m, At: 1, Fault: fault}
		var last error
		for _, err := range f.Watch(t.Context(), "", 0) {
			require.NoError(t, last)
			last = err
		}
		require.ErrorIs(t, last, want)
	}
}

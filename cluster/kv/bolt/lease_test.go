package bolt_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

func leased(t *testing.T, c *clock) (*bolt.Store, kv.LeaseID, kv.Result) {
	t.Helper()
	s := bolt.Open(path(t), bolt.Options{Clock: c.read})
	lease, err := s.Grant(t.Context(), 10*time.Second)
	require.NoError(t, err)
	r, err := s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.PutLeased("a", nil, lease)}})
	require.NoError(t, err)
	return s, lease, r
}

// A lease ends to the nanosecond, and what it had is not seen from then on, though nobody has written that
// yet.
func TestLeaseEnds(t *testing.T) {
	c := &clock{now: rules.Instant{Boot: "one", At: time.Hour}}
	s, lease, r := leased(t, c)
	c.pass(10*time.Second - 1)
	e, err := s.Get(t.Context(), "a")
	require.NoError(t, err)
	require.NotZero(t, e.Modified)
	c.pass(1)
	e, err = s.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Zero(t, e.Modified)
	l, err := s.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, kv.Snapshot{Entries: []kv.Entry{}, Revision: r.Revision}, l)
	read, err := s.Txn(t.Context(), kv.Txn{If: []kv.Compare{{Key: "a"}}, Then: []kv.Op{kv.List("")}})
	require.NoError(t, err)
	require.True(t, read.Succeeded)
	require.ErrorIs(t, s.Renew(t.Context(), lease), kv.ErrLeaseLost)
	for events, err := range s.Watch(t.Context(), "", r.Revision) {
		require.NoError(t, err)
		require.True(t, events[0].Deleted, "a watch writes it")
		break
	}
	l, err = s.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, r.Revision+1, l.Revision)
}

// A restart of the machine ends all leases, whatever its clock says.
func TestLeaseEndsWithTheMachine(t *testing.T) {
	c := &clock{now: rules.Instant{Boot: "one", At: time.Hour}}
	s, lease, _ := leased(t, c)
	c.set(func(i *rules.Instant) { *i = rules.Instant{Boot: "two", At: time.Minute} })
	e, err := s.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Zero(t, e.Modified)
	require.ErrorIs(t, s.Renew(t.Context(), lease), kv.ErrLeaseLost)
	_, err = s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.PutLeased("b", nil, lease)}})
	require.ErrorIs(t, err, kv.ErrLeaseLost)
}

// The kernel's clock, and nobody who writes but a watch.
func TestLeaseEndsByItself(t *testing.T) {
	s := bolt.Open(path(t), bolt.Options{})
	lease, err := s.Grant(t.Context(), time.Second)
	require.NoError(t, err)
	r, err := s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.PutLeased("a", nil, lease)}})
	require.NoError(t, err)
	for events, err := range s.Watch(t.Context(), "", r.Revision) {
		require.NoError(t, err)
		require.True(t, events[0].Deleted)
		break
	}
	require.ErrorIs(t, s.Renew(t.Context(), lease), kv.ErrLeaseLost)
}

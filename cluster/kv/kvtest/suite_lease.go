package kvtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
)

func asDuration(n int64) time.Duration { return time.Duration(n) }

// ttl is longer than the shortest that etcd knows, and long enough for a machine that is busy.
const ttl = 4 * time.Second

func testLease(t *testing.T, s *suite) {
	lease := s.grant(t, ttl)
	a, b, c := s.prefix+"a", s.prefix+"b", s.prefix+"c"
	s.do(t, kv.PutLeased(a, []byte("1"), lease), kv.PutLeased(b, nil, lease), kv.Put(c, nil))
	require.Equal(t, lease, s.get(t, a).Lease)
	require.Equal(t, lease, s.list(t, a).Entries[0].Lease)
	s.gone(t, a)
	require.Zero(t, s.get(t, b).Modified, "both at once")
	require.Len(t, s.list(t, s.prefix).Entries, 1)
	require.ErrorIs(t, s.Store.Renew(t.Context(), lease), kv.ErrLeaseLost)
	r := s.txn(t, kv.Txn{If: []kv.Compare{{Key: a}}, Then: []kv.Op{kv.Put(a, nil), kv.Get(b), kv.List(s.prefix)}})
	require.True(t, r.Succeeded, "its place is free")
	require.Len(t, r.Read[2], 1)
	require.NoError(t, s.Store.Revoke(t.Context(), lease), "it has ended")
	require.NotZero(t, s.get(t, a).Modified, "it is not of the lease")
}

func testLeaseRenewed(t *testing.T, s *suite) {
	lease := s.grant(t, ttl)
	a := s.prefix + "a"
	r := s.do(t, kv.PutLeased(a, nil, lease))
	for range 5 {
		s.Pass(time.Second)
		require.NoError(t, s.Other.Renew(t.Context(), lease), "whoever knows it may")
	}
	require.Equal(t, r.Revision, s.get(t, a).Modified, "a renewal is no change")
	s.gone(t, a)
}

func testLeaseRevoked(t *testing.T, s *suite) {
	lease := s.grant(t, time.Hour)
	a, b := s.prefix+"a", s.prefix+"b"
	r := s.do(t, kv.PutLeased(a, nil, lease), kv.PutLeased(b, nil, lease))
	require.NoError(t, s.Other.Revoke(t.Context(), lease))
	l := s.list(t, s.prefix)
	require.Empty(t, l.Entries)
	require.Equal(t, r.Revision+1, l.Revision, "its keys go in one change")
	require.NoError(t, s.Other.Revoke(t.Context(), lease))
	require.ErrorIs(t, s.Store.Renew(t.Context(), lease), kv.ErrLeaseLost)
}

func testLeaseLost(t *testing.T, s *suite) {
	lease := s.grant(t, time.Hour)
	require.NoError(t, s.Store.Revoke(t.Context(), lease))
	a, b := s.prefix+"a", s.prefix+"b"
	_, err := s.Store.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put(b, nil), kv.PutLeased(a, nil, lease)}})
	require.ErrorIs(t, err, kv.ErrLeaseLost)
	require.Empty(t, s.list(t, s.prefix).Entries, "nothing of it was done")
	s.txn(t, kv.Txn{Then: []kv.Op{kv.Put(b, nil)}, Else: []kv.Op{kv.PutLeased(a, nil, lease)}})
	require.Len(t, s.list(t, s.prefix).Entries, 1, "the other branch does not matter")
	require.ErrorIs(t, s.Store.Renew(t.Context(), 12345), kv.ErrLeaseLost)
	require.NoError(t, s.Store.Revoke(t.Context(), 12345))
}

// A key that is put anew, without the lease or with another one, does not end with the first.
func testLeaseLeft(t *testing.T, s *suite) {
	first, second := s.grant(t, time.Hour), s.grant(t, time.Hour)
	require.NotEqual(t, first, second)
	a, b, c := s.prefix+"a", s.prefix+"b", s.prefix+"c"
	s.do(t, kv.PutLeased(a, nil, first), kv.PutLeased(b, nil, first), kv.PutLeased(c, nil, first))
	s.do(t, kv.Put(a, nil), kv.PutLeased(b, nil, second), kv.Delete(c))
	s.do(t, kv.Put(c, nil))
	require.NoError(t, s.Store.Revoke(t.Context(), first))
	require.Len(t, s.list(t, s.prefix).Entries, 3)
	require.Zero(t, s.get(t, a).Lease)
	require.NoError(t, s.Store.Revoke(t.Context(), second))
	require.Len(t, s.list(t, s.prefix).Entries, 2)
}

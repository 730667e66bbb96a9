package kvtest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
)

// Target is a store under test.
type Target struct {
	// Store and Other are two clients of the same store.
	Store, Other kv.Store
	// Pass lets time pass for leases; nil: it is waited for.
	Pass func(time.Duration)
	// Compact forgets all changes up to a revision, or more; nil: the store cannot be told to.
	Compact func(t *testing.T, revision int64)
}

// suite is one subtest's: keys below prefix are its own.
type suite struct {
	Target
	prefix string
}

// Test is the suite that each store passes. open is called for each of its tests, and may return the same
// store each time: keys differ.
func Test(t *testing.T, open func(t *testing.T) Target) {
	tests := []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"Missing", testMissing},
		{"PutGetDelete", testPutGetDelete},
		{"List", testList},
		{"Values", testValues},
		{"Keys", testKeys},
		{"Compare", testCompare},
		{"Else", testElse},
		{"ReadsAreBefore", testReadsAreBefore},
		{"NoChangeNoRevision", testNoChangeNoRevision},
		{"Invalid", testInvalid},
		{"TooLarge", testTooLarge},
		{"Race", testRace},
		{"CallersBytes", testCallersBytes},
		{"Lease", testLease},
		{"LeaseRenewed", testLeaseRenewed},
		{"LeaseRevoked", testLeaseRevoked},
		{"LeaseLost", testLeaseLost},
		{"LeaseLeft", testLeaseLeft},
		{"Watch", testWatch},
		{"WatchGoesOn", testWatchGoesOn},
		{"WatchManyChanges", testWatchManyChanges},
		{"WatchLease", testWatchLease},
		{"WatchCompacted", testWatchCompacted},
		{"ContextEnded", testContextEnded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &suite{Target: open(t), prefix: "/kvtest/" + test.name + "/"}
			if s.Pass == nil {
				s.Pass = func(d time.Duration) { <-time.After(d) }
			}
			s.txn(t, s.deleteAll(t))
			test.run(t, s)
		})
	}
}

// deleteAll removes what an earlier run left.
func (s *suite) deleteAll(t *testing.T) kv.Txn {
	var txn kv.Txn
	for _, e := range s.list(t, s.prefix).Entries {
		txn.Then = append(txn.Then, kv.Delete(e.Key))
	}
	return txn
}

func (s *suite) get(t *testing.T, key string) kv.Entry {
	t.Helper()
	e, err := s.Other.Get(t.Context(), key)
	require.NoError(t, err)
	return e
}

func (s *suite) list(t *testing.T, prefix string) kv.Snapshot {
	t.Helper()
	l, err := s.Other.List(t.Context(), prefix)
	require.NoError(t, err)
	return l
}

func (s *suite) txn(t *testing.T, txn kv.Txn) kv.Result {
	t.Helper()
	r, err := s.Store.Txn(t.Context(), txn)
	require.NoError(t, err)
	return r
}

func (s *suite) do(t *testing.T, ops ...kv.Op) kv.Result {
	t.Helper()
	r := s.txn(t, kv.Txn{Then: ops})
	require.True(t, r.Succeeded)
	return r
}

func (s *suite) grant(t *testing.T, ttl time.Duration) kv.LeaseID {
	t.Helper()
	id, err := s.Store.Grant(t.Context(), ttl)
	require.NoError(t, err)
	require.NotZero(t, id)
	return id
}

// gone waits until a key is not there, letting time pass.
func (s *suite) gone(t *testing.T, key string) {
	t.Helper()
	for range 60 {
		if s.get(t, key).Modified == 0 {
			return
		}
		s.Pass(time.Second)
	}
	t.Fatalf("%s is there after a minute", key)
}

// patience is for what must come; a store may be slow.
const patience = time.Minute

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

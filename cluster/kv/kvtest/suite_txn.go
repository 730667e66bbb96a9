package kvtest

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
)

func testMissing(t *testing.T, s *suite) {
	key := s.prefix + "a"
	require.Equal(t, kv.Entry{Key: key}, s.get(t, key))
	require.Empty(t, s.list(t, s.prefix).Entries)
	require.NotContains(t, s.Store.Address(), "@", "an address has no credentials")
	require.NotEmpty(t, s.Store.Address())
}

func testPutGetDelete(t *testing.T, s *suite) {
	key := s.prefix + "a"
	first := s.do(t, kv.Put(key, []byte("1")))
	require.Equal(t, kv.Entry{Key: key, Value: []byte("1"), Created: first.Revision, Modified: first.Revision}, s.get(t, key))
	second := s.do(t, kv.Put(key, []byte("2")), kv.Put(s.prefix+"b", nil))
	require.Equal(t, first.Revision+1, second.Revision, "one revision for each transaction")
	require.Equal(t, kv.Entry{Key: key, Value: []byte("2"), Created: first.Revision, Modified: second.Revision}, s.get(t, key))
	require.Equal(t, second.Revision, s.get(t, s.prefix+"b").Modified)
	third := s.do(t, kv.Delete(key))
	require.Equal(t, second.Revision+1, third.Revision)
	require.Equal(t, kv.Entry{Key: key}, s.get(t, key))
	fourth := s.do(t, kv.Put(key, []byte("2")))
	require.Equal(t, kv.Entry{Key: key, Value: []byte("2"), Created: fourth.Revision, Modified: fourth.Revision}, s.get(t, key))
	fifth := s.do(t, kv.Put(key, []byte("2")))
	require.Equal(t, fourth.Revision+1, fifth.Revision, "the same value is a change")
}

func testList(t *testing.T, s *suite) {
	names := []string{"a", "a/b", "a0", "b", "é", "日本"} // in the order of their bytes
	for i := len(names) - 1; i >= 0; i-- {
		s.do(t, kv.Put(s.prefix+names[i], []byte(names[i])))
	}
	r := s.do(t, kv.Put(s.prefix+"a", []byte("a")))
	keys := func(prefix string) (found []string) {
		l := s.list(t, s.prefix+prefix)
		require.Equal(t, r.Revision, l.Revision)
		for _, e := range l.Entries {
			name := strings.TrimPrefix(e.Key, s.prefix)
			require.Equal(t, name, string(e.Value))
			found = append(found, name)
		}
		return found
	}
	require.Equal(t, names, keys(""))
	require.Equal(t, []string{"a", "a/b", "a0"}, keys("a"))
	require.Equal(t, []string{"a/b"}, keys("a/"))
	require.Equal(t, []string{"日本"}, keys("日"))
	require.Empty(t, keys("c"))
	all := s.list(t, "")
	require.GreaterOrEqual(t, len(all.Entries), len(names))
}

func testValues(t *testing.T, s *suite) {
	values := [][]byte{nil, {}, {0}, []byte("a=b\nc=\"d\"\r\n"), []byte("日本 é"), {0xff, 0xfe}, bytes.Repeat([]byte{7}, 1<<20)}
	for i, v := range values {
		key := s.prefix + strconv.Itoa(i)
		s.do(t, kv.Put(key, v))
		got := s.get(t, key)
		require.NotZero(t, got.Modified)
		require.True(t, bytes.Equal(v, got.Value))
	}
	for i, e := range s.list(t, s.prefix).Entries {
		require.True(t, bytes.Equal(values[i], e.Value))
	}
}

func testKeys(t *testing.T, s *suite) {
	for _, name := range []string{"..", "../../etc/passwd", "a b", "a\nb", "\x00", "a\x00b", "=", "\U0010ffff", strings.Repeat("k", kv.MaxKey-len(s.prefix))} {
		s.do(t, kv.Put(s.prefix+name, []byte(name)))
		require.Equal(t, name, string(s.get(t, s.prefix+name).Value))
		l := s.list(t, s.prefix+name)
		require.Len(t, l.Entries, 1)
		require.Equal(t, s.prefix+name, l.Entries[0].Key)
		s.do(t, kv.Delete(s.prefix+name))
	}
}

func testCompare(t *testing.T, s *suite) {
	a, b := s.prefix+"a", s.prefix+"b"
	absent := kv.Compare{Key: a}
	r := s.txn(t, kv.Txn{If: []kv.Compare{absent}, Then: []kv.Op{kv.Put(a, []byte("1"))}})
	require.True(t, r.Succeeded)
	again := s.txn(t, kv.Txn{If: []kv.Compare{absent}, Then: []kv.Op{kv.Put(a, []byte("2"))}})
	require.False(t, again.Succeeded)
	require.Equal(t, r.Revision, again.Revision)
	require.Equal(t, "1", string(s.get(t, a).Value))
	present := kv.Compare{Key: a, Modified: r.Revision}
	both := s.txn(t, kv.Txn{If: []kv.Compare{present, {Key: b}}, Then: []kv.Op{kv.Put(b, nil)}})
	require.True(t, both.Succeeded)
	one := s.txn(t, kv.Txn{If: []kv.Compare{present, {Key: b}}, Then: []kv.Op{kv.Delete(a)}})
	require.False(t, one.Succeeded, "all compares must hold")
	s.do(t, kv.Delete(a))
	require.False(t, s.txn(t, kv.Txn{If: []kv.Compare{present}}).Succeeded)
	require.True(t, s.txn(t, kv.Txn{If: []kv.Compare{absent}}).Succeeded)
}

func testElse(t *testing.T, s *suite) {
	a := s.prefix + "a"
	put := s.do(t, kv.Put(a, []byte("1")))
	r := s.txn(t, kv.Txn{
		If:   []kv.Compare{{Key: a}},
		Then: []kv.Op{kv.Delete(a)},
		Else: []kv.Op{kv.Get(a), kv.Put(s.prefix+"b", nil), kv.List(s.prefix), kv.Get(s.prefix + "c")},
	})
	want := kv.Entry{Key: a, Value: []byte("1"), Created: put.Revision, Modified: put.Revision}
	require.False(t, r.Succeeded)
	require.Equal(t, put.Revision+1, r.Revision)
	require.Equal(t, [][]kv.Entry{{want}, nil, {want}, {{Key: s.prefix + "c"}}}, r.Read)
}

func testReadsAreBefore(t *testing.T, s *suite) {
	a, b := s.prefix+"a", s.prefix+"b"
	s.do(t, kv.Put(a, []byte("old")))
	r := s.do(t, kv.Put(a, []byte("new")), kv.Put(b, []byte("new")), kv.Get(a), kv.Get(b), kv.List(s.prefix))
	require.Equal(t, "old", string(r.Read[2][0].Value))
	require.Zero(t, r.Read[3][0].Modified)
	require.Len(t, r.Read[4], 1)
	require.Equal(t, "old", string(r.Read[4][0].Value))
	require.Equal(t, "new", string(s.get(t, a).Value))
}

func testNoChangeNoRevision(t *testing.T, s *suite) {
	r := s.do(t, kv.Put(s.prefix+"a", nil))
	for _, txn := range []kv.Txn{{}, {Then: []kv.Op{kv.Delete(s.prefix + "b")}}, {Then: []kv.Op{kv.Get(s.prefix + "a")}}} {
		require.Equal(t, r.Revision, s.txn(t, txn).Revision)
	}
}

func testInvalid(t *testing.T, s *suite) {
	a := s.prefix + "a"
	for name, txn := range map[string]kv.Txn{
		"put twice":      {Then: []kv.Op{kv.Put(a, nil), kv.Put(a, nil)}},
		"put and delete": {Then: []kv.Op{kv.Put(a, nil), kv.Delete(a)}},
		"in Else":        {Else: []kv.Op{kv.Delete(a), kv.Delete(a)}},
		"no key":         {Then: []kv.Op{kv.Put("", nil)}},
		"no key to ask":  {If: []kv.Compare{{}}},
		"not UTF-8":      {Then: []kv.Op{kv.Put(s.prefix+"\xff", nil)}},
		"no kind":        {Then: []kv.Op{{Key: a}}},
	} {
		_, err := s.Store.Txn(t.Context(), txn)
		require.ErrorIs(t, err, kv.ErrInvalid, name)
	}
	_, err := s.Store.Get(t.Context(), "")
	require.ErrorIs(t, err, kv.ErrInvalid)
	_, err = s.Store.List(t.Context(), "\xff")
	require.ErrorIs(t, err, kv.ErrInvalid)
	for _, err := range s.Store.Watch(limited(t), "\xff", 0) {
		require.ErrorIs(t, err, kv.ErrInvalid)
	}
	for _, ttl := range []int64{-1, 0, 1, 1e9 - 1, 1e9 + 1} {
		_, err := s.Store.Grant(t.Context(), asDuration(ttl))
		require.ErrorIs(t, err, kv.ErrInvalid)
	}
	s.do(t, kv.Put(a, nil), kv.Get(a), kv.List(s.prefix))
	require.Len(t, s.list(t, s.prefix).Entries, 1, "nothing of what was refused was done")
}

func testTooLarge(t *testing.T, s *suite) {
	many := func(n int) (ops []kv.Op, compares []kv.Compare) {
		for i := range n {
			key := s.prefix + strconv.Itoa(i)
			ops = append(ops, kv.Put(key, []byte{1}))
			compares = append(compares, kv.Compare{Key: key})
		}
		return ops, compares
	}
	ops, compares := many(kv.MaxOps)
	require.True(t, s.txn(t, kv.Txn{If: compares, Then: ops, Else: ops}).Succeeded)
	ops, compares = many(kv.MaxOps + 1)
	for _, txn := range []kv.Txn{{If: compares}, {Then: ops}, {Else: ops}} {
		_, err := s.Store.Txn(t.Context(), txn)
		require.ErrorIs(t, err, kv.ErrTooLarge)
	}
	big := kv.Txn{Then: []kv.Op{kv.Put(s.prefix+"big", nil)}, Else: []kv.Op{kv.Put(s.prefix+"big", nil)}}
	room := kv.MaxTxnSize - big.Size()
	big.Then[0].Value, big.Else[0].Value = make([]byte, room/2), make([]byte, room-room/2)
	require.Equal(t, kv.MaxTxnSize, big.Size())
	require.True(t, s.txn(t, big).Succeeded)
	big.Else[0].Value = append(big.Else[0].Value, 0)
	_, err := s.Store.Txn(t.Context(), big)
	require.ErrorIs(t, err, kv.ErrTooLarge)
	long := s.prefix + strings.Repeat("k", kv.MaxKey-len(s.prefix)+1)
	_, err = s.Store.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put(long, nil)}})
	require.ErrorIs(t, err, kv.ErrTooLarge)
	_, err = s.Store.Get(t.Context(), long)
	require.ErrorIs(t, err, kv.ErrTooLarge)
}

// Of several that count the same key up at once, each gets its turn.
func testRace(t *testing.T, s *suite) {
	const each = 5
	key := s.prefix + "n"
	var all sync.WaitGroup
	for i := range 4 {
		store := []kv.Store{s.Store, s.Other}[i%2]
		all.Go(func() {
			for range each {
				for done := false; !done; {
					e, err := store.Get(t.Context(), key)
					if err != nil {
						t.Error(err)
						return
					}
					n, _ := strconv.Atoi(string(e.Value))
					r, err := store.Txn(t.Context(), kv.Txn{
						If:   []kv.Compare{{Key: key, Modified: e.Modified}},
						Then: []kv.Op{kv.Put(key, []byte(strconv.Itoa(n+1)))},
					})
					if err != nil {
						t.Error(err)
						return
					}
					done = r.Succeeded
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, strconv.Itoa(4*each), string(s.get(t, key).Value))
}

// What a caller does with its bytes afterwards does not change the store.
func testCallersBytes(t *testing.T, s *suite) {
	key, value := s.prefix+"a", []byte("abc")
	s.do(t, kv.Put(key, value))
	value[0] = 'x'
	s.get(t, key).Value[1] = 'x'
	s.list(t, key).Entries[0].Value[2] = 'x'
	require.Equal(t, "abc", string(s.get(t, key).Value))
}

func testContextEnded(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Store.Get(ctx, s.prefix)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Store.List(ctx, s.prefix)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Store.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Put(s.prefix, nil)}})
	require.ErrorIs(t, err, context.Canceled)
	for range s.Store.Watch(ctx, s.prefix, 0) {
		t.Error("a watch that has ended tells something")
	}
	require.Zero(t, s.get(t, s.prefix).Modified)
}

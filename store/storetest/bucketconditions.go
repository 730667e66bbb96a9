package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// parallel calls f for 0 to n-1 in so many goroutines.
func parallel(workers, n int, f func(int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wait.Wait()
}

func (t *bucketTest) putIf(key, content string, c store.Condition) error {
	_, err := t.b.Put(t.ctx, key, strings.NewReader(content), c)
	return err
}

func (t *bucketTest) absent() {
	require.NoError(t, t.putIf("a/b", "1", store.Condition{Absent: true}))
	t.is(t.putIf("a/b", "2", store.Condition{Absent: true}), store.ErrExists)
	require.Equal(t, "1", t.read("a/b"))
	require.NoError(t, t.putIf("a", "2", store.Condition{Absent: true}))
	require.NoError(t, t.b.Delete(t.ctx, "a/b"))
	require.NoError(t, t.putIf("a/b", "3", store.Condition{Absent: true}))
	require.Equal(t, "3", t.read("a/b"))
	_, err := t.b.Put(t.ctx, "a/b", failing{}, store.Condition{Absent: true})
	if t.caps.BodyFirst {
		require.Error(t, err)
		require.Equal(t, "3", t.read("a/b"))
	} else {
		t.is(err, store.ErrExists)
	}
}

func (t *bucketTest) version() {
	first := t.put("a", "1").Version
	second, err := t.b.Put(t.ctx, "a", strings.NewReader("2"), store.Condition{Version: first})
	require.NoError(t, err)
	t.is(t.putIf("a", "3", store.Condition{Version: first}), store.ErrChanged)
	require.Equal(t, "2", t.read("a"))
	require.NoError(t, t.b.Delete(t.ctx, "a"))
	t.is(t.putIf("a", "3", store.Condition{Version: second.Version}), store.ErrChanged)
	t.is(t.putIf("never/there", "3", store.Condition{Version: first}), store.ErrChanged)
	t.gone("a")
	t.gone("never/there")
	if t.caps.SameVersion {
		return
	}
	t.put("a", "2") // the same content as before, and another object
	t.is(t.putIf("a", "3", store.Condition{Version: second.Version}), store.ErrChanged)
}

func (t *bucketTest) clients() []store.Bucket {
	if t.caps.Again == nil {
		return []store.Bucket{t.b}
	}
	return []store.Bucket{t.b, t.caps.Again(t.T, t.b)}
}

// raceAbsent: of many who put an object that is absent, one does.
func (t *bucketTest) raceAbsent() {
	if t.caps.Unconditional {
		t.Skip("no conditions")
	}
	clients := t.clients()
	for round := range 10 {
		key := fmt.Sprintf("lock/%d", round)
		var won atomic.Int64
		var winner atomic.Value
		parallel(16, 16, func(i int) {
			content := fmt.Sprint("client ", i)
			_, err := clients[i%len(clients)].Put(t.ctx, key, strings.NewReader(content), store.Condition{Absent: true})
			if err == nil {
				won.Add(1)
				winner.Store(content)
			} else {
				t.is(err, store.ErrExists)
			}
		})
		require.Equal(t, int64(1), won.Load())
		require.Equal(t, winner.Load(), t.read(key))
	}
}

// raceVersion: many count in one object, and no count is lost; others who delete it and make it anew cannot hide.
func (t *bucketTest) raceVersion() {
	if t.caps.Unconditional {
		t.Skip("no conditions")
	}
	clients := t.clients()
	t.put("n", "0")
	var done atomic.Int64
	parallel(8, 64, func(i int) {
		b := clients[i%len(clients)]
		for {
			dst := make([]byte, 20)
			n, info, err := b.Get(t.ctx, "n", 0, dst)
			if err != nil {
				t.Error(err)
				return
			}
			var count int
			_, _ = fmt.Sscan(string(dst[:n]), &count)
			_, err = b.Put(t.ctx, "n", strings.NewReader(fmt.Sprint(count+1)), store.Condition{Version: info.Version})
			if err == nil {
				done.Add(1)
				return
			}
			t.is(err, store.ErrChanged)
		}
	})
	require.Equal(t, fmt.Sprint(done.Load()), t.read("n"))
	require.Equal(t, int64(64), done.Load())
}

// wholeOrNothing: who reads while others write sees all of one content; and a listing always has the object.
func (t *bucketTest) wholeOrNothing() {
	const size = 300_000
	content := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), size) }
	t.put("map/x", content(0))
	t.put("map/y", "")
	parallel(4, 80, func(i int) {
		switch i % 4 {
		case 0:
			_, err := t.b.Put(t.ctx, "map/x", strings.NewReader(content(i)), store.Condition{})
			if err != nil {
				t.Error(err)
			}
		case 1:
			found := 0
			for info, err := range t.b.List(t.ctx, "map/") {
				if err != nil {
					t.Error(err)
				} else if info.Size == size || info.Key == "map/y" {
					found++
				}
			}
			if found != 2 {
				t.Errorf("a listing has %d of 2", found)
			}
		default:
			dst := make([]byte, size+1)
			n, info, err := t.b.Get(t.ctx, "map/x", 0, dst)
			if err != nil || n != size || info.Size != size || strings.Trim(string(dst[:n]), string(dst[:1])) != "" {
				t.Errorf("read %d of %d bytes, or of two contents: %v", n, info.Size, err)
			}
		}
	})
}

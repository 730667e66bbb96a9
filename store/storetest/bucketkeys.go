package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// oddKeys are valid, and hard to keep apart on some file systems and servers.
func oddKeys() []string {
	long := strings.Repeat("x", 1000)
	keys := []string{
		"a", "a/b", "a/b/c", "a b", "a+b", "a%2fb", "a%b", "a=b", "a&b?c#d", "a\\b", "a:b", "a*b", "a\"b'c", "a~1", "a~2", "a!b", "a/!",
		"A", "A/b", "a/B", "ä", "a\u0308", "Ä", "日本/語", "😀", ".a", "..a", "a.", "a/.b", "...", "~", "-rf", "@tmp/x", "@lock/00", "@tmp", "+", "=", "x+/y=", "con", "nul.txt",
		" ", "a/ /b", "%", "%.", "%/x", "store.json", "store.json/x",
		strings.Repeat("é", 500), strings.Repeat("N", 255), strings.Repeat("N", 255) + "/x", "p/" + strings.Repeat("😀", 63),
		strings.Repeat("d/", 400) + "e",
	}
	for _, n := range []int{196, 197, 198, 199, 200, 254, 255, 256, 396, 397, 1000} {
		keys = append(keys, long[:n])
		if n < 990 {
			keys = append(keys, long[:n]+"/y", long[:n]+"!", long[:n]+"zz", long[:n]+"/.")
		}
	}
	return slices.DeleteFunc(keys, func(key string) bool { return strings.HasSuffix(key, "/.") })
}

// keys: each has its own content, whatever others there are.
func (t *bucketTest) keys() {
	all := oddKeys()
	for i, key := range all {
		require.NoError(t, store.CheckKey(key), "%q", key)
		t.put(key, fmt.Sprint(i))
	}
	for i, key := range all {
		require.Equal(t, fmt.Sprint(i), t.read(key), "%q", key)
	}
	t.lists("", all)
	for _, prefix := range []string{"a", "a/", "a/b", "A", "x", "xx", strings.Repeat("x", 197), strings.Repeat("x", 198), strings.Repeat("x", 198) + "/", "é", "\xc3", "d/d/", "@", "%", "zzz", "a\x00"} {
		t.lists(prefix, all)
	}
	half := all[:len(all)/2]
	require.NoError(t, t.b.Delete(t.ctx, half...))
	t.lists("", all[len(all)/2:])
	for _, key := range half {
		t.gone(key)
	}
}

// lists tells whether a listing has exactly those keys of all that begin with prefix, in their order.
func (t *bucketTest) lists(prefix string, all []string) {
	t.Helper()
	var want, got []string
	for _, key := range all {
		if strings.HasPrefix(key, prefix) {
			want = append(want, key)
		}
	}
	slices.Sort(want)
	for info, err := range t.b.List(t.ctx, prefix) {
		require.NoError(t, err)
		got = append(got, info.Key)
	}
	require.Equal(t, want, got, "prefix %q", prefix)
}

func (t *bucketTest) badKeys() {
	for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\nb", "a\x00", "\x7f", "\u0085", "\xff", strings.Repeat("x", 1001)} {
		require.Error(t, store.CheckKey(key), "%q", key)
		_, err := t.b.Put(t.ctx, key, strings.NewReader("x"), store.Condition{})
		require.Error(t, err, "%q", key)
		_, _, err = t.b.Get(t.ctx, key, 0, make([]byte, 1))
		require.Error(t, err, "%q", key)
		_, err = t.b.Stat(t.ctx, key)
		require.Error(t, err, "%q", key)
	}
	t.put("good", "x")
	require.Error(t, t.b.Delete(t.ctx, "..", "good"))
	t.lists("", nil)
}

func (t *bucketTest) list() {
	sizes := map[string]int64{}
	for i := range 300 {
		key := fmt.Sprintf("blk/%02x/%04d", i%16, i)
		sizes[key] = t.put(key, strings.Repeat("x", i)).Size
	}
	var before string
	for info, err := range t.b.List(t.ctx, "blk/0") {
		require.NoError(t, err)
		require.Less(t, before, info.Key)
		require.Equal(t, sizes[info.Key], info.Size)
		require.False(t, info.Modified.IsZero())
		if info.Version != "" {
			stat, err := t.b.Stat(t.ctx, info.Key)
			require.NoError(t, err)
			require.Equal(t, stat.Version, info.Version)
		}
		delete(sizes, info.Key)
		before = info.Key
	}
	require.Empty(t, sizes)
	t.lists("none", nil)
	t.put("blk/0a/new", "x")
	t.lists("blk/0a/n", []string{"blk/0a/new"})
	require.NoError(t, t.b.Delete(t.ctx, "blk/0a/new"))
	t.lists("blk/0a/n", nil)
}

// listStops: who has seen enough goes, and may use the bucket while it lists.
func (t *bucketTest) listStops() {
	for i := range 20 {
		t.put(fmt.Sprintf("a/%02d", i), "x")
	}
	seen := 0
	for info, err := range t.b.List(t.ctx, "a/") {
		require.NoError(t, err)
		seen++
		require.NoError(t, t.b.Delete(t.ctx, info.Key))
		t.put("b/"+info.Key, "x")
		if seen == 5 {
			break
		}
	}
	require.Equal(t, 5, seen)
	n := 0
	for _, err := range t.b.List(t.ctx, "a/") {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 15, n)
}

func (t *bucketTest) delete() {
	t.put("a", "1")
	t.put("a/b", "2")
	t.put("c", "3")
	require.NoError(t, t.b.Delete(t.ctx, "a", "missing", "missing/too"))
	t.gone("a")
	require.Equal(t, "2", t.read("a/b"))
	require.NoError(t, t.b.Delete(t.ctx, "a/b", "a/b"))
	t.lists("", []string{"c"})
	t.put("a", "4")
	require.Equal(t, "4", t.read("a"))
}

func (t *bucketTest) deleteMany() {
	var keys []string
	for i := range t.caps.Many {
		keys = append(keys, fmt.Sprintf("blk/%02x/%d", i%7, i))
	}
	parallel(8, len(keys), func(i int) { _, _ = t.b.Put(t.ctx, keys[i], strings.NewReader("x"), store.Condition{}) })
	t.put("kept", "x")
	slices.Sort(keys)
	t.lists("blk/", keys)
	require.NoError(t, t.b.Delete(t.ctx, keys...))
	t.lists("", []string{"kept"})
}

func (t *bucketTest) cancelled() {
	t.put("a", "old")
	ctx, cancel := context.WithCancel(t.ctx)
	cancel()
	_, _, err := t.b.Get(ctx, "a", 0, make([]byte, 3))
	t.is(err, context.Canceled)
	_, err = t.b.Stat(ctx, "a")
	t.is(err, context.Canceled)
	_, err = t.b.Put(ctx, "a", strings.NewReader("new"), store.Condition{})
	t.is(err, context.Canceled)
	t.is(t.b.Delete(ctx, "a"), context.Canceled)
	err = nil
	for _, err = range t.b.List(ctx, "") {
		require.Error(t, err)
	}
	t.is(err, context.Canceled)
	require.Equal(t, "old", t.read("a"))

	ctx, cancel = context.WithCancel(t.ctx) // in the midst of a body
	defer cancel()
	_, err = t.b.Put(ctx, "b", cancelling{pattern(t.caps.Big), cancel}, store.Condition{})
	require.ErrorIs(t, err, context.Canceled)
	t.gone("b")
}

// cancelling ends a context when its second half is read.
type cancelling struct {
	pattern
	cancel func()
}

func (c cancelling) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > c.Size()/2 {
		c.cancel()
	}
	return c.pattern.ReadAt(b, off)
}

// again: another client sees what was put.
func (t *bucketTest) again() {
	if t.caps.Again == nil {
		t.Skip("one client")
	}
	info := t.put("a", "1")
	other := &bucketTest{t.T, t.ctx, t.caps.Again(t.T, t.b), t.caps}
	require.Equal(t, "1", other.read("a"))
	stat, err := other.b.Stat(t.ctx, "a")
	require.NoError(t, err)
	require.Equal(t, info.Version, stat.Version)
	other.put("b", "2")
	t.lists("", []string{"a", "b"})
	require.NoError(t, other.b.Delete(t.ctx, "a"))
	t.gone("a")
}

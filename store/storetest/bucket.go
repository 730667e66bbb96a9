package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// Caps are what [TestBucket] asks for. The zero value is all that a [store.Bucket] is, in
// memory that is bounded.
type Caps struct {
	// Again opens another client of the same bucket; nil: what needs two is not asked for.
	Again func(t *testing.T, b store.Bucket) store.Bucket
	// Unconditional: a [store.Condition] is not kept against those who are faster.
	Unconditional bool
	// SameVersion: equal contents have equal versions, as the ETags of many services, so that an object that is
	// made again of the same bytes is not another one.
	SameVersion bool
	// BodyFirst: a body that fails is found out before an object that is there.
	BodyFirst bool
	// InMemory: objects are in this process's memory, so what a call needs of it says nothing.
	InMemory bool
	// Big is the size of the largest body; 0 is 64 MiB.
	Big int64
	// Many is how many objects are deleted at once; 0 is 2,500, more than one request of S3 takes.
	Many int
}

// TestBucket has a bucket do all that [store.Bucket] says. open makes an empty one, and has
// it closed and removed when its test ends.
func TestBucket(t *testing.T, open func(t *testing.T) store.Bucket, caps Caps) {
	if caps.Big == 0 {
		caps.Big = 64 << 20
	}
	if caps.Many == 0 {
		caps.Many = 2500
	}
	for _, test := range []struct {
		name string
		run  func(*bucketTest)
	}{
		{"Get", (*bucketTest).get}, {"Missing", (*bucketTest).missing}, {"Versions", (*bucketTest).versions},
		{"Bodies", (*bucketTest).bodies}, {"Big", (*bucketTest).big}, {"Keys", (*bucketTest).keys}, {"BadKeys", (*bucketTest).badKeys},
		{"List", (*bucketTest).list}, {"ListStops", (*bucketTest).listStops}, {"Delete", (*bucketTest).delete},
		{"DeleteMany", (*bucketTest).deleteMany}, {"Absent", (*bucketTest).absent}, {"Version", (*bucketTest).version},
		{"RaceAbsent", (*bucketTest).raceAbsent}, {"RaceVersion", (*bucketTest).raceVersion}, {"WholeOrNothing", (*bucketTest).wholeOrNothing},
		{"Cancelled", (*bucketTest).cancelled}, {"Again", (*bucketTest).again},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(&bucketTest{t, t.Context(), open(t), caps})
		})
	}
}

type bucketTest struct {
	*testing.T
	ctx  context.Context
	b    store.Bucket
	caps Caps
}

func (t *bucketTest) put(key, content string) store.Info {
	t.Helper()
	info, err := t.b.Put(t.ctx, key, strings.NewReader(content), store.Condition{})
	require.NoError(t, err)
	require.Equal(t, int64(len(content)), info.Size)
	require.NotEmpty(t, info.Version)
	return info
}

func (t *bucketTest) read(key string) string {
	t.Helper()
	dst := make([]byte, 1<<20)
	n, info, err := t.b.Get(t.ctx, key, 0, dst)
	require.NoError(t, err, "%q", key)
	require.Equal(t, info.Size, int64(n))
	return string(dst[:n])
}

func (t *bucketTest) gone(key string) {
	t.Helper()
	_, err := t.b.Stat(t.ctx, key)
	t.is(err, store.ErrMissing)
}

// is tells whether an error is the one that is wanted, and says where it happened.
func (t *bucketTest) is(err, want error) {
	t.Helper()
	require.ErrorIs(t, err, want)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, t.b.Address(), e.Address)
	require.NotEmpty(t, e.Op)
}

func (t *bucketTest) get() {
	info := t.put("a", "0123456789")
	require.False(t, info.Modified.IsZero())
	require.Equal(t, "0123456789", t.read("a"))
	for _, c := range []struct {
		off  int64
		len  int
		want string
	}{{0, 3, "012"}, {3, 4, "3456"}, {8, 9, "89"}, {9, 1, "9"}, {10, 4, ""}, {1 << 40, 4, ""}, {2, 0, ""}, {0, 10, "0123456789"}} {
		dst := bytes.Repeat([]byte{'x'}, c.len)
		n, got, err := t.b.Get(t.ctx, "a", c.off, dst)
		require.NoError(t, err, "%v", c)
		require.Equal(t, c.want, string(dst[:n]))
		require.Equal(t, strings.Repeat("x", c.len-n), string(dst[n:]))
		require.Equal(t, int64(10), got.Size, "%v", c)
		require.Equal(t, info.Version, got.Version)
	}
	stat, err := t.b.Stat(t.ctx, "a")
	require.NoError(t, err)
	require.Equal(t, int64(10), stat.Size)
	require.Equal(t, info.Version, stat.Version)
	require.Empty(t, stat.Key)
	require.True(t, stat.Modified.Equal(info.Modified) || stat.Modified.Sub(info.Modified).Abs() < 2e9)
	t.put("empty", "")
	require.Empty(t, t.read("empty"))
}

func (t *bucketTest) missing() {
	_, _, err := t.b.Get(t.ctx, "a/b", 0, make([]byte, 1))
	t.is(err, store.ErrMissing)
	_, _, err = t.b.Get(t.ctx, "a/b", 9, nil)
	t.is(err, store.ErrMissing)
	t.gone("a/b")
	require.NoError(t, t.b.Delete(t.ctx, "a/b", "c"))
	require.NoError(t, t.b.Delete(t.ctx))
	t.put("a/b/c", "x")
	t.gone("a/b")
	t.gone("a")
	t.gone("a/b/c/d")
}

// versions: no two contents one after the other have the same, also where they are equal,
// or made in the same moment.
func (t *bucketTest) versions() {
	seen := map[string]bool{}
	last := ""
	for i := range 60 {
		if i%4 == 3 {
			require.NoError(t, t.b.Delete(t.ctx, "lock"))
		}
		content := []string{"yes", "no!"}[i%2]
		version := t.put("lock", content).Version
		require.NotEqual(t, last, version)
		require.False(t, seen[version] && !t.caps.SameVersion, "version %s twice", version)
		seen[version], last = true, version
		require.Equal(t, content, t.read("lock"))
	}
}

// bodies of other kinds, and some that lie.
func (t *bucketTest) bodies() {
	long := strings.Repeat("0123456789", 100_000)
	_, err := t.b.Put(t.ctx, "a", bytes.NewReader([]byte(long)), store.Condition{})
	require.NoError(t, err)
	require.Equal(t, long, t.read("a"))
	read := bytes.NewReader([]byte(long)) // has been read already
	_, _ = read.Seek(77, io.SeekStart)
	_, err = t.b.Put(t.ctx, "a", read, store.Condition{})
	require.NoError(t, err)
	require.Equal(t, long, t.read("a"))
	_, err = t.b.Put(t.ctx, "a", io.NewSectionReader(strings.NewReader(long), 5, 10), store.Condition{})
	require.NoError(t, err)
	require.Equal(t, "5678901234", t.read("a"))
	for _, body := range []store.Body{lying{strings.NewReader("abc"), 5}, failing{}} {
		_, err = t.b.Put(t.ctx, "a", body, store.Condition{})
		require.Error(t, err)
		require.Equal(t, "5678901234", t.read("a"), "the old stays")
		_, err = t.b.Put(t.ctx, "b", body, store.Condition{})
		require.Error(t, err)
		t.gone("b")
	}
}

// lying says that it is longer than it is.
type lying struct {
	io.ReaderAt
	size int64
}

func (l lying) Size() int64 { return l.size }

type failing struct{}

func (failing) Size() int64                       { return 1 << 20 }
func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("body fails") }

// pattern is a long body that takes no memory.
type pattern int64

func (p pattern) Size() int64 { return int64(p) }

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(b)), int64(p)-off)))
	for i := range b[:n] {
		at := off + int64(i)
		b[i] = byte(at ^ at>>8 ^ at>>16 ^ at>>24)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (t *bucketTest) big() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body := pattern(t.caps.Big + 1)
	_, err := t.b.Put(t.ctx, "big", body, store.Condition{Absent: !t.caps.Unconditional})
	require.NoError(t, err)
	got, want := make([]byte, 1<<20), make([]byte, 1<<20)
	for off := int64(0); off < body.Size(); off += int64(len(got)) {
		n, info, err := t.b.Get(t.ctx, "big", off, got)
		require.NoError(t, err)
		require.Equal(t, body.Size(), info.Size)
		m, _ := body.ReadAt(want, off)
		require.True(t, bytes.Equal(want[:m], got[:n]), "at %d", off)
	}
	runtime.ReadMemStats(&after)
	if !t.caps.InMemory {
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(t.caps.Big/2))
	}
}

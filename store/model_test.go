package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// TestModel plays histories of writers and collectors at the same time, with calls that are lost, late
// and done twice, and processes that end in the middle. After each call that may break a map, all maps
// are read: each is what it was acknowledged to be, or what was being made of it without an answer. In the
// end, when everything has ended and was collected, nothing is left that no map needs.
//
// ROK_TEST_HISTORIES says how many, ROK_TEST_HISTORY which one is played.
func TestModel(t *testing.T) {
	first, count := uint64(1), uint64(800)
	if testing.Short() {
		count = 200
	}
	if n, err := strconv.ParseUint(os.Getenv("ROK_TEST_HISTORIES"), 10, 64); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("ROK_TEST_HISTORY"), 10, 64); err == nil {
		first, count = n, 1
	}
	total := &did{}
	for seed := first; seed < first+count; seed++ {
		play(t, seed, total, nil)
	}
	t.Logf("%+v", *total)
	if count > 100 {
		require.Positive(t, total.acknowledged)
		require.Positive(t, total.freed)
		require.Positive(t, total.rescued, "no history had a map that was published behind the mark")
		require.Positive(t, total.waited)
		require.Positive(t, total.copies, "no history put anew what was condemned")
		require.Positive(t, total.lost, "no history lost a lease")
	}
}

// The same on a directory, with fewer histories: it writes to a disk.
func TestModelDir(t *testing.T) {
	total, count := &did{}, uint64(30)
	if testing.Short() {
		count = 8
	}
	for seed := uint64(1); seed <= count; seed++ {
		d, err := store.NewDir(t.TempDir(), store.DirOptions{Create: true})
		require.NoError(t, err)
		play(t, seed, total, d)
		require.NoError(t, d.Close())
	}
	t.Logf("%+v", *total)
	require.Positive(t, total.acknowledged)
	require.Positive(t, total.freed)
}

// did counts what happened in all histories: a test in which nothing happens finds nothing.
type did struct{ acknowledged, removed, freed, rescued, waited, copies, lost, killed int64 }

// model is what is known of the maps.
type model struct {
	*world
	t     *testing.T
	seed  uint64
	did   *did
	check *store.Store // that the world does not see
	key   []byte

	maps map[string]*knowledge
}

// knowledge is what is known of a map: the contents that it may have. It is one, unless a change was not
// answered.
type knowledge struct {
	may     map[string]bool
	changes int // that were begun
	under   int // and have not ended
}

func (k *knowledge) only(content string) bool { return len(k.may) == 1 && k.may[content] }

// absent is the content of no map.
const absent = "-"

func play(t *testing.T, seed uint64, total *did, bucket store.Bucket) {
	w := newWorld(seed, seed%4 != 0, bucket)
	m := &model{world: w, t: t, seed: seed, did: total, maps: map[string]*knowledge{}}
	if seed%5 == 0 {
		m.key = bytes.Repeat([]byte{7}, 32)
	}
	var err error
	m.check, err = store.New(t.Context(), w.memory, store.Options{Create: true, Key: m.key})
	require.NoError(t, err)
	w.changed = m.verify
	for _, name := range []string{"a", "b", "c"}[:2+w.rng.IntN(2)] {
		m.writer(name, 3+w.rng.IntN(4))
	}
	for i := range 1 + w.rng.IntN(2) {
		m.collector(fmt.Sprint("gc", i), 2+w.rng.IntN(4))
	}
	require.NoError(t, w.run(), "history %d", seed)
	m.settle()
}

func (m *model) fatal(format string, args ...any) {
	m.t.Helper()
	trace := m.trace[max(0, len(m.trace)-300):]
	m.t.Fatalf("history %d: %s\n%s", m.seed, fmt.Sprintf(format, args...), strings.Join(trace, "\n"))
}

func (m *model) timing(a *actor) store.Timing {
	return store.Manual(store.Timing{TTL: m.ttl, Delay: delay, Margin: margin, Clock: a})
}

// expected reports whether an error is one that a program has to live with.
func (m *model) expected(err error) bool {
	for _, known := range []error{errKilled, errLost, store.ErrLeaseLost, store.ErrLocked, store.ErrExists, store.ErrChanged, store.ErrMissing} {
		if errors.Is(err, known) && !errors.Is(err, store.ErrCorrupt) {
			return true
		}
	}
	return false
}

// collector collects some times; when it is killed, another process goes on.
func (m *model) collector(name string, times int) {
	m.start(name, func(a *actor) {
		s, err := store.New(context.Background(), a, store.Options{Key: m.key})
		for range times {
			if err != nil || a.killed {
				break
			}
			<-a.After(time.Duration(a.rng.Int64N(int64(30 * time.Second))))
			c, err := s.Collect(context.Background(), store.CollectOptions{DryRun: a.rng.IntN(8) == 0, Timing: m.timing(a)})
			m.log(fmt.Sprintf("%s: collected %+v, %v", a.name, c, err))
			m.did.freed += c.Freed.Objects
			m.did.rescued += c.Rescued.Objects
			m.did.waited += int64(len(c.Waiting))
			var broken *store.MarkError
			if err != nil && (!m.expected(err) || errors.As(err, &broken) && !errors.Is(err, errLost) && !errors.Is(err, errKilled) && !errors.Is(err, store.ErrLeaseLost)) {
				m.errorf("%s: collect: %v", a.name, err)
			}
			times--
		}
		if a.killed && times > 0 {
			m.did.killed++
			m.collector(name+"'", times)
		}
	})
}

func (m *model) errorf(format string, args ...any) {
	m.log("FAULT " + fmt.Sprintf(format, args...))
	m.t.Errorf("history %d: %s\n%s", m.seed, fmt.Sprintf(format, args...), strings.Join(m.trace[max(0, len(m.trace)-200):], "\n"))
}

// verify reads all maps that there are.
func (m *model) verify() {
	there := map[string]bool{}
	for info, err := range m.check.Maps(context.Background(), "") {
		if err != nil {
			m.errorf("list: %v", err)
			return
		}
		there[info.Name] = true
		content, err := read(m.check, info.Name)
		if err != nil {
			m.errorf("map %s: %v", info.Name, err)
		} else if !m.maps[info.Name].may[content] {
			m.errorf("map %s is %q, may be %v", info.Name, content, m.maps[info.Name].may)
		}
	}
	for name, known := range m.maps {
		if !there[name] && !known.may[absent] {
			m.errorf("map %s is gone, may be %v", name, known.may)
		}
	}
	if m.t.Failed() {
		m.changed = func() {}
	}
}

// read is a map's content: a byte for each block.
func read(s *store.Store, name string) (string, error) {
	mp, _, err := s.OpenMap(context.Background(), name)
	if err != nil {
		return "", err
	}
	return contentOf(s, mp)
}

func contentOf(s maps.Getter, mp *maps.Map) (string, error) {
	content := bytes.Repeat([]byte{'0'}, int(mp.Blocks()))
	buf := make([]byte, 16)
	for e, err := range mp.Entries(context.Background(), s) {
		if err != nil {
			return "", err
		}
		n, err := s.Get(context.Background(), maps.Block, e.ID, buf)
		if err != nil || n != 1 {
			return "", fmt.Errorf("block %d, %d bytes: %w", e.Index, n, err)
		}
		content[e.Index] = buf[0]
	}
	return string(content), nil
}

// settle collects until nothing changes, when everybody has ended, and looks at what is left.
func (m *model) settle() {
	if m.t.Failed() {
		m.fatal("broken")
	}
	for round := 0; ; round++ {
		m.now = m.now.Add(time.Hour)
		c, err := m.check.Collect(context.Background(), store.CollectOptions{Timing: m.timing(&actor{w: m.world})})
		if err != nil {
			m.fatal("last collection: %v", err)
		}
		m.did.freed += c.Freed.Objects
		if c.Condemned.Objects == 0 && c.Freed.Objects == 0 {
			break
		}
		if round == 3 || len(c.Waiting) > 0 {
			m.fatal("collections do not end: %+v", c)
		}
	}
	m.verify()
	if m.t.Failed() {
		m.fatal("broken behind the last collection")
	}
	m.nothingElse()
}

// nothingElse looks for keys that no map needs.
func (m *model) nothingElse() {
	need := map[string]bool{}
	for info, err := range m.check.Maps(context.Background(), "") {
		require.NoError(m.t, err)
		mp, _, err := m.check.OpenMap(context.Background(), info.Name)
		require.NoError(m.t, err)
		for o, err := range mp.Objects(context.Background(), m.check, nil) {
			require.NoError(m.t, err)
			need[o.Kind.String()+o.ID.String()] = true
		}
	}
	objects := 0
	for info, err := range m.memory.List(context.Background(), "") {
		require.NoError(m.t, err)
		switch dir, _, _ := strings.Cut(info.Key, "/"); dir {
		case "blk", "node":
			objects++
		case "map", "store.json":
		case "gc":
			if info.Key != "gc/epoch" {
				m.fatal("left over: %s", info.Key)
			}
		default:
			m.fatal("left over: %s", info.Key)
		}
	}
	if objects != len(need) {
		m.fatal("%d objects are left, maps need %d", objects, len(need))
	}
}

// contents

func (a *actor) content() string {
	n := 1 + a.rng.IntN(40)
	b := bytes.Repeat([]byte{'0'}, n)
	for i := range b {
		if a.rng.IntN(3) == 0 {
			b[i] = byte('a' + a.rng.IntN(6))
		}
	}
	return string(b)
}

func (a *actor) shape(content string) maps.Shape {
	s := maps.Shape{Version: 3 + a.rng.IntN(2), BlockSize: maps.MinBlockSize}
	if s.Version == 4 && a.rng.IntN(4) > 0 {
		s.Degree = 16
	}
	s.Size = maps.MinBlockSize * units(len(content))
	return s
}

// changes are what makes one content of another.
func changes(from, to string) iter.Seq2[maps.Change, error] {
	return func(yield func(maps.Change, error) bool) {
		for i := range to {
			if i < len(from) && from[i] == to[i] || i >= len(from) && to[i] == '0' {
				continue
			}
			if !yield(maps.Change{Index: uint64(i), ID: blockID(to[i])}, nil) {
				return
			}
		}
	}
}

func blockID(b byte) maps.ID {
	if b == '0' {
		return maps.ID{}
	}
	return maps.SHA256.Sum([]byte{b})
}

package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
)

// What this program does instead of its tests, and with which store.
const (
	roleVariable = "ROK_TEST_ROLE"
	pathVariable = "ROK_TEST_STORE"
)

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(role, bolt.Open(os.Getenv(pathVariable), bolt.Options{})); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func play(role string, s *bolt.Store) error {
	ctx := context.Background()
	switch role {
	case "count": // up for ever, each number printed when it is kept
		for {
			n, err := countUp(ctx, s)
			if err != nil {
				return err
			}
			fmt.Println(n)
		}
	case "limit": // writes until a file may not grow
		limit := unix.Rlimit{Cur: 256 << 10, Max: 256 << 10}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		for i := range 1000 {
			_, err := s.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Put(fmt.Sprint("k", i), make([]byte, 4000)), kv.Put("last", []byte(fmt.Sprint(i)))}})
			if err != nil && !errors.Is(err, kv.ErrUnreachable) && !errors.Is(err, kv.ErrDamaged) {
				return nil // and known not to be done
			}
			if err != nil {
				return err
			}
			fmt.Println(i)
		}
		return errors.New("the file grew without end")
	case "watch":
		for events, err := range s.Watch(ctx, "", 0) {
			if err != nil {
				return err
			}
			fmt.Println(string(events[len(events)-1].Value))
		}
	}
	return nil
}

// countUp adds one to a number of 10 keys at once.
func countUp(ctx context.Context, s *bolt.Store) (int, error) {
	for {
		e, err := s.Get(ctx, "n0")
		if err != nil {
			return 0, err
		}
		n, _ := strconv.Atoi(string(e.Value))
		txn := kv.Txn{If: []kv.Compare{{Key: "n0", Modified: e.Modified}}}
		for i := range 10 {
			txn.Then = append(txn.Then, kv.Put(fmt.Sprint("n", i), []byte(strconv.Itoa(n+1))))
		}
		r, err := s.Txn(ctx, txn)
		if err != nil || r.Succeeded {
			return n + 1, err
		}
	}
}

type process struct {
	*exec.Cmd
	out   *bufio.Scanner
	lines []string
}

func start(t *testing.T, role, path string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self)}
	p.Env = append(os.Environ(), roleVariable+"="+role, pathVariable+"="+path)
	var out io.Reader
	out, err = p.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewScanner(out)
	require.NoError(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	return p
}

// read reads n lines.
func (p *process) read(n int) bool {
	for range n {
		if !p.out.Scan() {
			return false
		}
		p.lines = append(p.lines, p.out.Text())
	}
	return true
}

func (p *process) number(t *testing.T) int {
	n, err := strconv.Atoi(p.lines[len(p.lines)-1])
	require.NoError(t, err, strings.Join(p.lines, "\n"))
	return n
}

// Processes are killed in the middle of writes: nothing that was confirmed is lost, and nothing is half done.
func TestKilled(t *testing.T) {
	p := path(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := bolt.Open(p, bolt.Options{})
	for range 15 {
		a, b := start(t, "count", p), start(t, "count", p)
		require.True(t, a.read(1) && b.read(1))
		timer := time.NewTimer(time.Duration(random.IntN(20_000)) * time.Microsecond)
		<-timer.C
		require.NoError(t, a.Process.Kill())
		for a.read(1) {
		}
		confirmed := a.number(t)
		require.True(t, b.read(3), "the other goes on: %s", b.lines)
		require.NoError(t, b.Process.Kill())
		for b.read(1) {
		}
		confirmed = max(confirmed, b.number(t))
		l, err := s.List(t.Context(), "n")
		require.NoError(t, err)
		require.Len(t, l.Entries, 10)
		for _, e := range l.Entries {
			require.Equal(t, l.Entries[0].Value, e.Value, "all of a transaction, or nothing")
		}
		n, err := strconv.Atoi(string(l.Entries[0].Value))
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, confirmed)
		require.EqualValues(t, n, l.Revision)
	}
}

// A file that may not grow is an error that says so, and the store is as it was.
func TestFileLimit(t *testing.T) {
	p := path(t)
	child := start(t, "limit", p)
	for child.read(1) {
	}
	require.NoError(t, child.Wait(), child.lines)
	last := child.number(t)
	s := bolt.Open(p, bolt.Options{})
	e, err := s.Get(t.Context(), "last")
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(last), string(e.Value))
	l, err := s.List(t.Context(), "k")
	require.NoError(t, err)
	require.Len(t, l.Entries, last+1)
	put(t, s, "a", "there is room again")
}

// A watch in one process hears of what another writes.
func TestWatchOfAnotherProcess(t *testing.T) {
	p := path(t)
	w := start(t, "watch", p)
	s := bolt.Open(p, bolt.Options{})
	for i := range 5 {
		put(t, s, "a", strconv.Itoa(i))
		require.True(t, w.read(1))
		require.Equal(t, i, w.number(t))
	}
}

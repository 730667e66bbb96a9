package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
)

// asDaemon has the test's binary be a daemon in that directory: for tests that kill it.
const asDaemon = "ROK_TEST_AS_DAEMON"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asDaemon); dir != "" {
		fmt.Fprintln(os.Stderr, daemonIn(dir, os.Getenv("ROK_TEST_STUCK") != ""))
		os.Exit(1)
	}
	if socket := os.Getenv(asClient); socket != "" {
		os.Exit(clientOf(socket))
	}
	os.Exit(m.Run())
}

// stuck brings up one block in four, and answers for half of these.
type stuck struct {
	store.Bucket
	mu sync.Mutex
	n  int // calls
}

func (s *stuck) Put(ctx context.Context, key string, body store.Body, c store.Condition) (store.Info, error) {
	if !strings.HasPrefix(key, "blk/") {
		return s.Bucket.Put(ctx, key, body, c)
	}
	s.mu.Lock()
	s.n++
	n := s.n
	s.mu.Unlock()
	if n%4 == 1 {
		if info, err := s.Bucket.Put(ctx, key, body, c); n%8 == 1 || err != nil {
			return info, err
		}
	}
	<-ctx.Done()
	return store.Info{}, ctx.Err()
}

func daemonIn(dir string, hangs bool) error {
	ctx := context.Background()
	d, err := store.NewDir(filepath.Join(dir, "above"), store.DirOptions{Create: true})
	if err != nil {
		return err
	}
	var above store.Bucket = d
	if hangs {
		above = &stuck{Bucket: d}
	}
	j, err := daemon.OpenJournal(ctx, above, daemon.JournalConfig{Dir: filepath.Join(dir, "journal"), Workers: 40})
	if err != nil {
		return err
	}
	l, err := daemon.Listen(filepath.Join(dir, "s"), 0o600)
	if err != nil {
		return err
	}
	return daemon.Serve(ctx, l, daemon.Config{Bucket: j, Spool: dir})
}

// start starts a daemon as a process, and waits until it answers.
func start(t *testing.T, dir string, env ...string) (*exec.Cmd, *daemon.Client) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(self)
	c.Env = append([]string{asDaemon + "=" + dir}, env...)
	var said strings.Builder
	c.Stderr = &said
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for deadline := time.Now().Add(time.Minute); ; {
		client, err := daemon.Dial(t.Context(), filepath.Join(dir, "s"))
		if err == nil {
			t.Cleanup(func() { _ = client.Close() })
			return c, client
		}
		if time.Now().After(deadline) {
			t.Fatal(err, said.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// What was accepted is there after a kill, whenever that comes; a map that was stored names only blocks that are up.
func TestKilledDaemon(t *testing.T) {
	dir := t.TempDir()
	accepted := map[string]string{}
	for round := range 4 {
		process, c := start(t, dir, "ROK_TEST_STUCK=1")
		var mu sync.Mutex
		var wait sync.WaitGroup
		for i := range 12 {
			wait.Go(func() {
				key := fmt.Sprintf("blk/%02x/%d", i, round*100+i)
				text := strings.Repeat(key+" ", 10_000)
				_, err := c.Put(t.Context(), key, strings.NewReader(text), store.Condition{})
				if err == nil {
					mu.Lock()
					accepted[key] = text
					mu.Unlock()
				} else if !errors.Is(err, store.ErrUnreachable) {
					t.Error(err)
				}
			})
		}
		if round%2 == 0 { // all accepted, few up
			wait.Wait()
			require.Contains(t, accepted, fmt.Sprintf("blk/%02x/%d", 11, round*100+11))
		}
		require.NoError(t, process.Process.Kill())
		_ = process.Wait()
		wait.Wait()
	}
	require.GreaterOrEqual(t, len(accepted), 24)
	_, c := start(t, dir)
	for key, text := range accepted { // also while they go up
		got := make([]byte, len(text)+1)
		n, _, err := c.Get(t.Context(), key, 0, got)
		require.NoError(t, err)
		require.True(t, text == string(got[:n]))
	}
	_, err := c.Put(t.Context(), "map/x", strings.NewReader("names them"), store.Condition{Absent: true})
	require.NoError(t, err)
	above, err := store.NewDir(filepath.Join(dir, "above"), store.DirOptions{})
	require.NoError(t, err)
	defer above.Close()
	for key, text := range accepted {
		info, err := above.Stat(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, int64(len(text)), info.Size)
	}
	left, err := store.NewDir(filepath.Join(dir, "journal", "objects"), store.DirOptions{})
	require.NoError(t, err)
	defer left.Close()
	for info, err := range left.List(t.Context(), "") {
		t.Error("left in the journal:", info.Key, err)
	}
}

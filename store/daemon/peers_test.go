package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

// asClient has the test's binary be a client of the daemon at that socket: for tests of users.
const asClient = "ROK_TEST_AS_CLIENT"

// clientOf puts an object, and returns what to exit with.
func clientOf(socket string) int {
	ctx := context.Background()
	c, err := daemon.Dial(ctx, socket)
	if err == nil {
		_, err = c.Put(ctx, "a", strings.NewReader("mine"), store.Condition{})
		err = errors.Join(err, c.Close())
	}
	fmt.Println(err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, store.ErrDenied):
		return 3
	}
	return 1
}

// strangers skips the test where nobody else can be had.
func strangers(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be other users")
	}
}

// as is the test's binary as a process of that user and that group, which have no name. The way to the binary may be closed to
// them, so that it is not taken.
func as(t *testing.T, uid, gid uint32, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), "/proc/self/exe")
	c.Env, c.Dir = env, "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	return c
}

// open is a directory that all can go through.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rok-peers-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	for up := dir; up != "/"; up = filepath.Dir(up) {
		info, err := os.Stat(up)
		require.NoError(t, err)
		if info.Mode()&0o001 == 0 {
			t.Skipf("%s is closed to other users", up)
		}
	}
	return dir
}

const (
	stranger  = 60_001
	neighbour = 60_002
	group     = 60_003
)

// Who connects must be let through by the socket's mode, and be named: each alone is not enough.
func TestOtherUsers(t *testing.T) {
	strangers(t)
	for _, test := range []struct {
		name     string
		mode     os.FileMode
		allow    []int
		uid, gid uint32
		said     string // "": it is served
	}{
		{"nobody is named", 0o666, nil, stranger, stranger, "user 60001 may not use this daemon"},
		{"another is named", 0o666, []int{neighbour}, stranger, stranger, "user 60001 may not use this daemon"},
		{"it is named", 0o666, []int{neighbour, stranger}, stranger, stranger, ""},
		{"it is named, the mode is closed", 0o660, []int{stranger}, stranger, stranger, "permission denied"},
		{"it is named, the group is let through", 0o660, []int{stranger}, stranger, group, ""},
		{"the group is let through", 0o660, nil, stranger, group, "user 60001 may not use this daemon"},
		{"root in another group", 0o600, nil, 0, stranger, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(open(t), "s")
			l, err := daemon.Listen(path, test.mode)
			require.NoError(t, err)
			require.NoError(t, os.Chown(path, -1, group))
			memory, refused := &storetest.Memory{}, make(chan error, 1)
			serveOn(t, l, daemon.Config{Bucket: memory, Allow: test.allow, Watch: func(s daemon.Served) {
				if s.Op == "refused" {
					refused <- s.Err
				}
			}})
			out, err := as(t, test.uid, test.gid, asClient+"="+path).CombinedOutput()
			_, missing := memory.Stat(t.Context(), "a")
			if test.said == "" {
				require.NoError(t, err, string(out))
				require.NoError(t, missing)
				return
			}
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, string(out))
			require.Equal(t, 3, exit.ExitCode(), string(out))
			require.Contains(t, string(out), test.said)
			require.ErrorIs(t, missing, store.ErrMissing)
			if strings.HasPrefix(test.said, "user") {
				require.ErrorContains(t, <-refused, test.said)
			}
		})
	}
}

// A daemon that is not root's serves its own user and root.
func TestDaemonOfAnotherUser(t *testing.T) {
	strangers(t)
	dir := open(t)
	require.NoError(t, os.Chown(dir, stranger, stranger))
	d := as(t, stranger, stranger, asDaemon+"="+dir)
	require.NoError(t, d.Start())
	t.Cleanup(func() { _ = d.Process.Kill(); _ = d.Wait() })
	path := filepath.Join(dir, "s")
	require.Eventually(t, func() bool { // for root
		c, err := daemon.Dial(t.Context(), path)
		return err == nil && c.Close() == nil
	}, time.Minute, 5*time.Millisecond)
	out, err := as(t, stranger, group, asClient+"="+path).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.Chmod(path, 0o666))
	out, err = as(t, neighbour, stranger, asClient+"="+path).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "user 60002 may not use this daemon")
}

// serveOn serves until the test's end.
func serveOn(t *testing.T, l net.Listener, c daemon.Config) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- daemon.Serve(ctx, l, c) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

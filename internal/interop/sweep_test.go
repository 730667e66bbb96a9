package interop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
)

func TestMain(m *testing.M) {
	if err := sweep(os.TempDir()); err != nil {
		fmt.Fprintf(os.Stderr, "interop: remove what a killed run left: %v\n", err)
		os.Exit(1)
	}
	testenv.Main(m)
}

// own begins the names of the directories of this package's tests. The number of
// the process follows.
const own = testenv.Prefix + "interop-"

// newFolder makes a directory that is removed with the test, or by the next run
// where the test was killed.
func newFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", own+strconv.Itoa(os.Getpid())+"-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// sweep removes the directories of processes that are no more. Their loop devices
// have gone with them, and so have their mounts.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, own+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), own), "-")
		if _, err := os.Stat("/proc/" + pid); pid == "" || err == nil {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, own+strconv.Itoa(os.Getpid())+"-1")
	left := filepath.Join(dir, own+"999999999-2") // more than PID_MAX_LIMIT
	other := filepath.Join(dir, testenv.Prefix+"999999999")
	for _, d := range []string{mine, left, other} {
		require.NoError(t, os.MkdirAll(filepath.Join(d, "x"), 0o700))
	}
	require.NoError(t, sweep(dir))
	require.DirExists(t, mine)
	require.NoDirExists(t, left)
	require.DirExists(t, other)
}

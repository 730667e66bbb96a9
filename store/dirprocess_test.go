package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/store"
)

// childJob and childDir have this program do something in a directory, as another process.
const (
	childJob = "ROK_TEST_DIR_JOB"
	childDir = "ROK_TEST_DIR"
)

// child is this program as another process, that does a job in a directory.
func child(t *testing.T, job, dir string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^TestDirChild$", "-test.count=1")
	c.Env = append(os.Environ(), childJob+"="+job, childDir+"="+dir)
	return c
}

// TestDirChild is what other processes do. They are started by the tests below.
func TestDirChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	switch os.Getenv(childJob) {
	case "write":
		childWrites(t, dir)
	case "count":
		childCounts(t, dir)
	case "full":
		childFills(t, dir)
	}
}

// content is that of the n-th state of an object: it says its number, and is not short.
func content(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%08d", n), 20_000+n%7) }

func stateOf(b []byte) int {
	n, err := strconv.Atoi(string(b[:min(8, len(b))]))
	if err != nil || !bytes.Equal(b, content(n)) {
		return -1
	}
	return n
}

// childWrites replaces map/x and makes blocks for ever, and says what is done.
func childWrites(t *testing.T, dir string) {
	d := openDir(t, dir)
	ctx := context.Background()
	n := 0
	if info, err := d.Stat(ctx, "map/x"); err == nil {
		b := make([]byte, info.Size)
		_, _, err := d.Get(ctx, "map/x", 0, b)
		require.NoError(t, err)
		n = stateOf(b)
	}
	for ; ; n++ {
		key := fmt.Sprintf("blk/%02x/%d", n%5, n)
		_, err := d.Put(ctx, key, bytes.NewReader(content(n)), store.Condition{Absent: true})
		if !errors.Is(err, store.ErrExists) {
			require.NoError(t, err)
		}
		_, err = d.Put(ctx, "map/x", bytes.NewReader(content(n)), store.Condition{})
		require.NoError(t, err)
		fmt.Println("done", n)
	}
}

// Writers are killed at any moment: each object is whole, what was said to be done is there, and of what was being
// written nothing stays when the next begins.
func TestDirKilled(t *testing.T) {
	dir := t.TempDir()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	last := -1
	for range 12 {
		c := child(t, "write", dir)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		lines := bufio.NewScanner(out)
		for more := 1 + random.IntN(4); more > 0 && lines.Scan(); more-- {
			_, err := fmt.Sscanf(lines.Text(), "done %d", &last)
			require.NoError(t, err, lines.Text())
		}
		timer := time.NewTimer(time.Duration(random.IntN(8000)) * time.Microsecond)
		<-timer.C
		require.NoError(t, c.Process.Kill())
		for lines.Scan() {
			_, _ = fmt.Sscanf(lines.Text(), "done %d", &last)
		}
		require.Error(t, c.Wait())

		d := openDir(t, dir)
		found := 0
		for info, err := range d.List(t.Context(), "") {
			require.NoError(t, err)
			b := make([]byte, info.Size)
			_, _, err = d.Get(t.Context(), info.Key, 0, b)
			require.NoError(t, err)
			n := stateOf(b)
			require.GreaterOrEqual(t, n, 0, info.Key)
			if info.Key == "map/x" {
				require.GreaterOrEqual(t, n, last)
			} else {
				require.Equal(t, strconv.Itoa(n), filepath.Base(info.Key))
				found++
			}
		}
		require.GreaterOrEqual(t, found, last+1)
		require.NoError(t, d.Close())
	}
	d := openDir(t, dir)
	_, err := d.Put(t.Context(), "x", strings.NewReader(""), store.Condition{})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.Empty(t, temporary(t, dir))
}

func temporary(t *testing.T, dir string) []string {
	names, err := filepath.Glob(filepath.Join(dir, "@tmp", "*"))
	require.NoError(t, err)
	return names
}

const counts = 25

func childCounts(t *testing.T, dir string) {
	d, ctx := openDir(t, dir), context.Background()
	for done := 0; done < counts; {
		b := make([]byte, 20)
		n, info, err := d.Get(ctx, "n", 0, b)
		require.NoError(t, err)
		count, err := strconv.Atoi(string(b[:n]))
		require.NoError(t, err)
		_, err = d.Put(ctx, "n", strings.NewReader(strconv.Itoa(count+1)), store.Condition{Version: info.Version})
		if err == nil {
			done++
			_, err = d.Put(ctx, fmt.Sprint("won/", count), strings.NewReader("x"), store.Condition{Absent: true})
			require.NoError(t, err, "two have made one step")
			continue
		}
		require.ErrorIs(t, err, store.ErrChanged)
	}
}

// Processes count in one object, and none of their steps is lost.
func TestDirOfManyProcesses(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	_, err := d.Put(t.Context(), "n", strings.NewReader("0"), store.Condition{})
	require.NoError(t, err)
	var children []*exec.Cmd
	for range 4 {
		c := child(t, "count", dir)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		require.NoError(t, c.Start())
		children = append(children, c)
	}
	for _, c := range children {
		require.NoError(t, c.Wait(), "%s", c.Stdout)
	}
	b := make([]byte, 20)
	n, _, err := d.Get(t.Context(), "n", 0, b)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(4*counts), string(b[:n]))
	require.NoError(t, d.Close())
	require.Empty(t, temporary(t, dir))
}

// TestDirFull has a file system without space, in name spaces of its own, where the system allows them.
func TestDirFull(t *testing.T) {
	c := child(t, "full", t.TempDir())
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := c.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		t.Skipf("no user name spaces here: %v", err)
	}
	require.NoError(t, err, "%s", out)
	if bytes.Contains(out, []byte("cannot mount")) {
		t.Skipf("%s", out)
	}
}

func childFills(t *testing.T, dir string) {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		fmt.Println("cannot mount:", err)
		return
	}
	d, ctx := openDir(t, dir), context.Background()
	_, err := d.Put(ctx, "map/x", strings.NewReader("old"), store.Condition{})
	require.NoError(t, err)
	for _, body := range []store.Body{bytes.NewReader(make([]byte, 2<<20)), io.NewSectionReader(zeros{}, 0, 2<<20)} {
		for _, key := range []string{"map/x", "map/y"} {
			_, err = d.Put(ctx, key, body, store.Condition{})
			require.ErrorIs(t, err, store.ErrNoSpace)
		}
	}
	b := make([]byte, 9)
	n, _, err := d.Get(ctx, "map/x", 0, b)
	require.NoError(t, err)
	require.Equal(t, "old", string(b[:n]))
	_, err = d.Stat(ctx, "map/y")
	require.ErrorIs(t, err, store.ErrMissing)
	require.Len(t, temporary(t, dir), 1, "its lock")
	_, err = d.Put(ctx, "map/y", bytes.NewReader(make([]byte, 900<<10)), store.Condition{})
	require.NoError(t, err, "all of the space is there again")

	require.NoError(t, d.Close())

	require.NoError(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	reader, err := store.NewDir(dir, store.DirOptions{})
	require.NoError(t, err)
	_, err = reader.Put(ctx, "map/x", strings.NewReader("new"), store.Condition{})
	require.ErrorIs(t, err, store.ErrDenied)
	require.ErrorIs(t, reader.Delete(ctx, "map/x"), store.ErrDenied)
	_, _, err = reader.Get(ctx, "map/x", 0, b)
	require.NoError(t, err)
	info, err := reader.Stat(ctx, "map/x")
	require.NoError(t, err)
	require.Equal(t, int64(3), info.Size)
	found := 0
	for _, err := range reader.List(ctx, "") {
		require.NoError(t, err)
		found++
	}
	require.Equal(t, 2, found)
	require.NoError(t, reader.Close())
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

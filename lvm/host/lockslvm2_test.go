package host_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// waiters counts who waits for the lock file at path, in the kernel's table.
func waiters(t testing.TB, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	table, err := os.ReadFile("/proc/locks")
	require.NoError(t, err)
	n := 0
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, "->") && strings.Contains(line, fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)) {
			n++
		}
	}
	return n
}

func waitUntil(t testing.TB, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, 20*time.Second, 2*time.Millisecond, what)
}

// lvm2 waits while rok holds a VG, and goes on when rok is done.
func TestLvm2WaitsForRok(t *testing.T) {
	m := newMachine(t, 1)
	m.configure("backup { backup=0 archive=0 }")
	m.lvm("vgcreate", "vg", m.disks[0])
	h := m.host()
	path := filepath.Join(m.run, "lock/lvm/V_vg")
	tests := []struct {
		name string
		lock host.LockRequest
		cmd  []string
		path string
	}{
		{"a writer for a writer", exclusive("vg"), []string{"vgchange", "--addtag", "a", "vg"}, path},
		{"a writer for a reader", shared("vg"), []string{"vgchange", "--addtag", "b", "vg"}, path},
		{"a reader for a writer", exclusive("vg"), []string{"vgs", "vg"}, path},
		{"global", global(host.Shared), []string{"pvcreate", "-ff", "-y", "/dev/roktest-none"}, filepath.Join(m.run, "lock/lvm/P_global")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			held, err := h.Lock(t.Context(), tt.lock)
			require.NoError(t, err)
			cmd := m.command(tt.cmd[0], tt.cmd[1:]...)
			require.NoError(t, cmd.Start())
			waitUntil(t, "lvm2 waits", func() bool { return waiters(t, tt.path) == 1 })
			require.NoError(t, held.Unlock())
			err = cmd.Wait()
			if tt.name != "global" { // which then finds no device
				require.NoError(t, err)
			}
			require.Empty(t, files(t, filepath.Dir(path)))
		})
	}
	require.Equal(t, []string{"a,b"}, m.report("vgs", "-o", "vg_tags", "vg"))
	held, err := h.Lock(t.Context(), shared("vg"))
	require.NoError(t, err)
	require.Equal(t, []string{"vg"}, m.report("vgs", "-o", "vg_name", "vg"), "readers together")
	require.NoError(t, held.Unlock())
}

// rok waits while lvm2 holds a VG, says who holds it, and has it when lvm2 is
// killed.
func TestRokWaitsForLvm2(t *testing.T) {
	m := newMachine(t, 1)
	m.lvm("vgcreate", "a", m.disks[0])
	h := m.host()
	locks := filepath.Join(m.run, "lock/lvm")
	// vgrename has the global lock and "a", and wants "b".
	b, err := h.Lock(t.Context(), exclusive("b"))
	require.NoError(t, err)
	cmd := m.command("vgrename", "a", "b")
	require.NoError(t, cmd.Start())
	waitUntil(t, "vgrename waits", func() bool { return waiters(t, filepath.Join(locks, "V_b")) == 1 })
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))

	for _, r := range []host.LockRequest{exclusive("a"), shared("a"), global(host.Shared), exclusive("a", "c")} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := h.Lock(ctx, r)
		cancel()
		e := new(host.LockError)
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []host.Holder{{PID: cmd.Process.Pid, Comm: "lvm", Mode: host.Exclusive}}, e.Holders)
		require.Contains(t, err.Error(), "held by lvm ("+strconv.Itoa(cmd.Process.Pid)+"): ")
	}

	got := make(chan error, 1)
	go func() {
		l, err := h.Lock(t.Context(), host.LockRequest{Global: host.Exclusive, VGs: []string{"a"}, Mode: host.Exclusive})
		if err == nil {
			err = l.Unlock()
		}
		got <- err
	}()
	time.Sleep(20 * time.Millisecond)
	require.Empty(t, got)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.NoError(t, <-got)
	require.NoError(t, b.Unlock())
	m.lvm("vgrename", "a", "b")
	require.Empty(t, files(t, locks))
}

// TestHelperLock is no test: it is the process of another rok that locks.
func TestHelperLock(t *testing.T) {
	dir, times := os.Getenv("ROKTEST_LOCKS"), os.Getenv("ROKTEST_TIMES")
	if dir == "" {
		t.Skip("is run by other tests, as a process of its own")
	}
	n, err := strconv.Atoi(times)
	require.NoError(t, err)
	above := filepath.Dir(dir) // no directory of its own, which stays when it is killed
	h, err := host.Open(&host.Config{Etc: above, Run: above, Locks: dir})
	require.NoError(t, err)
	for range n {
		require.NoError(t, count(t.Context(), h, filepath.Join(above, "counter"), nil))
	}
}

// count adds one to the number in a file, under a VG's lock.
func count(ctx context.Context, h *host.Host, path string, meanwhile func() error) error {
	l, err := h.Lock(ctx, exclusive("vg"))
	if err != nil {
		return err
	}
	defer l.Unlock()
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	if meanwhile != nil {
		if err := meanwhile(); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(n+1)), 0o600); err != nil {
		return err
	}
	return l.Unlock()
}

// killedHelper is another rok that is killed while it locks.
func killedHelper(t *testing.T, locks string) {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestHelperLock$")
	cmd.Env = append(os.Environ(), "ROKTEST_LOCKS="+locks, "ROKTEST_TIMES=1000000")
	require.NoError(t, cmd.Start())
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
}

// 200 lockers of both kinds at once. rok's count in a file. lvm2's change the
// VG; while rok has the lock, the metadata does not change, and no change of
// lvm2's is lost.
func TestLvm2AndRokTogether(t *testing.T) {
	m := newMachine(t, 1)
	m.configure("backup { backup=0 archive=0 }")
	m.lvm("vgcreate", "vg", m.disks[0])
	locks := filepath.Join(m.run, "lock/lvm")
	counter := filepath.Join(m.run, "lock/counter")
	require.NoError(t, os.WriteFile(counter, []byte("0"), 0o600))
	h := m.host()
	disk, err := os.Open(m.disks[0])
	require.NoError(t, err)
	defer disk.Close()
	// lvm2 writes past the page cache of the device.
	header := func() (string, error) {
		b := make([]byte, 512)
		if err := drop(disk); err != nil {
			return "", err
		}
		_, err := disk.ReadAt(b, 4096)
		return string(b), err
	}
	const each, inProcess, processes = 100, 80, 20
	var all sync.WaitGroup
	for i := range each {
		all.Go(func() {
			if _, err := m.try("vgchange", "--addtag", fmt.Sprintf("t%d", i), "vg"); err != nil {
				t.Error(err)
			}
		})
	}
	for range inProcess {
		all.Go(func() {
			err := count(t.Context(), h, counter, func() error {
				before, err := header()
				if err != nil {
					return err
				}
				time.Sleep(2 * time.Millisecond)
				after, err := header()
				if before != after {
					t.Error("lvm2 wrote while rok had the lock")
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range processes {
		all.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestHelperLock$")
			cmd.Env = append(os.Environ(), "ROKTEST_LOCKS="+locks, "ROKTEST_TIMES=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	text, err := os.ReadFile(counter)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(inProcess+processes), string(text))
	require.Equal(t, []string{strconv.Itoa(1 + each)}, m.report("vgs", "-o", "vg_seqno", "vg"))
	require.Len(t, strings.Split(m.report("vgs", "-o", "vg_tags", "vg")[0], ","), each)
	require.Empty(t, files(t, locks))
}

// A killed rok leaves no lock, though its files may stay.
func TestKilledRok(t *testing.T) {
	h, dir := plain(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "lock/lvm"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lock/counter"), []byte("0"), 0o600))
	for range 3 {
		killedHelper(t, filepath.Join(dir, "lock/lvm"))
		l, err := h.Lock(t.Context(), exclusive("vg"))
		require.NoError(t, err)
		require.NoError(t, l.Unlock())
		require.NoError(t, os.WriteFile(filepath.Join(dir, "lock/counter"), []byte("0"), 0o600))
	}
	require.Empty(t, files(t, filepath.Join(dir, "lock/lvm")))
}

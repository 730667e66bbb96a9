package vm

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Tests called TestMachine boot one. ROK_MACHINE names the kernel, and says that
// it must be there; without it they take user-mode Linux, and skip without that.

// runner is the static binary of cmd/vmrun, built once: the test's own binary is
// dynamic, or built with -race, which user-mode Linux cannot run.
var runner string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "vm-test-")
	if err != nil {
		panic(err)
	}
	runner = filepath.Join(dir, "vmrun")
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func machineConfig(t *testing.T, command ...string) *Config {
	t.Helper()
	name, must := os.LookupEnv("ROK_MACHINE")
	if !must {
		name = UML
	}
	kernel, err := Find(name, "../../.cache/vm")
	if err != nil && !must {
		t.Skip(err)
	}
	require.NoError(t, err)
	if _, err := os.Stat(runner); err != nil {
		build := exec.Command("go", "build", "-o", runner, "../../cmd/vmrun")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return &Config{
		Kernel:  kernel,
		Command: command,
		Dir:     t.TempDir(),
		Env:     []string{"PATH=" + os.Getenv("PATH"), "MARK=a mark"},
		Timeout: 2 * time.Minute,
		Runner:  runner,
	}
}

// inMachine runs the command and returns its status and what it wrote.
func inMachine(t *testing.T, cfg *Config) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cfg.Stdout, cfg.Stderr = &out, &errs
	status, err := Run(t.Context(), cfg)
	if failure := (*Failure)(nil); errors.As(err, &failure) {
		t.Fatalf("%v\n%s", err, failure.Console)
	}
	require.NoError(t, err)
	return status, out.String(), errs.String()
}

// The kernel runs nothing for a uevent.
func TestMachineUeventHelper(t *testing.T) {
	status, out, errs := inMachine(t, machineConfig(t, "sh", "-c", "cat /sys/kernel/uevent_helper || [ ! -e /sys/kernel/uevent_helper ]"))
	require.Zero(t, status, errs)
	require.Empty(t, strings.TrimSpace(out))
}

func TestMachineCommand(t *testing.T) {
	cfg := machineConfig(t, "sh", "-c", `
		echo "$MARK, $VMRUN, $VMRUN_KERNEL, $(pwd), $(cat testdata), $(cat)"
		case $TMPDIR in $PWD*) exit 1;; esac
		[ -d "$TMPDIR" ] && [ -z "$(ls "$TMPDIR")" ] || exit 2
		[ -c /dev/mapper/control ] && [ -c /dev/loop-control ] || exit 3
		[ -t 1 ] && exit 4
		echo apart >&2
		exit 7`)
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "testdata"), []byte("data"), 0o600))
	status, stdout, stderr := inMachine(t, cfg)
	require.Equal(t, fmt.Sprintf("a mark, 1, %s, %s, data, \n", cfg.Kernel.Name, cfg.Dir), stdout)
	require.Equal(t, "apart\n", stderr)
	require.Equal(t, 7, status)
}

// Every byte comes through, whatever a terminal would make of it, and an orphan
// that holds the pipe does not hold the machine.
func TestMachineStdout(t *testing.T) {
	const size = 4 << 20
	data := make([]byte, size)
	_, err := rand.Read(data)
	require.NoError(t, err)
	cfg := machineConfig(t, "sh", "-c", "sleep 1000 & cat data; kill -9 $$")
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "data"), data, 0o600))
	status, stdout, stderr := inMachine(t, cfg)
	require.True(t, stdout == string(data), "%d bytes of %d", len(stdout), size)
	require.Empty(t, stderr)
	require.Equal(t, 128+9, status)
}

func TestMachineHostIsReadOnly(t *testing.T) {
	// The guest's root tries the overlay, and then the share below it, past every
	// "ro" that is the guest's own.
	cfg := machineConfig(t, "sh", "-c", `
		echo overlay > file || exit 1
		mkdir /run/share
		mount -t hostfs none /run/share -o / || mount -t virtiofs host /run/share || exit 2
		[ -d "/run/share$PWD" ] || exit 3
		for dir in "$PWD" /dev /tmp / /etc; do
			if echo bad > "/run/share$dir/rok-vm-test"; then echo "wrote $dir"; exit 4; fi
		done
		mount -o remount,rw,bind /run/share
		if echo bad > "/run/share$PWD/file"; then exit 5; fi
		echo good > asked/file || exit 6`)
	cfg.Env = append(cfg.Env, "LC_ALL=C")
	asked := filepath.Join(cfg.Dir, "asked")
	require.NoError(t, os.Mkdir(asked, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "file"), []byte("host"), 0o600))
	cfg.Writable = []string{asked}
	status, _, stderr := inMachine(t, cfg)
	require.Zero(t, status, stderr)
	require.Contains(t, stderr, "Read-only file system")
	require.Equal(t, "host", read(t, filepath.Join(cfg.Dir, "file")))
	require.Equal(t, "good\n", read(t, filepath.Join(asked, "file")))
	for _, dir := range []string{cfg.Dir, "/dev", "/tmp", "/", "/etc"} {
		require.NoFileExists(t, filepath.Join(dir, "rok-vm-test"))
	}
}

func TestMachineOutputs(t *testing.T) {
	cfg := machineConfig(t, "sh", "-c", "echo 1 > one; mkdir -p many/deep; echo 2 > many/deep/two; echo 3 > three")
	in := func(name string) string { return filepath.Join(cfg.Dir, name) }
	cfg.Outputs = []string{in("one"), in("many"), in("not-written")}
	status, _, _ := inMachine(t, cfg)
	require.Zero(t, status)
	require.Equal(t, "1\n", read(t, in("one")))
	require.Equal(t, "2\n", read(t, in("many/deep/two")))
	require.NoFileExists(t, in("three"))
	require.NoFileExists(t, in("not-written"))
}

func TestMachinePanic(t *testing.T) {
	// What the command writes goes through the guest's process 1. So that the panic
	// does not overtake it, the command waits until the host has it.
	cfg := machineConfig(t, "sh", "-c", `
		echo before
		until [ -e seen/before ]; do sleep 0.05; done
		echo c > /proc/sysrq-trigger
		sleep 1000`)
	seen := filepath.Join(cfg.Dir, "seen")
	require.NoError(t, os.Mkdir(seen, 0o755))
	cfg.Writable = []string{seen} // past the overlay, which may keep what it saw once
	var out bytes.Buffer
	cfg.Stdout = writerFunc(func(b []byte) (int, error) {
		out.Write(b)
		return len(b), os.WriteFile(filepath.Join(seen, "before"), nil, 0o600)
	})
	_, err := Run(t.Context(), cfg)
	require.ErrorIs(t, err, ErrDied)
	var failure *Failure
	require.ErrorAs(t, err, &failure)
	require.Contains(t, string(failure.Console), "Kernel panic - not syncing: sysrq triggered crash")
	require.Equal(t, "before\n", out.String())
	requireNothingLeft(t)
}

// A command that does not end, and a kernel that does not answer any more.
func TestMachineTimeout(t *testing.T) {
	for _, hang := range []bool{false, true} {
		t.Run(fmt.Sprintf("hang=%v", hang), func(t *testing.T) {
			cfg := machineConfig(t, "sh", "-c", "echo started; sleep 1000")
			cfg.Timeout = 6 * time.Second
			if cfg.Kernel.Name != UML {
				cfg.Timeout *= 3
			}
			started, stopped := make(notice), make(chan int, 1)
			cfg.Stdout = started
			go func() {
				<-started
				all := descendants(t, os.Getpid())
				for _, pid := range all {
					if hang {
						_ = unix.Kill(pid, unix.SIGSTOP)
					}
				}
				stopped <- len(all)
			}()
			begin := time.Now()
			_, err := Run(t.Context(), cfg)
			select {
			case <-started:
				require.Positive(t, <-stopped)
			default:
				t.Fatalf("the command did not start within %v", cfg.Timeout)
			}
			require.ErrorIs(t, err, ErrTimeout)
			require.Less(t, time.Since(begin), cfg.Timeout+5*time.Second)
			requireNothingLeft(t)
		})
	}
}

func TestMachineCancel(t *testing.T) {
	cfg := machineConfig(t, "sh", "-c", "echo started; sleep 1000")
	started := make(notice)
	cfg.Stdout = started
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { <-started; cancel() }()
	_, err := Run(ctx, cfg)
	require.ErrorIs(t, err, context.Canceled)
	requireNothingLeft(t)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// notice is closed by the first thing written to it.
type notice chan struct{}

func (n notice) Write(b []byte) (int, error) {
	close(n)
	return len(b), nil
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// requireNothingLeft: Run waits until the last process is gone.
func requireNothingLeft(t *testing.T) {
	t.Helper()
	require.Empty(t, descendants(t, os.Getpid()))
}

// descendants returns the processes below pid, as /proc has them.
func descendants(t *testing.T, pid int) (below []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	children := map[int][]int{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // has ended meanwhile
		}
		var child, parent int
		_, after, _ := strings.Cut(string(text), ") ")
		if _, err := fmt.Sscan(string(text), &child); err != nil {
			continue
		}
		if _, err := fmt.Sscanf(after, "%c %d", new(rune), &parent); err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	for next := children[pid]; len(next) > 0; {
		below = append(below, next...)
		var more []int
		for _, p := range next {
			more = append(more, children[p]...)
		}
		next = more
	}
	return below
}

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/vm"
)

// machine returns the path of a vmrun that can boot the kernel ROK_MACHINE, or
// user-mode Linux; without ROK_MACHINE, the test skips where that is missing.
func machine(t *testing.T) (program, kernel string) {
	t.Helper()
	cache, err := filepath.Abs("../../.cache/vm")
	require.NoError(t, err)
	kernel, must := os.LookupEnv("ROK_MACHINE")
	if !must {
		kernel = vm.UML
	}
	if _, err := vm.Find(kernel, cache); err != nil && !must {
		t.Skip(err)
	}
	program = filepath.Join(t.TempDir(), "vmrun")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("VMRUN_CACHE", cache)
	return program, kernel
}

// status runs vmrun and returns its exit status and what it wrote.
func status(t *testing.T, program string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestMachineExample(t *testing.T) {
	program, _ := machine(t)
	if _, err := exec.LookPath("dmsetup"); err != nil {
		t.Skip(err)
	}
	_, example, ok := strings.Cut(usage, "\nExample: vmrun ")
	require.True(t, ok)
	code, stdout, stderr := status(t, program, strings.Fields(example)...)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "linear")
}

func TestMachineStatus(t *testing.T) {
	program, kernel := machine(t)
	tests := []struct {
		args string
		code int
		want string // on standard error
	}{
		{"sh -c exit\t5", 5, ""},
		{"-timeout 2s sleep 1000", exitTimeout, "vmrun: machine " + kernel + ": time limit reached\n--- the console's last lines:"},
		{"-mem 128 sh -c echo\tc>/proc/sysrq-trigger;sleep\t9", exitFailed, "Kernel panic - not syncing: sysrq triggered crash"},
		{"no-such-command", exitNotFound, "vmrun: command no-such-command: executable file not found"},
		{"/etc/passwd", exitNoExec, "vmrun: command /etc/passwd: permission denied"},
		{"-w /dev/shm true", exitFailed, "the guest has its own /dev"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			args := append([]string{"-kernel", kernel}, strings.Split(tt.args, " ")...)
			code, _, stderr := status(t, program, args...)
			require.Equal(t, tt.code, code, stderr)
			require.Contains(t, stderr, tt.want)
		})
	}
}

// A signal ends vmrun in order, and even SIGKILL leaves nothing: not a process,
// and not a file.
func TestMachineSignals(t *testing.T) {
	program, kernel := machine(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			tmp := t.TempDir()
			cmd := exec.Command(program, "-kernel", kernel, "sh", "-c", "echo started; sleep 1000")
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = bufio.NewReader(stdout).ReadString('\n')
			require.NoError(t, err)
			namespaces := namespacesOf(t, program)
			require.Len(t, namespaces, 1, "the jail's")
			require.Greater(t, processesIn(t, namespaces), 1, "the jail and the emulator")
			require.NoError(t, cmd.Process.Signal(sig))
			_ = cmd.Wait()
			if sig != syscall.SIGKILL {
				require.Equal(t, 128+int(sig), cmd.ProcessState.ExitCode())
				require.Zero(t, processesIn(t, namespaces))
			}
			require.Eventually(t, func() bool { return processesIn(t, namespaces) == 0 },
				5*time.Second, 10*time.Millisecond)
			left, err := os.ReadDir(tmp)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// namespacesOf returns the process namespaces, other than this one, in which
// program runs.
func namespacesOf(t *testing.T, program string) map[string]bool {
	t.Helper()
	own, err := os.Readlink("/proc/self/ns/pid")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, dir := range processes(t) {
		exe, _ := os.Readlink(dir + "/exe")
		if namespace, _ := os.Readlink(dir + "/ns/pid"); exe == program && namespace != own {
			found[namespace] = true
		}
	}
	return found
}

func processesIn(t *testing.T, namespaces map[string]bool) (n int) {
	t.Helper()
	for _, dir := range processes(t) {
		if namespace, err := os.Readlink(dir + "/ns/pid"); err == nil && namespaces[namespace] {
			n++
		}
	}
	return n
}

func processes(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	return dirs
}

// go test -exec: -run, testdata, TempDir, the coverage profile, a failure.
func TestMachineGoTest(t *testing.T) {
	program, kernel := machine(t)
	module := filepath.Join(t.TempDir(), "module")
	require.NoError(t, os.CopyFS(module, os.DirFS("testdata/module")))
	for _, name := range []string{"go.mod", "sum.go", "sum_test.go"} { // .txt keeps them out of this module
		require.NoError(t, os.Rename(filepath.Join(module, name+".txt"), filepath.Join(module, name)))
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command("go", append([]string{"test", "-exec", program + " -kernel " + kernel}, args...)...)
		cmd.Dir = module
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("-run", "Good", "-coverprofile=c.out", "-cpuprofile=cpu.out")
	require.NoError(t, err, out)
	require.Contains(t, out, "coverage: 100.0% of statements")
	profile, err := os.ReadFile(module + "/c.out")
	require.NoError(t, err)
	require.Regexp(t, `sum\.go:\d+\.\d+,\d+\.\d+ 1 1\n`, string(profile))
	require.FileExists(t, module+"/cpu.out")

	out, err = run("-run", "Bad")
	require.Error(t, err)
	require.Contains(t, out, "--- FAIL: TestBad")
	require.Contains(t, out, "status 1 is exact")
}

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/bench/compare"
	"github.com/rok-storage/rok/internal/cli"
)

const (
	machineMemory = "2048"           // MiB: holds the backing file
	machineSlack  = 20 * time.Minute // beyond twice the plan, a machine that runs is taken to hang
	machineStop   = 20 * time.Second
)

// inVM runs this program once more, in the virtual machine, and returns its
// report.
func (f *compareFlags) inVM(c *cobra.Command, e *env, cfg compare.Config) (*compare.Report, error) {
	vmrun := findProgram("vmrun", e)
	if vmrun == "" {
		return nil, &cli.Error{
			Err:  errors.New("compare: this machine has no device-mapper, and the virtual machine's program vmrun is neither beside rok nor in PATH"),
			Next: `"make build" makes it`,
		}
	}
	self, err := e.executable()
	if err != nil {
		return nil, fmt.Errorf("compare: find the program's own file: %w", err)
	}
	shown := f.progress(c)
	defer shown.end()
	cfg.Virtual, cfg.Dir = true, "memory of the virtual machine"
	plan, err := f.plan(cfg, shown)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(c.Context(), vmrun, f.machineArgs(self, 2*plan.Time()+machineSlack)...)
	cmd.Stdout = &out
	// The machine's program stops everything that it started when it is told
	// to; killed, it could not.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = machineStop
	// Nor may it outlive a rok that is killed. The signal comes when the thread
	// ends that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	readErr := readLines(stderr, shown.line)
	err = cmd.Wait()
	switch {
	case c.Context().Err() != nil:
		return nil, interrupted()
	case err != nil:
		return nil, machineError(err)
	case readErr != nil:
		return nil, fmt.Errorf("compare: read from the virtual machine: %w", readErr)
	}
	report := new(compare.Report)
	if err := json.Unmarshal(out.Bytes(), report); err != nil {
		return nil, fmt.Errorf("compare: report of the virtual machine: %w", err)
	}
	return report, nil
}

// machineArgs are the arguments of vmrun.
func (f *compareFlags) machineArgs(self string, limit time.Duration) []string {
	args := []string{
		"-mem", machineMemory, "-timeout", limit.String(),
		self, "compare", "--output", "json", "--relay-progress",
		"--seconds", strconv.FormatFloat(f.seconds, 'f', -1, 64), "--engine", f.engine,
	}
	if f.size != "" {
		args = append(args, "--size", f.size)
	}
	return args
}

// machineError keeps the code that rok inside of the machine exited with.
func machineError(err error) error {
	code := cli.Failed
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 && exit.ExitCode() <= int(cli.Corrupt) {
		code = cli.Code(exit.ExitCode())
	}
	return &cli.Error{Err: fmt.Errorf("compare: in the virtual machine: %w", err), Code: code}
}

// readLines calls do with each line of r, however long: who writes them would
// wait for ever where the rest is not read.
func readLines(r io.Reader, do func(string)) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			do(strings.TrimSuffix(line, "\n"))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

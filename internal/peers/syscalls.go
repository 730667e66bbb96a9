package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// System calls are counted with ptrace, by their stops: no program is needed,
// and user-mode Linux has it. The child carries out each operation several
// times, between two signals to itself, which stop it too and so mark the
// place. Only its first thread is traced, the one that does the work.

// repeats is how often an operation is counted. The smallest count is the
// operation's own: every one has those calls, and some have calls of Go's
// scheduler and memory beside them.
const repeats = 9

const mark = unix.SIGUSR1

// stops of a system call: on entry and on exit.
const stopsPerCall = 2

// countCalls counts the system calls of each row that the expression chooses,
// for each contender that is no process.
func countCalls(ctx context.Context, chosen *regexp.Regexp) ([][]int, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, childCount, chosen.String())
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOGC=off",
		fmt.Sprintf("GOMAXPROCS=%d", spareProcessors))
	intervals, err := traceCalls(ctx, cmd)
	if err != nil {
		return nil, fmt.Errorf("count system calls: %w", err)
	}
	var counts [][]int
	at := 0
	for _, r := range rows(chosen) {
		var row []int
		for range r.inProcess() {
			var calls []int
			for range repeats {
				if at+1 >= len(intervals) {
					return nil, fmt.Errorf("count system calls: %d marks are too few", len(intervals))
				}
				// Of two intervals the first is the operation; the sending of
				// the mark at its end is one call more.
				calls = append(calls, intervals[at+1]-1)
				at += 2
			}
			row = append(row, slices.Min(calls))
		}
		counts = append(counts, row)
	}
	return counts, nil
}

// inProcess is how many of r's contenders are no processes of their own.
func (r row) inProcess() int {
	if r.nodes {
		return 1
	}
	return 3
}

// runCounted is the child of countCalls.
func runCounted(chosen *regexp.Regexp) error {
	if unix.Gettid() != unix.Getpid() {
		return errors.New("not on the first thread, which is the one traced")
	}
	return onStand(context.Background(), rows(chosen), func(_ row, cs []contender) error {
		for _, c := range cs {
			if c.process {
				continue
			}
			for range repeats {
				if err := markedly(c.do); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// markedly sends the mark before and after an operation.
func markedly(do operation) error {
	pid := unix.Getpid()
	if err := unix.Tgkill(pid, pid, mark); err != nil {
		return err
	}
	err := do()
	return errors.Join(err, unix.Tgkill(pid, pid, mark))
}

// traceCalls runs a command to its end and counts the system calls of its
// first thread between marks: before the first, to the second, and so on.
func traceCalls(ctx context.Context, cmd *exec.Cmd) ([]int, error) {
	runtime.LockOSThread() // ptrace requests must come from the thread that began
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &unix.SysProcAttr{Ptrace: true}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	defer cmd.Process.Release()
	stopped := context.AfterFunc(ctx, func() { _ = unix.Kill(pid, unix.SIGKILL) })
	defer stopped()
	var status unix.WaitStatus
	if err := wait(pid, &status); err != nil { // the stop after exec
		return nil, err
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL); err != nil {
		return nil, fmt.Errorf("ptrace: %w", err)
	}
	var intervals []int
	stops, deliver := 0, 0
	for {
		if err := unix.PtraceSyscall(pid, deliver); err != nil {
			return nil, fmt.Errorf("ptrace: %w", err)
		}
		if err := wait(pid, &status); err != nil {
			return nil, err
		}
		deliver = 0
		switch {
		case status.Exited() && status.ExitStatus() == 0:
			return append(intervals, (stops+1)/stopsPerCall), nil // exit itself has no second stop
		case status.Exited() || status.Signaled():
			return nil, errors.Join(ctx.Err(), fmt.Errorf("%s ended with status %#x", cmd.Path, uint32(status)))
		case status.StopSignal() == unix.SIGTRAP|0x80: // PTRACE_O_TRACESYSGOOD
			stops++
		case status.StopSignal() == mark:
			intervals = append(intervals, stops/stopsPerCall)
			stops = 0
		default:
			deliver = int(status.StopSignal())
		}
	}
}

func wait(pid int, status *unix.WaitStatus) error {
	for {
		if _, err := unix.Wait4(pid, status, unix.WALL, nil); err != unix.EINTR {
			return err
		}
	}
}

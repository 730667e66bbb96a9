package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/bench/hist"
	"github.com/rok-storage/rok/units"
)

// ran is one run of rok or fio.
type ran struct {
	iops    float64
	ios     uint64
	cpu     time.Duration // of the process and all its threads, io_uring's workers among them
	kernel  time.Duration // of the kernel's own threads meanwhile, a loop device's workers among them
	latency hist.Histogram
	told    map[float64]int64 // percentiles as fio printed them; nil for rok
}

// program runs a cell on a path.
type program func(ctx context.Context, c cell, path string, size units.Bytes, length time.Duration) (ran, error)

// rokRun is package bench, in a process of its own.
func rokRun(ctx context.Context, c cell, path string, size units.Bytes, length time.Duration) (ran, error) {
	self, err := os.Executable()
	if err != nil {
		return ran{}, err
	}
	o := order{Path: path, Job: c.job(length)}
	text, err := json.Marshal(o)
	if err != nil {
		return ran{}, err
	}
	r, out, err := watch(exec.CommandContext(ctx, self, childJob), text)
	if err != nil {
		return r, err
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		return r, fmt.Errorf("rok's answer: %w", err)
	}
	if a.Engine != c.engine.String() {
		return r, fmt.Errorf("rok used %s instead of %s", a.Engine, c.engine)
	}
	r.iops, r.ios, r.latency = a.IOPS, a.IOs, *a.Latency
	return r, nil
}

// fioRun is fio.
func fioRun(ctx context.Context, c cell, path string, size units.Bytes, length time.Duration) (ran, error) {
	r, out, err := watch(exec.CommandContext(ctx, "fio", c.fioArgs(path, size, length)...), nil)
	if err != nil {
		return r, err
	}
	return r, r.readFio(out, c.rw.Writes())
}

// readFio reads fio's JSON, which warnings may precede.
func (r *ran) readFio(out []byte, writes bool) error {
	type direction struct {
		IOPS    float64         `json:"iops"`
		IOs     uint64          `json:"total_ios"`
		Latency json.RawMessage `json:"lat_ns"`
	}
	var report struct {
		Jobs []struct {
			Error       int
			Read, Write direction
		}
	}
	text := out[max(bytes.IndexByte(out, '{'), 0):]
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("fio's report: %w: %.200q", err, out)
	}
	if len(report.Jobs) != 1 || report.Jobs[0].Error != 0 {
		return fmt.Errorf("fio's report: %d jobs or an error: %.200q", len(report.Jobs), out)
	}
	d := report.Jobs[0].Read
	if writes {
		d = report.Jobs[0].Write
	}
	r.iops, r.ios = d.IOPS, d.IOs
	var told struct{ Percentile map[string]int64 }
	if err := errors.Join(json.Unmarshal(d.Latency, &r.latency), json.Unmarshal(d.Latency, &told)); err != nil {
		return fmt.Errorf("fio's latencies: %w", err)
	}
	r.told = make(map[float64]int64)
	for name, ns := range told.Percentile {
		p, err := strconv.ParseFloat(name, 64)
		if err != nil {
			return fmt.Errorf("fio's percentile %q: %w", name, err)
		}
		r.told[p] = ns
	}
	return nil
}

// watch runs a process and takes the processor time from outside.
func watch(cmd *exec.Cmd, input []byte) (ran, []byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	before, err := kernelThreads()
	if err != nil {
		return ran{}, nil, err
	}
	if err := cmd.Run(); err != nil {
		return ran{}, nil, fmt.Errorf("%s: %w: %s", cmd.Path, err, bytes.TrimSpace(stderr.Bytes()))
	}
	after, err := kernelThreads()
	if err != nil {
		return ran{}, nil, err
	}
	r := ran{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	for pid, used := range after {
		r.kernel += max(used-before[pid], 0) // a number that was used again is another thread
	}
	return r, stdout.Bytes(), nil
}

// kernelThreads is the processor time of each thread of the kernel's own, by
// its number. One that ends between two calls takes its last share along.
func kernelThreads() (map[string]time.Duration, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	used := make(map[string]time.Duration)
	for _, pid := range names {
		if pid[0] < '0' || pid[0] > '9' {
			continue
		}
		if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err != nil || !isKernelThread(string(stat)) {
			continue // it may have ended
		}
		// Where the kernel keeps no schedstat, nothing is added to either side.
		text, err := os.ReadFile("/proc/" + pid + "/schedstat")
		if err != nil {
			continue
		}
		running, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(running, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("/proc/%s/schedstat: %w", pid, err)
		}
		used[pid] = time.Duration(ns)
	}
	return used, nil
}

// isKernelThread reads /proc/PID/stat: the fourth field, behind the name in
// parentheses, is the parent, and kthreadd, which is the kernel threads', has
// the number 2.
func isKernelThread(stat string) bool {
	rest := stat[strings.LastIndexByte(stat, ')')+1:]
	fields := strings.Fields(rest)
	return len(fields) > 1 && fields[1] == "2"
}

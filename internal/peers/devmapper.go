package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/rok-storage/rok/dm"
)

// outcome is what was measured of one row.
type outcome struct {
	row
	costs []cost // in the order of the mappers
}

// The places of contenders in an outcome. A row with nodes has rok and then
// dmsetup alone.
const (
	placeRok = iota
	placeBare
	placeOpenClose
)

func (o *outcome) rok() *cost     { return &o.costs[placeRok] }
func (o *outcome) dmsetup() *cost { return &o.costs[len(o.costs)-1] }

// spareProcessors is enough for Go's scheduler to have one idle.
const spareProcessors = 8

// runDM measures the device-mapper operations, in the virtual machine where
// this one has no device-mapper.
func runDM(ctx context.Context, cfg config, w io.Writer) ([]bar, error) {
	conn, err := dm.Open(nil)
	switch {
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrNotExist):
		return inMachine(ctx, cfg, w, "device-mapper", "-part", "dm", "-rounds", fmt.Sprint(cfg.rounds), "-slice", cfg.slice.String())
	case err != nil:
		return nil, err
	}
	abi := conn.ABI()
	if err := errors.Join(conn.Close(), removeLeftovers()); err != nil {
		return nil, err
	}
	fmt.Fprint(w, "## device-mapper\n\n")
	printEnvironment(w, cfg, "device-mapper "+abi.String(), programVersion("Library version", "dmsetup", "version"))

	// With a single processor for Go code, as in user-mode Linux, its scheduler
	// takes it from the thread in a system call, and that from time to time
	// doubles what any contender's call takes.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(spareProcessors, runtime.GOMAXPROCS(0))))

	calls, err := countCalls(ctx, cfg.ops)
	if err != nil {
		return nil, err
	}
	var outcomes []outcome
	err = onStand(ctx, rows(cfg.ops), func(r row, cs []contender) error {
		began := time.Now()
		costs, err := interleave(ctx, cs, cfg.rounds, cfg.slice)
		if err != nil {
			return err
		}
		for i, n := range calls[len(outcomes)] {
			costs[i].calls = n
		}
		outcomes = append(outcomes, outcome{r, costs})
		fmt.Fprintf(os.Stderr, "peers: %s, %.1f s\n", r.name, time.Since(began).Seconds())
		return nil
	})
	if err != nil {
		return nil, err
	}
	printOutcomes(w, outcomes)
	bars := dmBars(outcomes)
	read, err := tablesBar(ctx)
	if err != nil {
		return nil, err
	}
	bars = append(bars, read)
	printBars(w, bars, cfg.quick)
	return bars, nil
}

// inMachine measures in the virtual machine, whose report comes out as it is.
func inMachine(ctx context.Context, cfg config, w io.Writer, what string, args ...string) ([]bar, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args = append([]string{"-mem", "1536", "-timeout", "30m", self, "-ops", cfg.ops.String()}, args...)
	if cfg.quick {
		args = append(args, "-quick")
	}
	fmt.Fprintln(os.Stderr, "peers: no device-mapper here: measuring in the virtual machine")
	cmd := exec.CommandContext(ctx, cfg.vmrun, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return oneBar(what, cmd, w)
}

func printOutcomes(w io.Writer, outcomes []outcome) {
	var times, counts grid
	times.add("time per operation", "rok", "bare ioctl", "open-ioctl-close", "dmsetup", "rok/bare", "open-ioctl-close/rok", "dmsetup/rok")
	counts.add("per operation", "ioctls", "system calls: rok", "bare", "open-ioctl-close", "allocations: rok", "open-ioctl-close", "bytes: rok", "open-ioctl-close")
	for i := range outcomes {
		o := &outcomes[i]
		bare, open := "", ""
		overBare, overOpen := "", ""
		counted := []string{fmt.Sprint(o.rok().calls), "", "", allocs(o.rok()), "", fmt.Sprintf("%.0f", o.rok().bytes), ""}
		if !o.nodes {
			b, c := &o.costs[placeBare], &o.costs[placeOpenClose]
			bare, open = nanoseconds(b.time()), nanoseconds(c.time())
			overBare = o.rok().over(b).String()
			overOpen = c.over(o.rok()).String()
			counted[1], counted[2] = fmt.Sprint(b.calls), fmt.Sprint(c.calls)
			counted[4], counted[6] = allocs(c), fmt.Sprintf("%.0f", c.bytes)
		}
		times.add(o.name, nanoseconds(o.rok().time()), bare, open, nanoseconds(o.dmsetup().time()),
			overBare, overOpen, o.dmsetup().over(o.rok()).String())
		counts.add(append([]string{o.name, fmt.Sprint(o.ioctls)}, counted...)...)
	}
	times.WriteTo(w)
	counts.WriteTo(w)
}

// allocs prints allocations per operation. A few of a thousand operations are
// the runtime's own, and of a pool that the collector emptied.
func allocs(c *cost) string { return fmt.Sprintf("%.2f", c.allocs) }

// A mean of fewer allocations is none: see allocs.
const noAllocation = 0.1

// Bounds of the bars.
const (
	maxOverBare     = 1.05
	minUnderDmsetup = 20
)

func dmBars(outcomes []outcome) []bar {
	reused := bar{text: "version, list, info and status into reused memory: no allocation"}
	encoded := bar{text: "no allocation for a segment encoded"}
	single := bar{text: "one system call for an ioctl"}
	twenty := bar{timed: true, text: "20 times faster than dmsetup: version, info, list of 1, load of 1, cycle"}
	faster := bar{timed: true, text: "nowhere slower than dmsetup"}
	bare := bar{timed: true, text: "within 5 % of the same ioctl issued bare from a ready buffer, where rok, too, makes no values"}
	open := bar{timed: true, text: "less time than open-ioctl-close"}
	fewer := bar{text: "fewer allocations than open-ioctl-close"}
	var oneSegment float64
	for i := range outcomes {
		o := &outcomes[i]
		r := o.rok()
		underDmsetup := o.dmsetup().over(r)
		if o.reused {
			reused.check(r.allocs < noAllocation, "%s: %.2f", o.name, r.allocs)
		}
		switch {
		case o.segments == 1:
			oneSegment = r.allocs
		case o.segments > 1:
			each := (r.allocs - oneSegment) / float64(o.segments)
			encoded.check(each < noAllocation/10, "%s: %.4f each", o.name, each)
		}
		if o.twenty {
			twenty.check(underDmsetup.Estimate >= minUnderDmsetup, "%s: %s", o.name, underDmsetup)
		}
		faster.check(underDmsetup.Estimate >= 1, "%s: %s", o.name, underDmsetup)
		if o.nodes {
			continue
		}
		single.check(r.calls == o.ioctls, "%s: %d for %d", o.name, r.calls, o.ioctls)
		overBare := r.over(&o.costs[placeBare])
		if !o.more {
			bare.check(overBare.Estimate <= maxOverBare, "%s: %s", o.name, overBare)
		}
		c := &o.costs[placeOpenClose]
		overOpen := c.over(r)
		open.check(overOpen.Estimate > 1, "%s: %s", o.name, overOpen)
		fewer.check(r.allocs < c.allocs, "%s: %.2f against %.2f", o.name, r.allocs, c.allocs)
	}
	return []bar{reused, encoded, single, twenty, faster, bare, open, fewer}
}

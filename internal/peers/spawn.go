package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/rok-storage/rok/bench/stat"
)

// command is a program that is started again and again.
type command struct {
	name string // in the table
	argv []string
	// watched says that the memory is measured too, by a process between: see
	// runWatched. The start of that one is not in the figures.
	watched bool
}

// spent is what the runs of a command took, in nanoseconds, one for each round; and,
// where it was watched, its memory in bytes.
type spent struct{ cpu, wall, peak []float64 }

func (s *spent) medianCPU() float64  { return stat.Median(s.cpu) }
func (s *spent) medianWall() float64 { return stat.Median(s.wall) }

// peakMemory is the most that a run had.
func (s *spent) peakMemory() float64 { return slices.Max(s.peak) }

// run starts the command once and waits for it. Its output goes nowhere, as it
// would cost the reader time that is not the command's. The processor time is
// what wait4 says of the process: that of all its threads, in user and kernel.
func (c *command) run(ctx context.Context, into *spent) error {
	if c.watched {
		return c.runWatched(ctx, into)
	}
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	diag, err := os.CreateTemp("", prefix) // a pipe would need a thread that reads it
	if err != nil {
		return err
	}
	defer func() { _, _ = diag.Close(), os.Remove(diag.Name()) }() // a name that is left is in the run's own folder
	cmd.Stderr = diag
	cmd.Env = lvmEnvironment()
	began := time.Now()
	err = cmd.Run()
	wall := time.Since(began)
	if err != nil {
		text, _ := os.ReadFile(diag.Name()) // nothing to say is no other failure
		return fmt.Errorf("%s: %w: %s", strings.Join(c.argv, " "), err, bytes.TrimSpace(text))
	}
	into.wall = append(into.wall, float64(wall))
	into.cpu = append(into.cpu, float64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()))
	return nil
}

func (c *command) runWatched(ctx context.Context, into *spent) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := output(ctx, append([]string{self, childWatch}, c.argv...)...)
	if err != nil {
		return err
	}
	var took watched
	if err := json.Unmarshal([]byte(out), &took); err != nil {
		return fmt.Errorf("%s: what it took: %w", strings.Join(c.argv, " "), err)
	}
	into.cpu, into.wall = append(into.cpu, float64(took.CPU)), append(into.wall, float64(took.Wall))
	into.peak = append(into.peak, float64(took.Peak))
	return nil
}

// takeTurns runs each command once in a round, in an order drawn anew, so that
// the drift of the machine falls on all alike. before is called in front of each
// run and not measured. One round before the first is not counted.
func takeTurns(ctx context.Context, commands []command, rounds int, before func() error) ([]spent, error) {
	costs := make([]spent, len(commands))
	draw := rand.New(rand.NewPCG(1, 2))
	for round := -1; round < rounds; round++ {
		for _, i := range draw.Perm(len(commands)) {
			if err := before(); err != nil {
				return nil, err
			}
			into := &costs[i]
			if round < 0 {
				into = new(spent)
			}
			if err := commands[i].run(ctx, into); err != nil {
				return nil, err
			}
		}
	}
	return costs, nil
}

// timesLess is how many times less the median of b is than that of a, with the
// interval that the bootstrap gives it over the rounds.
func timesLess(a, b []float64) stat.Interval {
	rounds := make([]float64, len(a))
	for i := range rounds {
		rounds[i] = float64(i)
	}
	return stat.Bootstrap(rounds, func(drawn []float64) float64 {
		var x, y []float64
		for _, round := range drawn {
			x, y = append(x, a[int(round)]), append(y, b[int(round)])
		}
		return stat.Median(x) / stat.Median(y)
	}, 1, resamples, confidence, 1)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/rok-storage/rok/units"
)

// watched is what wait4 says of a process, and how long it took.
type watched struct {
	CPU  time.Duration `json:"cpu_ns"` // user and system
	Wall time.Duration `json:"wall_ns"`
	Peak units.Bytes   `json:"peak"` // the most memory that it had resident
}

// runWatched is the child of command.runWatched: it starts a program, waits for
// it, and tells what it took. The program's standard output goes nowhere.
//
// It is a process of its own because of the memory: until it has called exec, a
// process that is started has the memory of the one that starts it, and the
// kernel counts that (exec_mmap, fs/exec.c). So no program is seen to have less
// than this one, which has done nothing yet.
func runWatched(ctx context.Context, argv []string, w io.Writer) error {
	if len(argv) == 0 {
		return usageError{errors.New("want the program to watch")}
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	began := time.Now()
	err := cmd.Run()
	took := watched{Wall: time.Since(began)}
	if err != nil {
		return fmt.Errorf("%s: %w", argv[0], err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("%s: no resource usage", argv[0])
	}
	took.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	took.Peak = units.Bytes(usage.Maxrss) * units.KiB
	return json.NewEncoder(w).Encode(took)
}

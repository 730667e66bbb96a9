package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rok-storage/rok/dm"
)

// thinPoolFile holds the metadata that a kernel has made.
const thinPoolFile = "kernel.bin"

// minChunks are enough for the shapes, and for the changes of a volume.
const minChunks = 10_000

// thinEvery is how many spawns of other commands there are for one round of those
// on metadata of pools, which take seconds.
const thinEvery = 20

// runThin measures the commands on metadata of thin pools beside
// thin-provisioning-tools, on plain files of this machine. What a kernel has to
// make is made in the virtual machine where this one has no device-mapper.
func runThin(ctx context.Context, cfg config, w io.Writer) (bars []bar, err error) {
	dir, err := os.MkdirTemp(cfg.dir, prefix)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	rok := filepath.Join(dir, "rok")
	if err := copyProgram(cfg.rok, rok); err != nil {
		return nil, err
	}
	cfg.rok = rok
	fmt.Fprint(w, "## thin\n\n")
	printEnvironment(w, cfg, programVersion("", "thin_dump", "--version"))
	var all []thinOutcome
	for _, s := range thinShapes {
		outcomes, err := measureThinShape(ctx, cfg, dir, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, outcomes...)
	}
	deltas, err := measureThinDeltas(ctx, cfg, dir)
	if err != nil {
		return nil, fmt.Errorf("delta: %w", err)
	}
	printThin(w, all, deltas)
	bars = thinBars(all, deltas)
	printBars(w, bars, cfg.quick)
	return bars, nil
}

// kernelPool makes the pool of the deltas in dir, here or in the virtual machine.
func kernelPool(ctx context.Context, cfg config, dir string) (string, error) {
	path := filepath.Join(dir, thinPoolFile)
	began := time.Now()
	conn, err := dm.Open(nil)
	switch {
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrNotExist):
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		fmt.Fprintln(os.Stderr, "peers: no device-mapper here: making a pool in the virtual machine")
		cmd := exec.CommandContext(ctx, cfg.vmrun, "-mem", "1536", "-timeout", "30m", "-w", dir,
			self, childPool, "-dir", dir, "-chunks", strconv.Itoa(cfg.chunks))
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("%s: %w", cfg.vmrun, err)
		}
	case err != nil:
		return "", err
	default:
		if err := errors.Join(conn.Close(), makeThinPool(ctx, path, cfg.chunks)); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(os.Stderr, "peers: a pool of %d mappings, %.1f s\n", cfg.chunks, time.Since(began).Seconds())
	return path, nil
}

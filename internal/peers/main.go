package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/rok-storage/rok/units"
)

// config is the command line.
type config struct {
	part   string // "dm", "fio", "lvm", "activation", "thin", "maps" or "all"
	quick  bool
	vmrun  string
	rok    string        // the command
	empty  string        // the command that does nothing; set for the child
	chunks int           // that the measured pools map
	spawns int           // of each command on a VG
	rounds int           // interleaved measurements of each operation
	slice  time.Duration // length of each
	pairs  int           // of runs of rok and fio in each cell, at least
	length time.Duration // of each run
	cells  *regexp.Regexp
	ops    *regexp.Regexp
	dir    string
	size   units.Bytes
}

// The first argument of the processes that peers starts of itself.
const (
	childJob   = "child-job"
	childCount = "child-count"
	childLVM   = "child-lvm"

	childActivation = "child-activation"

	childPool  = "child-pool"
	childWatch = "child-watch"

	childMapsBare = "child-maps-bare"
	childMapsTree = "child-maps-tree"
)

func main() {
	// The first statement runs on the first thread, which alone is traced: see
	// countCalls. Everything else may run anywhere.
	if len(os.Args) > 1 && os.Args[1] == childCount {
		runtime.LockOSThread()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var usage usageError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(2)
	case errors.Is(err, errBar):
		os.Exit(1) // the report says which
	case err != nil && !errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case childJob:
			return runJob(ctx, os.Stdin, os.Stdout)
		case childCount:
			if len(args) != 2 {
				return usageError{errors.New("want the operations to count")}
			}
			return runCounted(regexp.MustCompile(args[1])) // of a parent that has compiled it
		case childWatch:
			return runWatched(ctx, args[1:], os.Stdout)
		case childMapsBare:
			return runMapsBare(args[1:])
		case childMapsTree:
			return runMapsTree(ctx, args[1:], os.Stdout)
		case childLVM, childActivation, childPool:
			cfg, err := parseFlags(args[1:])
			if err != nil {
				return err
			}
			switch args[0] {
			case childActivation:
				return runActivationChild(ctx, cfg, os.Stdout)
			case childPool:
				return makeThinPool(ctx, filepath.Join(cfg.dir, thinPoolFile), cfg.chunks)
			}
			return runLVMChild(ctx, cfg, os.Stdout)
		}
	}
	cfg, err := parseFlags(args)
	if err != nil {
		return err
	}
	var bars []bar
	for _, part := range []struct {
		name string
		run  func(context.Context, config, io.Writer) ([]bar, error)
	}{{"dm", runDM}, {"fio", runFio}, {"lvm", runLVM}, {"activation", runActivation}, {"thin", runThin}, {"maps", runMaps}} {
		if cfg.part != part.name && cfg.part != "all" {
			continue
		}
		held, err := part.run(ctx, cfg, os.Stdout)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		bars = append(bars, held...)
	}
	return verdict(bars, cfg.quick)
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func parseFlags(args []string) (config, error) {
	cfg := config{size: 256 * units.MiB}
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.StringVar(&cfg.part, "part", "all", "what to measure: dm, fio, lvm, activation, thin, maps or all")
	f.BoolVar(&cfg.quick, "quick", false, "measure next to nothing: does the program work?")
	f.StringVar(&cfg.vmrun, "vmrun", "bin/vmrun", "program that lends a kernel with device-mapper")
	f.StringVar(&cfg.rok, "rok", "bin/rok", "rok, the program")
	f.StringVar(&cfg.empty, "empty", "", "for peers' own use")
	f.IntVar(&cfg.chunks, "chunks", 1_000_000, "mappings in the metadata of thin pools")
	f.IntVar(&cfg.spawns, "spawns", 200, "runs of each command on a volume group")
	f.IntVar(&cfg.rounds, "rounds", 1000, "interleaved measurements of each device-mapper operation")
	f.DurationVar(&cfg.slice, "slice", time.Millisecond, "length of each of them")
	f.IntVar(&cfg.pairs, "pairs", 12, "least number of pairs of runs of rok and fio in each cell; there are up to eight times as many where they leave doubt")
	f.DurationVar(&cfg.length, "length", time.Second, "length of each run")
	cells := f.String("cells", ".", `cells to measure, a regular expression: "file randread io_uring 16"`)
	ops := f.String("ops", ".", `operations on devices or volume groups to measure, a regular expression: "^add, linear 1$"`)
	f.StringVar(&cfg.dir, "dir", os.TempDir(), "where the file and the loop device's file are made")
	f.Func("size", "size of each file (default 256MiB)", func(s string) (err error) {
		cfg.size, err = units.ParseBytes(s)
		return err
	})
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return cfg, err
	} else if err != nil {
		os.Exit(2) // package flag has printed it
	}
	if cfg.quick {
		cfg.rounds, cfg.slice, cfg.pairs, cfg.length, cfg.spawns, cfg.chunks = 2, time.Millisecond, 1, 100*time.Millisecond, 2, 10_000
	}
	var err, err2 error
	cfg.cells, err = regexp.Compile(*cells)
	cfg.ops, err2 = regexp.Compile(*ops)
	err = errors.Join(err, err2)
	switch {
	case err != nil:
		return cfg, usageError{err}
	case f.NArg() > 0:
		return cfg, usageError{fmt.Errorf("unexpected argument %q", f.Arg(0))}
	case !slices.Contains([]string{"dm", "fio", "lvm", "activation", "thin", "maps", "all"}, cfg.part):
		return cfg, usageError{fmt.Errorf("part %q: want dm, fio, lvm, activation, thin, maps or all", cfg.part)}
	case cfg.chunks < minChunks:
		return cfg, usageError{fmt.Errorf("chunks: want at least %d", minChunks)}
	case cfg.rounds < 1 || cfg.pairs < 1 || cfg.length <= 0 || cfg.slice <= 0 || cfg.spawns < 1:
		return cfg, usageError{errors.New("rounds, slice, pairs, length and spawns must be positive")}
	}
	return cfg, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/rok-storage/rok/internal/vm"
)

// Exit statuses of vmrun's own, as timeout(1) and env(1) have them.
const (
	exitUsage    = 2
	exitTimeout  = 124
	exitFailed   = 125 // the machine, not the command
	exitNoExec   = 126
	exitNotFound = 127
)

// run is vmrun without the process around it.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, errHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "vmrun: %v\n", err)
		return exitUsage
	}
	if o.kernel == "list" {
		return list(o.cache, stdout)
	}
	cfg, err := o.config()
	if err != nil {
		fmt.Fprintf(stderr, "vmrun: %v\n", err)
		return exitFailed
	}
	cfg.Stdout, cfg.Stderr = stdout, stderr
	if o.verbose {
		cfg.Console = stderr
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() { cancel(signalError{(<-signals).(syscall.Signal)}) }()

	status, err := vm.Run(ctx, cfg)
	if err == nil {
		return status
	}
	return report(stderr, err)
}

// signalError: vmrun was told to end.
type signalError struct{ syscall.Signal }

func (e signalError) Error() string { return "ended by signal: " + e.Signal.String() }

// report prints why there is no exit status of the command, and returns vmrun's.
func report(stderr io.Writer, err error) int {
	var (
		command *vm.CommandError
		failure *vm.Failure
		sig     signalError
	)
	fmt.Fprintf(stderr, "vmrun: %v\n", err)
	switch {
	case errors.As(err, &sig):
		return 128 + int(sig.Signal)
	case errors.As(err, &command) && errors.Is(err, os.ErrPermission):
		return exitNoExec
	case errors.As(err, &command):
		return exitNotFound
	}
	if errors.As(err, &failure) && len(failure.Console) > 0 {
		fmt.Fprintf(stderr, "--- the console's last lines:\n%s\n---\n", failure.Console)
	}
	if errors.Is(err, vm.ErrTimeout) {
		return exitTimeout
	}
	return exitFailed
}

// list prints each kernel and whether it can be used.
func list(cache string, stdout io.Writer) int {
	for _, name := range vm.Names() {
		k, err := vm.Find(name, cache)
		if err != nil {
			fmt.Fprintf(stdout, "%-5s %v\n", name, err)
			continue
		}
		fmt.Fprintf(stdout, "%-5s %s\n", name, k.Release)
	}
	return 0
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rok-storage/rok/internal/vm"
)

const usage = `vmrun runs a command on a real Linux kernel with device-mapper in a virtual machine.

  vmrun [flags] COMMAND [ARGS...]
  go test -exec "vmrun [flags]" ./...

The command sees the files of this machine at the same paths, read-only under an
overlay in memory that vanishes; an empty TMPDIR in memory; no standard input.
Of the environment it gets GO*, ROK_*, VMRUN_*, TERM, PATH, HOME, and VMRUN=1.
The profiles that a Go test binary writes, and $GOCOVERDIR, are brought out.

  -kernel NAME   uml (default): user-mode Linux, one processor
                 6.1, 6.12: Debian's kernels in QEMU, several processors
                 list: print the kernels that are there
  -smp N         processors, QEMU only (default 2)
  -mem MIB       memory; what the command writes lives there (default 1024)
  -timeout D     end the machine after D, such as 90s (default 10m; for a Go test
                 binary 30s more than its own -test.timeout; 0 is never)
  -w DIR         let the command write to this directory; repeatable
  -e NAME[=VAL]  pass this variable too; repeatable
  -v             show the kernel's console on standard error
  -h             this text

Exit status: the command's; 128+N if signal N ended it; 124 time limit; 125 the
machine failed (panic, hang, not installed: the reason and the console's last
lines are printed); 126, 127 the command cannot be executed, is not found; 2 usage.

Example: vmrun -mem 512 dmsetup targets
`

var errHelp = errors.New("help was asked for")

// options are the command line, and what of the environment matters.
type options struct {
	kernel   string
	smp      int
	mem      int
	timeout  time.Duration
	timed    bool // the time limit was given
	writable repeated
	env      repeated
	verbose  bool
	command  []string
	cache    string
	runner   string
}

// repeated is a flag that may be given more than once.
type repeated []string

func (l *repeated) String() string { return strings.Join(*l, ",") }

func (l *repeated) Set(s string) error { *l = append(*l, s); return nil }

func parse(args []string) (*options, error) {
	o := new(options)
	f := flag.NewFlagSet("vmrun", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.kernel, "kernel", vm.UML, "")
	f.IntVar(&o.smp, "smp", 0, "")
	f.IntVar(&o.mem, "mem", 0, "")
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "")
	f.Var(&o.writable, "w", "")
	f.Var(&o.env, "e", "")
	f.BoolVar(&o.verbose, "v", false, "")
	if name := unknown(f, args); name != "" {
		return nil, fmt.Errorf("no flag -%s; the nearest is -%s", name, nearestFlag(f, name))
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, errHelp
		}
		return nil, err
	}
	f.Visit(func(f *flag.Flag) { o.timed = o.timed || f.Name == "timeout" })
	o.command = f.Args()
	if len(o.command) == 0 && o.kernel != "list" {
		return nil, errors.New("no command; vmrun -h shows the usage")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return nil, err
	}
	o.runner = self
	// Set-up puts the kernels beside the folder of the programs.
	o.cache = filepath.Join(filepath.Dir(filepath.Dir(self)), ".cache/vm")
	if dir := os.Getenv("VMRUN_CACHE"); dir != "" {
		o.cache = dir
	}
	return o, nil
}

// config turns the command line into a run.
func (o *options) config() (*vm.Config, error) {
	kernel, err := vm.Find(o.kernel, o.cache)
	if err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	cfg := &vm.Config{
		Kernel:  kernel,
		Command: o.command,
		Dir:     dir,
		Env:     environment(os.Environ(), o.env),
		Outputs: testOutputs(o.command[1:], dir),
		CPUs:    o.smp,
		Memory:  o.mem,
		Timeout: o.timeout,
		Runner:  o.runner,
	}
	if cover := os.Getenv("GOCOVERDIR"); cover != "" {
		cfg.Outputs = append(cfg.Outputs, absolute(cover, dir))
	}
	if own, ok := testTimeout(o.command[1:]); ok && !o.timed {
		cfg.Timeout = own
	}
	for _, w := range o.writable {
		w = absolute(w, dir)
		if info, err := os.Stat(w); err != nil {
			return nil, err
		} else if !info.IsDir() {
			return nil, fmt.Errorf("-w %s: not a directory", w)
		}
		cfg.Writable = append(cfg.Writable, w)
	}
	return cfg, nil
}

func absolute(path, dir string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// environment picks what the command gets of environ, and adds extra: NAME,
// taken from environ, or NAME=VALUE.
func environment(environ []string, extra []string) []string {
	wanted := map[string]bool{"TERM": true, "PATH": true, "HOME": true}
	var env []string
	for _, e := range extra {
		if strings.Contains(e, "=") {
			env = append(env, e)
		} else {
			wanted[e] = true
		}
	}
	var passed []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if wanted[name] || strings.HasPrefix(name, "GO") ||
			strings.HasPrefix(name, "ROK_") || strings.HasPrefix(name, "VMRUN_") {
			passed = append(passed, e)
		}
	}
	return append(passed, env...)
}

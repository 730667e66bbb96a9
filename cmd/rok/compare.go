package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/bench/compare"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/units"
)

// compareFlags are the flags of rok compare as they were typed.
type compareFlags struct {
	device, destroy string
	size, engine    string
	seconds         float64
	html, stateDir  string
	quiet           *bool
	relay           bool // progress as JSON lines, for the rok that started the machine
	format          *cli.Format
}

func compareCommand(e *env) *cobra.Command {
	f := &compareFlags{}
	c := &cobra.Command{
		Use:   "compare",
		Short: "Measure thick beside thin on this machine, and let space end",
		Long: `Measure thick volumes beside thin ones, 4 KiB at random, and show what each
does when space ends and what it takes to recover.

It runs where device-mapper is: on this machine, as root, or else in a virtual
machine (bin/vmrun), on two backings: memory, which shows what the mapping costs
in CPU, and a disk with latency, which shows what the additional I/Os cost. What
was measured is said in the output. A run takes some five minutes, and leaves
nothing behind; what a run left that was killed, the next one removes.`,
		Example: "  rok compare --seconds 0.5 -o json --html report.html",
		Args:    cli.Args(0, 0),
	}
	flags := c.Flags()
	flags.StringVar(&f.device, "device", "", "stand on this disk in place of a file; what is on it is lost")
	flags.StringVar(&f.destroy, "destroy", "", "name the disk again where something is on it")
	flags.StringVar(&f.size, "size", "", "size of each volume (default 64MiB)")
	flags.Float64Var(&f.seconds, "seconds", 2, "time for each target and load that lasts")
	flags.StringVar(&f.engine, "engine", "libaio", "how I/O is issued: libaio or io_uring")
	flags.StringVar(&f.html, "html", "", "write a report to this file too")
	flags.StringVar(&f.stateDir, "state-dir", cmp.Or(e.getenv("ROK_STATE_DIR"), "/var/lib/rok"), "where the backing file is made, without --device")
	flags.BoolVar(&f.relay, "relay-progress", false, "")
	_ = flags.MarkHidden("relay-progress")
	f.quiet = cli.QuietFlag(c)
	f.format = cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error { return f.run(c, e) }
	return c
}

// config is what the flags ask for, on this machine or in the virtual one.
func (f *compareFlags) config(e *env) (compare.Config, error) {
	cfg := compare.Config{
		Dir:      filepath.Join(f.stateDir, "compare"),
		Device:   f.device,
		Destroy:  f.destroy,
		CellTime: time.Duration(f.seconds * float64(time.Second)),
	}
	if inMachine(e) {
		// Its files are in memory, and go with it.
		cfg.Virtual, cfg.Dir = true, cmp.Or(e.getenv("TMPDIR"), "/tmp")
	}
	if f.size != "" {
		size, err := units.ParseBytes(f.size)
		if err != nil {
			return cfg, cli.Usagef("--size: %v", err)
		}
		cfg.Size = size
	}
	kind, err := engine.ParseKind(f.engine)
	if err != nil || kind == engine.PSync {
		return cfg, cli.Usagef("--engine %s: want libaio or io_uring: queue depths above 1 need one of them", f.engine)
	}
	cfg.Engine = kind
	switch {
	case f.seconds < 0.1 || f.seconds > 600:
		return cfg, cli.Usagef("--seconds %v: want 0.1 to 600", f.seconds)
	case f.destroy != "" && f.destroy != f.device:
		return cfg, cli.Usagef("--destroy %s: must name the same disk as --device", f.destroy)
	}
	if err := cfg.Check(); err != nil {
		return cfg, cli.Usagef("%v", err)
	}
	return cfg, nil
}

// inMachine reports whether this is rok's own virtual machine.
func inMachine(e *env) bool { return e.getenv("VMRUN") == "1" }

func (f *compareFlags) run(c *cobra.Command, e *env) error {
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	c.SetContext(ctx)
	cfg, err := f.config(e)
	if err != nil {
		return err
	}
	if err := f.checkHTML(); err != nil {
		return err
	}
	conn, err := deviceMapper(e)
	var report *compare.Report
	switch {
	case err == nil:
		report, err = f.here(c, conn, cfg)
		err = errors.Join(err, conn.Close())
	case inMachine(e):
	case f.device != "":
		return &compare.RefusedError{
			Device: f.device, Reason: "cannot be measured from the virtual machine",
			Hint: "run on a host with device-mapper, as root: " + err.Error(),
		}
	default:
		report, err = f.inVM(c, e, cfg)
	}
	if err != nil {
		return err
	}
	if err := f.writeHTML(report); err != nil {
		return err
	}
	if f.format.JSON() {
		return cli.JSON(c.OutOrStdout(), report)
	}
	return report.WriteTable(c.OutOrStdout())
}

// here measures on this machine.
func (f *compareFlags) here(c *cobra.Command, conn *dm.Conn, cfg compare.Config) (*compare.Report, error) {
	shown := f.progress(c)
	defer shown.end()
	cfg.Progress = shown.set
	plan, err := f.plan(cfg, shown)
	if err != nil {
		return nil, err
	}
	report, err := plan.Run(c.Context(), conn)
	if err == nil || c.Context().Err() == nil {
		return report, err
	}
	if left, ok := errors.AsType[*compare.LeftError](err); ok {
		return nil, left
	}
	return nil, interrupted()
}

// plan makes the plan and shows it.
func (f *compareFlags) plan(cfg compare.Config, shown *compareProgress) (*compare.Plan, error) {
	plan, err := compare.NewPlan(cfg)
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	if !f.relay {
		shown.plan(plan.Lines())
	}
	return plan, nil
}

// interrupted is what Ctrl-C leaves to say.
func interrupted() error {
	return &cli.Error{Err: errors.New("compare: interrupted"), Next: "nothing is left; run it again to measure", Code: cli.Failed}
}

// checkHTML makes a wrong path show before minutes are spent.
func (f *compareFlags) checkHTML() error {
	if f.html == "" {
		return nil
	}
	if st, err := os.Stat(f.html); err == nil && st.IsDir() {
		return cli.Usagef("--html %s: is a directory", f.html)
	}
	probe, err := os.CreateTemp(filepath.Dir(f.html), htmlTemporary)
	if err != nil {
		return cli.Usagef("--html %s: %v", f.html, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

const htmlTemporary = ".rok-compare-*.html"

// writeHTML writes the report that --html names, all of it or nothing.
func (f *compareFlags) writeHTML(r *compare.Report) error {
	if f.html == "" {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(f.html), htmlTemporary)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	// Temporary files are for their owner alone; a report is for showing.
	err = errors.Join(r.WriteHTML(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), f.html)
	}
	if err != nil {
		return fmt.Errorf("write report: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

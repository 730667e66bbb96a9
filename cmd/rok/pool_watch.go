package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// poolEventView is a line of "rok pool watch -o json". Figures are null where the
// kernel did not say.
type poolEventView struct {
	Time     time.Time    `json:"time"`
	Event    string       `json:"event"`
	VG       string       `json:"vg"`   // empty: of the watcher
	Pool     string       `json:"pool"` // likewise
	Message  string       `json:"message"`
	State    string       `json:"state"`
	Used     *units.Bytes `json:"data_used_bytes"`
	Size     *units.Bytes `json:"data_size_bytes"`
	MetaUsed *units.Bytes `json:"metadata_used_bytes"`
	MetaSize *units.Bytes `json:"metadata_size_bytes"`
}

// poolWatching is what the flags of "rok pool watch" say, and what it works with.
type poolWatching struct {
	c                    *cobra.Command
	config               *configuration
	format               *cli.Format
	metrics, metricsFile string
	interval, timeout    time.Duration

	watcher *pool.Watcher
	hooks   *hooks
	events  chan poolEventView
	looks   chan struct{}
	stop    context.CancelFunc
}

// eventQueue is how many events may wait to be printed.
const eventQueue = 1000

// lockLimit is how long one pool's VG is waited for, while the others wait.
const lockLimit = 10 * time.Second

func poolWatch(e *env) *cobra.Command {
	w := new(poolWatching)
	c := &cobra.Command{
		Use:   "watch",
		Short: "Watch thin pools, and extend them in time",
		Long: `Watch all thin pools, and do what [pool.VG/POOL] in daemons.conf says: extend a pool's
data and metadata from the free extents of its group, refuse new volumes below a reserve,
and when nothing is left queue writes, fail them, or drop snapshots. A pool without such a
section is only watched. docs/configuration.md has the keys.

Each event is a line, or with -o json a document in a line of its own. SIGTERM and Ctrl-C
end it, with nothing half done; at SIGHUP it reads its configuration again.`,
		Example: "  rok pool watch --timeout 1s\n  rok pool watch --timeout 1s --metrics 127.0.0.1:0",
		Args:    cli.Args(0, 0),
	}
	s := storageFlags(c, e)
	w.c, w.format, w.config = c, cli.OutputFlag(c), configFlag(c, e)
	f := c.Flags()
	f.StringVar(&w.metrics, "metrics", "", "answer GET /metrics at this `ADDR`, such as 127.0.0.1:9633")
	f.StringVar(&w.metricsFile, "metrics-file", "", "keep the same in a `FILE`, such as node_exporter's rok.prom")
	f.DurationVar(&w.interval, "interval", 10*time.Second, "how often pools are looked at without the kernel's word")
	f.DurationVar(&w.timeout, "timeout", 0, "end after this time")
	c.RunE = func(c *cobra.Command, args []string) error {
		if w.interval < 100*time.Millisecond || w.timeout < 0 {
			return cli.Usagef("--interval is 100ms at least, and --timeout not negative")
		}
		if len(s.images) > 0 {
			return cli.Usagef("image files have no pools that are active")
		}
		if s.wait == 0 {
			s.wait = lockLimit
		}
		s.lasting = true
		return s.looking(s.withPools(w.run))(c, args)
	}
	return c
}

func (w *poolWatching) run(c *cobra.Command, h pool.Host, _ []string) error {
	policies, err := w.config.policies()
	if err != nil {
		return err
	}
	if h.Conn == nil {
		return deviceMapperError(&dm.Error{Op: "watch pools", Err: errors.ErrUnsupported})
	}
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, w.stop = context.WithCancel(ctx)
	defer w.stop()
	if w.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.timeout)
		defer cancel()
	}
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	reload := make(chan pool.Configuration)
	w.watcher = pool.NewWatcher(pool.WatcherConfig{
		Host: h, Policies: policies, Ticks: ticker.C, Reload: reload, Report: w.report, Looked: w.looked,
	})
	var parts []func() error
	if w.metrics != "" {
		listener, err := pool.ListenMetrics(w.metrics)
		if err != nil {
			return fmt.Errorf("answer with metrics: %w", err)
		}
		c.PrintErrf("rok: metrics at http://%s/metrics\n", listener.Addr())
		parts = append(parts, func() error {
			return pool.ServeMetrics(ctx, listener, func() []byte { return w.watcher.AppendMetrics(nil) })
		})
	}
	w.hooks = newHooks(c.ErrOrStderr())
	defer w.hooks.close()
	w.events, w.looks = make(chan poolEventView, eventQueue), make(chan struct{}, 1)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	parts = append(parts,
		func() error { return w.follow(ctx, hup, reload) },
		w.print,
		w.keepMetrics,
		func() error {
			defer close(w.events)
			defer close(w.looks)
			return w.watcher.Run(ctx)
		},
	)
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part() }()
	}
	for range parts {
		if partErr := <-ended; partErr != nil {
			err = errors.Join(err, partErr)
			w.stop() // the others end, too
		}
	}
	return err
}

// follow reads the configuration again at each signal. One that is wrong changes
// nothing.
func (w *poolWatching) follow(ctx context.Context, hup <-chan os.Signal, reload chan<- pool.Configuration) error {
	for {
		select {
		case <-hup:
		case <-ctx.Done():
			return nil
		}
		var next pool.Configuration
		next.Policies, next.Err = w.config.policies()
		select {
		case reload <- next:
		case <-ctx.Done():
			return nil
		}
	}
}

// looked has the file of metrics written, soon.
func (w *poolWatching) looked() {
	select {
	case w.looks <- struct{}{}:
	default: // it will be
	}
}

// keepMetrics writes the file of metrics when pools were looked at. It is beside the
// watcher, since the file may be on a pool that is full.
func (w *poolWatching) keepMetrics() error {
	for range w.looks {
		if w.metricsFile == "" {
			continue
		}
		if err := pool.WriteMetricsFile(w.metricsFile, w.watcher.AppendMetrics(nil)); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

// report has an event printed, and the pool's hook run. It waits for neither: who
// reads what is printed may wait for the pool.
func (w *poolWatching) report(e pool.Event) {
	v := viewPoolEvent(e)
	w.hooks.run(e, v)
	select {
	case w.events <- v:
	default: // a thousand wait
	}
}

// print prints events as they come.
func (w *poolWatching) print() error {
	out := w.c.OutOrStdout()
	for v := range w.events {
		var err error
		if w.format.JSON() {
			err = cli.JSONLine(out, v)
		} else {
			of := v.VG + "/" + v.Pool
			if v.Pool == "" {
				of = "rok"
			}
			_, err = fmt.Fprintf(out, "%s  %s  %s: %s\n", v.Time.Format("2006-01-02T15:04:05.000Z"), of, v.Event, cli.Printable(v.Message))
		}
		if err = errors.Join(err, cli.Flush(w.c)); err != nil {
			return err
		}
	}
	return nil
}

func viewPoolEvent(e pool.Event) poolEventView {
	v := poolEventView{Time: e.Time.UTC(), Event: string(e.Name), VG: e.VG, Pool: e.Pool, Message: e.Message, State: e.Status.State.String()}
	if e.Status.Data.Total > 0 {
		v.Used, _ = used(e.Status.Data, e.ChunkSize)
		size := units.Bytes(e.Status.Data.Total) * units.Bytes(e.ChunkSize) * units.SectorSize
		v.Size = &size
		v.MetaUsed, _ = used(e.Status.Metadata, pool.MetadataBlock)
		metaSize := units.Bytes(e.Status.Metadata.Total) * units.Bytes(pool.MetadataBlock) * units.SectorSize
		v.MetaSize = &metaSize
	}
	return v
}

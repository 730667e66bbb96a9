package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// WatcherConfig is what a [Watcher] works with. Host has both of its fields.
type WatcherConfig struct {
	Host Host
	// Policies are by "VG/POOL". A pool without one is only watched.
	Policies map[string]*Policy
	// Ticks are when all pools are looked at, whatever the kernel says: its marks
	// are few, and it tells of each once. 10 s is right. Nil: only events are.
	Ticks <-chan time.Time
	// Reload brings other policies. Nil: they stay.
	Reload <-chan Configuration
	// Report gets each event, in order, from the goroutine of Run: while it runs no
	// pool is looked at. Nil: nobody does.
	Report func(Event)
	// Looked is called when all pools were looked at, and after each change, from the
	// same goroutine. Nil: nobody wants to know.
	Looked func()
	// Now is the clock of events. Nil: [time.Now].
	Now func() time.Time
}

// Configuration is what a configuration was found to be: policies, or what is wrong
// with it.
type Configuration struct {
	Policies map[string]*Policy
	Err      error
}

// Watcher watches all thin pools of a machine, and does what their policies say.
// Its methods may be called by several goroutines at once, but Run once alone.
type Watcher struct {
	cfg   WatcherConfig
	pools map[string]*watched // by "VG/POOL"; of Run's goroutine
	stale bool                // what the VGs say may have changed
	fault string              // of the last scan
	lost  map[string]bool     // policies of pools that are not there, which was said

	mu     sync.Mutex
	seen   []Seen
	counts map[count]uint64
}

// watched is a pool that is watched.
type watched struct {
	state  *State
	device *dm.Device
	uuid   string
	plan   Plan
	is     map[Name]bool   // reported, and so still
	known  map[lvm.ID]bool // volumes
	busy   map[lvm.ID]bool // snapshots that were in use when they were to go
	asked  time.Time       // when the kernel was
	marked uint64          // chunks that its low water mark was set for
	unset  bool            // it failed to be set: not again before the next tick
	rest   bool            // it failed to be changed: not again before the next tick
	faults map[string]bool // reported, and so still
}

// Seen is what a watcher knows of a pool, but for its volumes.
type Seen struct {
	State State
	Plan  Plan
	At    time.Time // when the kernel was asked
}

type count struct {
	vg, pool string
	name     Name
}

// NewWatcher returns a watcher, which does nothing before Run.
func NewWatcher(cfg WatcherConfig) *Watcher {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Report == nil {
		cfg.Report = func(Event) {}
	}
	if cfg.Looked == nil {
		cfg.Looked = func() {}
	}
	return &Watcher{cfg: cfg, pools: map[string]*watched{}, lost: map[string]bool{}, counts: map[count]uint64{}}
}

// Run watches until ctx ends, and returns nil then: nothing is half done. It fails
// where the kernel's events cannot be followed any more.
//
// A change waits for its VG's lock as the System's settings say, and other pools
// wait with it: they want a limit. One goroutine more waits for the kernel.
func (w *Watcher) Run(ctx context.Context) error {
	kernel, err := w.cfg.Host.Conn.Watch()
	if err != nil {
		return err
	}
	following, cancel := context.WithCancel(ctx)
	events, ended := make(chan []dm.Event), make(chan error, 1)
	go func() {
		ended <- follow(following, kernel, events)
		close(ended) // loop may have taken what was sent
	}()
	err = w.loop(ctx, events, ended)
	cancel()
	for range ended {
	}
	return errors.Join(err, kernel.Close())
}

// follow sends the kernel's events until ctx ends.
func follow(ctx context.Context, kernel *dm.Watcher, to chan<- []dm.Event) error {
	for {
		events, err := kernel.Next(ctx)
		if err != nil {
			return err
		}
		select {
		case to <- events:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *Watcher) loop(ctx context.Context, events <-chan []dm.Event, ended <-chan error) error {
	w.scan(ctx)
	w.lookAll(ctx)
	w.publish()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case err := <-ended:
			if ctx.Err() == nil {
				return err
			}
			return nil // the end that was asked for
		case list := <-events:
			w.heard(ctx, list)
		case <-w.cfg.Ticks:
			w.tick(ctx)
		case next := <-w.cfg.Reload:
			w.reconfigure(ctx, next)
		}
		w.publish()
	}
	return nil
}

// reconfigure takes other policies. Where there are none for what is wrong with
// them, the old ones stay.
func (w *Watcher) reconfigure(ctx context.Context, next Configuration) {
	if next.Err != nil {
		w.report(Event{Name: ConfigurationFail, Message: next.Err.Error()})
		return
	}
	w.cfg.Policies = next.Policies
	clear(w.lost)
	for _, p := range w.pools {
		p.marked = 0
	}
	w.report(Event{Name: Reconfigured, Message: fmt.Sprintf("policies of pools: %d", len(next.Policies))})
	w.scan(ctx)
	w.lookAll(ctx)
}

// heard acts on events: the pools that they are about are looked at now, what
// else changed in VGs at the next tick.
func (w *Watcher) heard(ctx context.Context, events []dm.Event) {
	for _, e := range events {
		if !strings.HasPrefix(e.UUID, "LVM-") {
			continue
		}
		known := false
		for _, p := range w.sorted() {
			if p.uuid == e.UUID {
				known = true
				w.look(ctx, p)
			}
		}
		if !known || e.Kind != dm.Changed {
			w.stale = true
		}
	}
}

// tick looks at all pools. The VGs are read where devices came or went, where a
// pool lacks extents, which its VG may have got since, and where it is larger than
// it was: there are no events of that.
func (w *Watcher) tick(ctx context.Context) {
	for _, p := range w.pools {
		p.rest, p.unset = false, false
		clear(p.busy)
		s := p.state
		w.stale = w.stale || p.plan.Has(DataNoRoom) || p.plan.Has(MetadataNoRoom) || p.plan.Has(BelowReserve) ||
			!s.Active || s.Status.Data.Total != s.chunks(s.Data)
	}
	if w.stale || w.fault != "" {
		w.scan(ctx)
	}
	w.lookAll(ctx)
}

func (w *Watcher) sorted() []*watched {
	return slices.SortedFunc(maps.Values(w.pools), func(a, b *watched) int {
		return cmp.Or(cmp.Compare(a.state.VG, b.state.VG), cmp.Compare(a.state.Pool, b.state.Pool))
	})
}

func (w *Watcher) lookAll(ctx context.Context) {
	for _, p := range w.sorted() {
		w.look(ctx, p)
	}
}

// looks is how often a pool is looked at in one go: what is done may not be
// enough, where it fills fast.
const looks = 4

// look asks the kernel about a pool, and does what is to be done.
func (w *Watcher) look(ctx context.Context, p *watched) {
	for range looks {
		if ctx.Err() != nil {
			return
		}
		err := w.cfg.Host.ask(p.state, p.device)
		if err != nil {
			w.failed(ctx, p, err)
			return
		}
		p.asked = w.cfg.Now()
		p.plan = w.decide(p, p.state)
		w.conditions(p)
		if p.plan.IsZero() && len(p.busy) == 0 {
			clear(p.faults)
		}
		if p.plan.IsZero() {
			w.mark(ctx, p)
		}
		if p.plan.IsZero() || p.rest {
			return
		}
		if !w.act(ctx, p) {
			return
		}
	}
}

// mark has the kernel tell of the pool's mark, where its size has changed.
func (w *Watcher) mark(ctx context.Context, p *watched) {
	total, policy := p.state.Status.Data.Total, w.policy(p.state)
	if policy == nil || p.unset || p.marked == total || stateEvent(p.state) != "" || lowWater(policy.Data.High, total) == 0 {
		return
	}
	if err := w.cfg.Host.setLowWater(ctx, p.state.VG, p.state.Pool, policy.Data.High); err != nil {
		p.unset = true
		w.failed(ctx, p, err)
		return
	}
	p.marked = total
}

func (w *Watcher) policy(s *State) *Policy { return w.cfg.Policies[s.VG+"/"+s.Pool] }

func (w *Watcher) decide(p *watched, s *State) Plan {
	for i := range s.Volumes {
		s.Volumes[i].Busy = p.busy[s.Volumes[i].ID]
	}
	return NewPlan(s, w.policy(s))
}

// conditions reports what begins, and the end of what was bad.
func (w *Watcher) conditions(p *watched) {
	now := map[Name]bool{}
	for _, c := range p.plan.Is {
		now[c.Name] = true
		if !p.is[c.Name] {
			w.say(p, c.Name, "%s", c.Message)
		}
	}
	if was := slices.ContainsFunc(stateNames(), func(n Name) bool { return p.is[n] }); was && stateEvent(p.state) == "" {
		w.say(p, Recovered, "it is writable again")
	}
	p.is = now
}

// stateNames are the conditions that are states of the pool itself.
func stateNames() []Name {
	return []Name{OutOfData, OutOfMetadata, ReadOnly, Failed, NeedsCheck, Inactive}
}

// act carries out what the pool's plan asks for, and reports whether another look
// makes sense.
func (w *Watcher) act(ctx context.Context, p *watched) bool {
	done, err := w.cfg.Host.Apply(ctx, p.state.VG, p.state.Pool, func(s *State) Plan { return w.decide(p, s) })
	if done.After != nil {
		before := done.Before
		p.state = done.After
		w.did(p, before, &done.Plan, err)
	}
	for _, warning := range done.Warnings {
		w.say(p, ActionFailed, "%v", warning)
	}
	if err == nil {
		return done.Plan.Drop == nil && !done.Plan.IsZero()
	}
	if drop := done.Plan.Drop; drop != nil {
		p.busy[drop.ID] = true // another one may go
		w.failed(ctx, p, err)
		return true
	}
	p.rest = true
	w.stale = true
	w.failed(ctx, p, err)
	return false
}

// publish makes what is known known to others.
func (w *Watcher) publish() {
	var seen []Seen
	for _, p := range w.sorted() {
		s := Seen{State: *p.state, Plan: p.plan, At: p.asked}
		s.State.Volumes, s.Plan.Drop = nil, nil // which are written to
		seen = append(seen, s)
	}
	w.mu.Lock()
	w.seen = seen
	w.mu.Unlock()
	w.cfg.Looked()
}

// Seen is what the watcher knows, by VG and pool.
func (w *Watcher) Seen() []Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

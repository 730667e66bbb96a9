package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const collectorLock = "lock/gc"

// CollectOptions say how a store is collected. The zero value frees what can be freed without
// waiting.
type CollectOptions struct {
	// DryRun finds out what would be condemned, and writes nothing.
	DryRun bool
	// Wait is how long to wait for sessions that began before. Zero does not wait: a later run goes
	// on where this one left.
	Wait time.Duration
	// Dir is for temporary files: 32 bytes for each object that maps need. "" keeps them in
	// memory.
	Dir string
	// Report, if any, is told how far it is after each step, by the goroutine that collects.
	Report func(Collected)
	// Timing is that of all who use the store; zeros are what the store was opened with.
	Timing Timing
}

// Collected is what a collection found and did.
type Collected struct {
	Epoch uint64 // the store's; 0 in one that was never collected
	Maps  int    // that were read

	Live      Amount // what maps need; spare copies are not in it
	Condemned Amount // what no map needs, and spare copies: newly found
	Freed     Amount // what was deleted; versions of objects that were put again are in it
	Rescued   Amount // what was condemned, and a map needs it after all: it stays
	// Missing counts objects that maps need and that are not there: "verify" tells which.
	Missing int64
	// Foreign counts keys between those of blocks and nodes that no store made. They stay.
	Foreign int64

	// Waiting are the sessions that may count on what is condemned. Where there are any, it is
	// not freed yet.
	Waiting []Waiting
}

// Amount is a number of objects, and their bytes as they are stored.
type Amount struct{ Objects, Bytes int64 }

func (a *Amount) add(size int64) {
	a.Objects++
	a.Bytes += size
}

// Waiting is a session that a collection waits for.
type Waiting struct {
	Purpose string
	Host    string
	PID     int
	// Until is when it is not waited for any more, unless it renews its lease: it is alive then.
	Until time.Time
}

// collector is one run.
type collector struct {
	*Store
	o     CollectOptions
	t     Timing
	lock  *tenure
	mark  *marker
	state epoch
	at    string // the state's version
	c     Collected
}

// Collect frees what no map needs and no session may count on. It goes on with what a former run
// condemned, then looks for more. It may be killed at any time. What it did up to an error, it returns
// too. Errors match [ErrLocked] where another run is under way, and [*MarkError] where a map cannot be read.
func (s *Store) Collect(ctx context.Context, o CollectOptions) (_ Collected, err error) {
	g := &collector{Store: s, o: o, t: o.Timing.or(s.timing).complete(s.bucket)}
	if !o.DryRun {
		if g.lock, err = s.hold(ctx, g.t, collectorLock, "collect", 0); err != nil {
			return Collected{}, err
		}
		renewal, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			g.lock.upkeep(renewal)
		}()
		defer func() {
			stop()
			<-done
			_ = g.lock.release(context.WithoutCancel(ctx)) // else it runs out
		}()
	}
	if g.mark, err = newMarker(s, o.Dir, g.held); err != nil {
		return Collected{}, err
	}
	defer func() { err = errors.Join(err, g.mark.live.close()) }()
	if err = g.run(ctx); err == nil && !o.DryRun {
		err = errors.Join(g.superseded(ctx, mapPrefix), g.superseded(ctx, "gc/"))
	}
	if err != nil {
		err = fmt.Errorf("store: collect %s: %w", s.Address(), err)
	}
	g.c.Epoch, g.c.Maps = g.state.Number, len(g.mark.seen)
	return g.c, err
}

func (g *collector) run(ctx context.Context) (err error) {
	if g.state, g.at, err = g.epoch(ctx); err != nil {
		return err
	}
	if g.o.DryRun {
		if err := g.mark.all(ctx); err != nil {
			return err
		}
		if err := g.condemn(ctx, 0); err != nil {
			return err
		}
		return g.waiting(ctx, g.state.Number+1)
	}
	if g.state.Condemned {
		if done, err := g.finish(ctx); err != nil || !done {
			return err
		}
	}
	next, err := g.tidy(ctx)
	if err != nil {
		return err
	}
	if err := g.mark.all(ctx); err != nil {
		return err
	}
	if err := g.condemn(ctx, next); err != nil {
		return err
	}
	g.report()
	if g.c.Condemned.Objects == 0 {
		if err := g.waiting(ctx, 0); err != nil { // leases that ran out go
			return err
		}
		return g.tidyMarks(ctx)
	}
	if err := g.set(ctx, epoch{Number: next, Condemned: true}); err != nil {
		return err
	}
	if done, err := g.finish(ctx); err != nil || !done {
		return err
	}
	return g.tidyMarks(ctx)
}

// held tells whether the lock is, so that nobody else collects.
func (g *collector) held() error {
	if g.lock == nil {
		return nil
	}
	return g.lock.check()
}

// step is held before what is written. From here on the lock lasts for half a TTL: so long this process may be slow to send it, and it arrives
// before anybody else collects.
func (g *collector) step(ctx context.Context) error {
	if g.lock == nil {
		return nil
	}
	return g.lock.lasts(ctx)
}

// unsure is told of an error of what was written: it may still arrive, so that nobody may
// collect before the lock has run out.
func (g *collector) unsure(err error) error {
	if err != nil {
		g.lock.keep()
	}
	return err
}

func (g *collector) report() {
	if g.o.Report != nil {
		g.c.Maps = len(g.mark.seen)
		g.o.Report(g.c)
	}
}

// set writes the collector's state.
func (g *collector) set(ctx context.Context, e epoch) error {
	if err := g.step(ctx); err != nil {
		return err
	}
	e.Began, e.By = g.t.Clock.Now(), thisProcess().Host
	at, err := g.setEpoch(ctx, e, g.at)
	if err != nil {
		return g.unsure(err)
	}
	g.state, g.at = e, at
	return nil
}

// finish frees what is condemned, when no session that began before may count on it. It reports false where
// there are such.
func (g *collector) finish(ctx context.Context) (done bool, err error) {
	for end := g.t.Clock.Now().Add(g.o.Wait); ; {
		if err := g.step(ctx); err != nil {
			return false, err
		}
		if err := g.waiting(ctx, g.state.Number); err != nil {
			return false, err
		}
		g.report()
		if len(g.c.Waiting) == 0 {
			break
		}
		wait := min(end.Sub(g.t.Clock.Now()), 2*time.Second)
		if wait <= 0 {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-g.t.Clock.After(wait):
		}
	}
	// Those sessions' maps are there by now. Later ones do not count on what is condemned.
	if err := g.mark.all(ctx); err != nil {
		return false, err
	}
	if err := g.sweep(ctx); err != nil {
		return false, err
	}
	return true, g.set(ctx, epoch{Number: g.state.Number})
}

package store

import (
	"context"
	"errors"
	"slices"
)

// waiting finds the sessions that began before an epoch, and takes the leases of those that are over: of
// all sessions, so that nothing is left of them.
func (g *collector) waiting(ctx context.Context, epoch uint64) error {
	g.c.Waiting = nil
	for info, err := range g.bucket.List(ctx, "lease/") {
		if err != nil {
			return err
		}
		h, version, err := g.holder(ctx, info.Key)
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			return err
		}
		if h.over(g.t, g.bucket) && !g.o.DryRun {
			if err := g.step(ctx); err != nil {
				return err
			}
			taken, err := g.take(ctx, info.Key, h, version)
			if err != nil {
				return err
			}
			if taken {
				continue
			}
		}
		if h.Epoch < epoch && !(g.o.DryRun && h.over(g.t, g.bucket)) {
			g.c.Waiting = append(g.c.Waiting, Waiting{h.Purpose, h.Host, h.PID, h.until(g.t)})
		}
	}
	return nil
}

// tidy removes lists that no state names, which a killed run left, and locks that are over. It
// returns the epoch that comes next: one that no list ever had, as far as can be seen.
func (g *collector) tidy(ctx context.Context) (next uint64, err error) {
	next = g.state.Number
	var lists []string
	for info, err := range g.bucket.List(ctx, condemnedPrefix) {
		if err != nil {
			return 0, err
		}
		lists = append(lists, info.Key)
		if epoch, ok := parseCondemnedKey(info.Key); ok {
			next = max(next, epoch)
		}
	}
	if err := g.delete(ctx, lists); err != nil {
		return 0, err
	}
	return next + 1, errors.Join(g.tidyLocks(ctx), g.tidyProbes(ctx))
}

// tidyLocks removes locks whose holders are over. They are taken as by anybody who needs them, so that
// nobody else's is removed.
func (g *collector) tidyLocks(ctx context.Context) error {
	for info, err := range g.bucket.List(ctx, "lock/") {
		if err != nil {
			return err
		}
		if info.Key == collectorLock {
			continue
		}
		h, _, err := g.holder(ctx, info.Key)
		if errors.Is(err, ErrMissing) || err == nil && !h.over(g.t, g.bucket) {
			continue
		}
		if err != nil {
			return err
		}
		lock, err := g.hold(ctx, g.t, info.Key, "tidy", 0)
		if errors.Is(err, ErrLocked) {
			continue
		}
		if err == nil {
			err = lock.release(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tidyProbes removes what was put to find out whether the bucket keeps conditions, by programs that were killed: it is older than
// any request.
func (g *collector) tidyProbes(ctx context.Context) error {
	for info, err := range g.bucket.List(ctx, probePrefix) {
		if err != nil {
			return err
		}
		if g.t.Clock.Now().Sub(info.Modified) <= g.t.TTL+2*(g.t.Delay+g.t.Margin) {
			continue
		}
		if err := g.delete(ctx, []string{info.Key}); err != nil {
			return err
		}
	}
	return nil
}

// tidyMarks removes bad marks of objects that no map needs and that are not there.
func (g *collector) tidyMarks(ctx context.Context) error {
	bad, err := g.badNames(ctx)
	if err != nil {
		return err
	}
	for o := range bad {
		there, err := g.needs(ctx, o)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := g.delete(ctx, []string{badKey(o.kind, o.name)}); err != nil {
			return err
		}
	}
	return nil
}

// needs tells whether a map needs an object, or it has copies.
func (g *collector) needs(ctx context.Context, o nameKey) (bool, error) {
	live, err := g.mark.live.names(o.kind, o.name[0])
	if err != nil {
		return false, err
	}
	if _, needed := slices.BinarySearchFunc(live, o.name, compareNames); needed {
		return true, nil
	}
	for _, err := range g.bucket.List(ctx, o.copy(0).base()) {
		return err == nil, err
	}
	return false, nil
}

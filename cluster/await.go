package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// poll is how long a change that a watch did not tell can stay unseen.
const poll = time.Second

// await reads the state, and again whenever something changes, until a condition holds or the
// time is over; the last state is returned in either case.
func (c *Cluster) await(ctx context.Context, most time.Duration, holds func(*State) bool) (*State, error) {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var changed <-chan struct{}
	for {
		s, err := c.Read(ctx)
		if err != nil || holds(s) {
			return s, err
		}
		if changed == nil {
			changed = c.changes(limited, s.store, func(string) bool { return true })
		}
		tick := time.NewTimer(poll)
		select {
		case <-limited.Done():
			tick.Stop()
			return s, ctx.Err()
		case <-changed:
			tick.Stop()
		case <-tick.C:
		}
	}
}

// changes tells of changes after a revision of the store, several at once maybe, until ctx ends; 0 stands for the
// present one. It goes on after the store was away, and where the store knows the changes no more, it tells
// that there may be some. Those of keys that do not matter are passed over.
func (c *Cluster) changes(ctx context.Context, after int64, matters func(key string) bool) <-chan struct{} {
	changed := make(chan struct{}, 1)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	go func() {
		for known := after > 0; ctx.Err() == nil; {
			if !known { // all that ever changed is not of interest, and a lot
				if now, err := c.Store.List(ctx, keyRevision); err == nil {
					known, after = true, now.Revision
					tell()
				}
			}
			if known {
				var err error
				after, err = c.follow(ctx, after, matters, tell)
				known = !errors.Is(err, kv.ErrCompacted)
			}
			again := time.NewTimer(poll)
			select {
			case <-ctx.Done():
				again.Stop()
				return
			case <-again.C:
			}
		}
	}()
	return changed
}

// follow tells of changes until the watch ends, and returns the last revision that it saw.
func (c *Cluster) follow(ctx context.Context, after int64, matters func(string) bool, tell func()) (int64, error) {
	for events, err := range c.Store.Watch(ctx, watched, after) {
		if err != nil {
			return after, err
		}
		heard := false
		for _, e := range events {
			after = max(after, e.Modified)
			heard = heard || matters(e.Key)
		}
		if heard {
			tell()
		}
	}
	return after, nil
}

// AwaitApplied waits until members work with the published configuration: all of them, or, with
// those alone whose agents run, the others are passed over. It returns who does not.
func (c *Cluster) AwaitApplied(ctx context.Context, most time.Duration, aliveOnly bool) (behind []string, err error) {
	s, err := c.await(ctx, most, func(s *State) bool {
		for _, h := range s.Behind() {
			if _, alive := s.Alive[h]; alive || !aliveOnly {
				return false
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return s.Behind(), nil
}

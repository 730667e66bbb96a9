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
func (c *Cluster) await(ctx context.Context, most time.Duration, after int64, holds func(*State) bool) (*State, error) {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	changed := c.changes(limited, after)
	for {
		s, err := c.Read(ctx)
		if err != nil || holds(s) {
			return s, err
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

// changes tells of changes, several at once maybe, until ctx ends. It goes on after the store
// was away.
func (c *Cluster) changes(ctx context.Context, after int64) <-chan struct{} {
	changed := make(chan struct{}, 1)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	go func() {
		for ctx.Err() == nil {
			for events, err := range c.Store.Watch(ctx, watched, after) {
				if err != nil {
					if errors.Is(err, kv.ErrCompacted) {
						after = 0
					}
					break
				}
				for _, e := range events {
					after = max(after, e.Modified)
				}
				tell()
			}
			again := time.NewTimer(poll)
			select {
			case <-ctx.Done():
				again.Stop()
				return
			case <-again.C:
			}
			if after == 0 { // what was compacted is seen by a reading
				tell()
				if list, err := c.Store.Get(ctx, keyRevision); err == nil {
					after = max(after, list.Modified)
				}
			}
		}
	}()
	return changed
}

// AwaitApplied waits until members work with the published configuration: all of them, or, with
// those alone whose agents run, the others are passed over. It returns who does not.
func (c *Cluster) AwaitApplied(ctx context.Context, most time.Duration, aliveOnly bool) (behind []string, err error) {
	s, err := c.await(ctx, most, 0, func(s *State) bool {
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

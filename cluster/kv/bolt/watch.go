package bolt

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

const (
	pollAlone    = time.Second      // where there is no inotify
	pollNotified = 10 * time.Second // where there is
)

// Watch is [kv.Store.Watch]. It goes on where a lock was not had in time. A store that was removed
// or replaced by an older one is [kv.ErrCompacted].
func (s *Store) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[[]kv.Event, error] {
	return func(yield func([]kv.Event, error) bool) {
		if err := kv.CheckPrefix(prefix); err != nil {
			yield(nil, s.fail("watch", prefix, err))
			return
		}
		w := &waiter{path: s.path}
		defer w.close()
		for ctx.Err() == nil {
			w.open() // before looking, so that no change is missed
			batches, next, err := s.look(ctx, after)
			if ctx.Err() != nil {
				return
			}
			if err != nil && !errors.Is(err, kv.ErrUnreachable) {
				yield(nil, s.fail("watch", prefix, err))
				return
			}
			for _, events := range batches {
				after++
				if events = rules.Matching(events, prefix); len(events) > 0 && !yield(events, nil) || ctx.Err() != nil {
					return
				}
			}
			if err != nil {
				next = pollAlone
			}
			w.wait(ctx, next)
		}
	}
}

// look returns the changes after a revision, and when the next lease ends; 0: there is none. It
// reaps those that have ended, where it may write.
func (s *Store) look(ctx context.Context, after int64) (batches [][]kv.Event, next time.Duration, err error) {
	for reaped := false; ; reaped = true {
		ended := false
		err := s.do(ctx, s.read, "watch", "", nil, func(t *table, now rules.Instant) error {
			leases, err := t.Leases()
			if err != nil {
				return err
			}
			next = 0
			for _, l := range leases {
				if left := l.Left(now); left == 0 {
					ended = true
				} else if next == 0 || left < next {
					next = left
				}
			}
			batches, err = t.since(after)
			return err
		})
		if err != nil || !ended || reaped {
			return batches, next, unwrapped(err)
		}
		err = s.do(ctx, s.write, "watch", "", nil, func(t *table, now rules.Instant) error {
			_, _, err := rules.Reap(t, now)
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, unix.EROFS) {
			return batches, next, unwrapped(err)
		}
	}
}

// unwrapped is what a [kv.Error] is about.
func unwrapped(err error) error {
	if e, ok := errors.AsType[*kv.Error](err); ok {
		return e.Err
	}
	return err
}

// waiter waits for changes of a file.
type waiter struct {
	path   string
	notify *notify // nil: there is none
}

func (w *waiter) open() {
	if w.notify == nil {
		w.notify, _ = newNotify(w.path) // it is tried again at the next poll
	}
}

// wait waits for a change, for the next end of a lease, or as long as a change may go unseen.
func (w *waiter) wait(ctx context.Context, next time.Duration) {
	poll := pollAlone
	var changed, ended chan struct{}
	if w.notify != nil {
		poll, changed, ended = pollNotified, w.notify.changed, w.notify.ended
	}
	if next > 0 {
		poll = min(poll, next+time.Millisecond)
	}
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-changed:
	case <-ended:
		w.close()
		select { // a directory that comes and goes is no reason to spin
		case <-ctx.Done():
		case <-timer.C:
		case <-time.After(pollAlone):
		}
	}
}

func (w *waiter) close() {
	if w.notify != nil {
		w.notify.close()
		w.notify = nil
	}
}

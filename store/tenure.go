package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// tenure is a lease or lock that somebody of this process has. An object says so, which is
// made where none is, and changed only by who has read it last: so there is one holder.
type tenure struct {
	s   *Store
	t   Timing
	key string

	mu      sync.Mutex // guards what follows; held while the object is written
	h       holder     // as it is known to be written
	version string
	unsure  bool  // the object may have been written without an answer
	lost    error // why it is not held any more
	linger  bool  // requests may be on their way: it is left to run out
}

// LockedError is a lock that another has. It matches [ErrLocked].
type LockedError struct {
	Key     string
	Purpose string
	Host    string
	PID     int
	Until   time.Time // when it is free at the latest, unless it is renewed
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: held by %q, process %d on %s, until %s if it is not renewed", e.Key, e.Purpose, e.PID, e.Host, e.Until.Format(time.RFC3339))
}

// Is reports whether target is [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// hold makes the object, or takes one that is over. Errors are a [*LockedError], an
// [*UnconditionalError], or the bucket's.
func (s *Store) hold(ctx context.Context, t Timing, key, purpose string, epoch uint64) (*tenure, error) {
	if err := s.conditions.require(ctx, s.bucket); err != nil {
		return nil, err
	}
	n := &tenure{s: s, t: t, key: key}
	n.h = holder{ID: uuid.New(), process: thisProcess(), Purpose: purpose, Epoch: epoch, Sequence: 1}
	condition := Condition{Absent: true}
	for {
		n.h.Expires = t.Clock.Now().Add(t.TTL)
		info, err := s.bucket.Put(ctx, key, bytes.NewReader(n.h.encode()), condition)
		if err == nil {
			n.version = info.Version
			return n, nil
		}
		if !errors.Is(err, ErrExists) && !errors.Is(err, ErrChanged) {
			return nil, err
		}
		h, version, err := s.holder(ctx, key)
		switch {
		case errors.Is(err, ErrMissing): // given back meanwhile
			condition = Condition{Absent: true}
		case err != nil:
			return nil, err
		case h.ID == n.h.ID: // a bucket that asks twice
			n.h, n.version = h, version
			return n, nil
		case !h.over(t, s.bucket):
			return nil, &Error{Op: "lock", Address: s.Address(), Key: key, Err: &LockedError{key, h.Purpose, h.Host, h.PID, h.until(t)}}
		default:
			condition = Condition{Version: version}
		}
	}
}

// holdWhenFree waits for a lock.
func (s *Store) holdWhenFree(ctx context.Context, t Timing, key, purpose string) (*tenure, error) {
	for {
		n, err := s.hold(ctx, t, key, purpose, 0)
		if !errors.Is(err, ErrLocked) {
			return n, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-t.Clock.After(200 * time.Millisecond):
		}
	}
}

// holder reads a lease or lock.
func (s *Store) holder(ctx context.Context, key string) (holder, string, error) {
	buf := make([]byte, maxHolder)
	n, info, err := s.bucket.Get(ctx, key, 0, buf)
	if err != nil {
		return holder{}, "", err
	}
	h, err := parseHolder(buf[:n])
	if err != nil {
		return holder{}, "", &Error{Op: "read", Address: s.Address(), Key: key, Err: err}
	}
	return h, info.Version, nil
}

// check tells whether it is held now, by the holder's own clock. Errors match [ErrLeaseLost].
func (n *tenure) check() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.checked()
}

func (n *tenure) checked() error {
	if n.lost == nil && n.t.Clock.Now().After(n.h.Expires) {
		n.lose("it ran out at " + n.h.Expires.Format(time.RFC3339))
	}
	return n.lost
}

func (n *tenure) lose(why string) {
	n.lost = &Error{Op: "hold", Address: n.s.Address(), Key: n.key, Err: fmt.Errorf("%s: %w", why, ErrLeaseLost)}
}

// renew makes it last for a TTL from now on. Errors that do not match [ErrLeaseLost] leave it as it
// was.
func (n *tenure) renew(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		if err := n.checked(); err != nil {
			return err
		}
		if n.unsure {
			if err := n.look(ctx); err != nil {
				return err
			}
		}
		next := n.h
		next.Expires = n.t.Clock.Now().Add(n.t.TTL)
		next.Sequence++
		info, err := n.s.bucket.Put(ctx, n.key, bytes.NewReader(next.encode()), Condition{Version: n.version})
		switch {
		case err == nil:
			n.h, n.version = next, info.Version
			return nil
		case errors.Is(err, ErrChanged), errors.Is(err, ErrMissing), errors.Is(err, ErrExists):
			n.unsure = true // a former renewal was done after all, or it was taken: look
		default:
			n.unsure = true
			return err
		}
	}
}

// renewWhole renews it, again where that took so long that less than half a TTL is left.
func (n *tenure) renewWhole(ctx context.Context) error {
	for {
		if err := n.renew(ctx); err != nil || n.left() >= n.t.TTL/2 {
			return err
		}
	}
}

// lasts renews it where less than half a TTL is left.
func (n *tenure) lasts(ctx context.Context) error {
	if err := n.check(); err != nil || n.left() >= n.t.TTL/2 {
		return err
	}
	return n.renewWhole(ctx)
}

// left is how long it lasts.
func (n *tenure) left() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.h.Expires.Sub(n.t.Clock.Now())
}

// look reads the object again.
func (n *tenure) look(ctx context.Context) error {
	h, version, err := n.s.holder(ctx, n.key)
	switch {
	case errors.Is(err, ErrMissing):
		n.lose("it is gone")
		return n.lost
	case err != nil:
		return err
	case h.ID != n.h.ID, h.Taken:
		n.lose("another has taken it")
		return n.lost
	}
	n.h, n.version, n.unsure = h, version, false
	return nil
}

// outlasted tells whether somebody may have taken it before now. As long as nobody could, the
// bucket is not asked.
func (n *tenure) outlasted(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.t.Clock.Now().After(n.h.Expires.Add(n.t.Delay)) {
		return nil
	}
	h, _, err := n.s.holder(ctx, n.key)
	if err == nil && h.ID == n.h.ID && !h.Taken {
		return nil
	}
	return &Error{Op: "hold", Address: n.s.Address(), Key: n.key, Err: errors.Join(ErrLeaseLost, err)}
}

// upkeep renews it until it is lost or the context ends. What goes wrong is tried again, sooner.
func (n *tenure) upkeep(ctx context.Context) {
	for wait := n.t.TTL / 3; !n.t.Manual; {
		select {
		case <-ctx.Done():
			return
		case <-n.t.Clock.After(wait):
		}
		switch err := n.renew(ctx); {
		case errors.Is(err, ErrLeaseLost):
			return
		case err != nil:
			wait = n.t.TTL / 20
		default:
			wait = n.t.TTL / 3
		}
	}
}

// keep lets it run out when it is released: what was sent under it may still arrive.
func (n *tenure) keep() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.linger = true
}

// release gives it back, if it is held.
func (n *tenure) release(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.checked() != nil || n.linger && n.t.Delay > 0 {
		return nil
	}
	n.lose("it was given back")
	return n.s.bucket.Delete(ctx, n.key)
}

// take takes away a lease or lock that is over, and removes it. It reports false where the
// holder was quicker.
func (s *Store) take(ctx context.Context, key string, h holder, version string) (bool, error) {
	if !h.Taken {
		h.Taken = true
		h.Sequence++
		_, err := s.bucket.Put(ctx, key, bytes.NewReader(h.encode()), Condition{Version: version})
		switch {
		case errors.Is(err, ErrChanged), errors.Is(err, ErrMissing):
			return false, nil
		case err != nil:
			return false, err
		}
	}
	return true, s.bucket.Delete(ctx, key)
}

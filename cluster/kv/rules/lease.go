package rules

import (
	"fmt"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// Instant is a moment on a clock that never goes back, and counts from a machine's start on.
type Instant struct {
	Boot string // names the start that it counts from
	At   time.Duration
}

// Lease is one that was granted.
type Lease struct {
	ID   kv.LeaseID
	TTL  time.Duration
	Ends Instant
}

// Ended reports whether l is over: its time is, or the machine was started anew, which ends
// whoever held it.
func (l Lease) Ended(now Instant) bool { return l.Ends.Boot != now.Boot || now.At >= l.Ends.At }

// Left is the time until l ends, not below 0.
func (l Lease) Left(now Instant) time.Duration {
	if l.Ended(now) {
		return 0
	}
	return l.Ends.At - now.At
}

// Grant makes a lease with an ID that is free.
func Grant(t Table, now Instant, ttl time.Duration, id kv.LeaseID) error {
	if err := kv.CheckTTL(ttl); err != nil {
		return err
	}
	return set(t, now, Lease{ID: id, TTL: ttl})
}

func set(t Table, now Instant, l Lease) error {
	l.Ends = Instant{Boot: now.Boot, At: now.At + l.TTL}
	return t.SetLease(l)
}

// Renew begins the lease's time anew. Errors match [kv.ErrLeaseLost].
func Renew(t Table, now Instant, id kv.LeaseID) error {
	l, err := live(t, now, id)
	if err != nil {
		return err
	}
	return set(t, now, l)
}

// live returns a lease that has not ended.
func live(t Table, now Instant, id kv.LeaseID) (Lease, error) {
	l, err := t.Lease(id)
	if err == nil && (l.ID == 0 || l.Ended(now)) {
		err = fmt.Errorf("lease %x: %w", int64(id), kv.ErrLeaseLost)
	}
	return l, err
}

// Revoke ends a lease, and deletes the keys that were put with it. One that is not there is no error.
func Revoke(t Table, id kv.LeaseID) error {
	l, err := t.Lease(id)
	if err != nil || l.ID == 0 {
		return err
	}
	if err := t.DropLease(id); err != nil {
		return err
	}
	all, err := t.Entries("")
	if err != nil {
		return err
	}
	c := change{table: t}
	for _, e := range all {
		if e.Lease == id {
			c.delete(e)
		}
	}
	return c.done()
}

// Reap revokes the leases that have ended, and returns when the next one ends, where there
// is one.
func Reap(t Table, now Instant) (next time.Duration, any bool, err error) {
	leases, err := t.Leases()
	if err != nil {
		return 0, false, err
	}
	for _, l := range leases {
		if l.Ended(now) {
			if err := Revoke(t, l.ID); err != nil {
				return 0, false, err
			}
			continue
		}
		if left := l.Left(now); !any || left < next {
			next, any = left, true
		}
	}
	return next, any, nil
}

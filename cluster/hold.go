package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// holdTTL is how long what a command holds lasts when the command is killed.
const holdTTL = 10 * time.Second

// afterwards is how long giving back may take when the caller's time has ended.
const afterwards = 3 * time.Second

// HoldMaster runs f while this host is master: where nobody is, it takes the lease for as long as
// f runs. Where somebody is, f runs as it is, and its plan says what it thinks of that. Errors are f's,
// the store's, or of [State.CanLead].
func (c *Cluster) HoldMaster(ctx context.Context, f func(context.Context) error) error {
	return c.hold(ctx, keyMaster, func(s *State) ([]byte, error) {
		_, alive := s.Alive[c.Host]
		if s.Schema == 0 || s.Master.Host != "" && (s.Master.Host != c.Host || alive) {
			return nil, nil
		}
		if err := s.CanLead(c.Host, c.Code); err != nil {
			return nil, err
		}
		if s.Heir != "" && s.Heir != c.Host {
			return nil, &Refusal{Op: "become master", Reason: s.Heir + " is to become it", Members: []string{s.Heir}}
		}
		return encode(Master{c.Host, c.Code.Version, c.now()}), nil
	}, f)
}

// holdSlot runs f while it is this host's turn to upgrade its node.
func (c *Cluster) holdSlot(ctx context.Context, target Migration, f func(context.Context) error) error {
	return c.hold(ctx, keySlot, func(s *State) ([]byte, error) {
		if done, err := CheckNode(s, c.Host, c.Code, target); err != nil || done {
			return nil, err
		}
		return []byte(c.Host), nil
	}, f)
}

// hold puts a key with a lease, which it keeps until f returns. value says with what, on the
// State that the put is guarded by; nil: f runs without.
func (c *Cluster) hold(ctx context.Context, key string, value func(*State) ([]byte, error), f func(context.Context) error) (err error) {
	s, err := c.Read(ctx)
	if err != nil {
		return err
	}
	v, err := value(s)
	if err != nil {
		return err
	}
	if v == nil {
		return f(ctx)
	}
	lease, err := c.Store.Grant(ctx, holdTTL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.giveBack(ctx, lease)) }()
	for range tries {
		r, err := c.Store.Txn(ctx, kv.Txn{
			If:   []kv.Compare{s.guard(keyRevision), s.guard(key)},
			Then: []kv.Op{kv.PutLeased(key, v, lease)},
			Else: readOps(),
		})
		if err != nil {
			return err
		}
		if r.Succeeded {
			return c.keeping(ctx, lease, f)
		}
		if s, err = decode(r); err != nil {
			return err
		}
		if v, err = value(s); err != nil {
			return err
		}
		if v == nil {
			return f(ctx)
		}
	}
	return fmt.Errorf("%s: hold %s: %w", c.Host, key, ErrBusy)
}

// giveBack ends a lease also where ctx has ended. A store that does not answer lets it run out.
func (c *Cluster) giveBack(ctx context.Context, lease kv.LeaseID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := c.Store.Revoke(ctx, lease); err != nil && !errors.Is(err, kv.ErrUnreachable) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// keeping runs f and renews the lease meanwhile. When that is lost, f's context ends.
func (c *Cluster) keeping(ctx context.Context, lease kv.LeaseID, f func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		tick := time.NewTicker(holdTTL / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := c.Store.Renew(ctx, lease); errors.Is(err, kv.ErrLeaseLost) {
				stop(err)
				return
			}
		}
	}()
	err := f(ctx)
	lost := context.Cause(ctx)
	stop(nil)
	<-renewed
	if err != nil && errors.Is(lost, kv.ErrLeaseLost) {
		return errors.Join(lost, err)
	}
	return err
}

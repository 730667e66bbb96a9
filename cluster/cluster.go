package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// tries is how often a change is planned anew where others were faster.
const tries = 100

// Cluster is a cluster, seen from one of its hosts.
type Cluster struct {
	Store kv.Store
	Host  string
	Code  Code
	Now   func() time.Time // nil: time.Now
	// First has this host made the only member, and a capable one, of a cluster that is not there yet,
	// by whatever is called.
	First bool
}

func (c *Cluster) now() time.Time {
	if c.Now != nil {
		return c.Now().UTC()
	}
	return time.Now().UTC().Truncate(time.Second)
}

// Read returns what the store has, in one round trip. A schema that the code does not know is not
// looked at further: [ErrSchema].
func (c *Cluster) Read(ctx context.Context) (*State, error) {
	s, err := c.read(ctx)
	if err == nil && c.First && s.fresh() {
		if _, err = c.Ensure(ctx); err == nil {
			s, err = c.read(ctx)
		}
	}
	if err == nil && s.Schema != 0 {
		err = c.Code.Check(s.Schema)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (c *Cluster) read(ctx context.Context) (*State, error) {
	r, err := c.Store.Txn(ctx, kv.Txn{Then: readOps()})
	if err != nil {
		return nil, err
	}
	return decode(r)
}

// fresh reports whether there is no cluster.
func (s *State) fresh() bool { return s.Schema == 0 && s.Revision == 0 }

// Done is a change that was written, or had nothing to write.
type Done struct {
	Before   *State
	Change   Change
	Revision int64 // after it
}

// Change plans on what the store has and writes the change, if it is none of nothing. It plans
// anew where something changed meanwhile. Errors are the plan's, the store's, [ErrBusy],
// [ErrTooLarge], [ErrSchema]; whether the change was written is not known where one matches
// [kv.ErrUnreachable]: planning again tells.
func (c *Cluster) Change(ctx context.Context, plan func(*State) (Change, error)) (Done, error) {
	s, err := c.Read(ctx)
	return c.changeFrom(ctx, s, err, plan)
}

func (c *Cluster) changeFrom(ctx context.Context, s *State, err error, plan func(*State) (Change, error)) (Done, error) {
	for range tries {
		if err != nil {
			return Done{}, err
		}
		if s.Schema != 0 {
			if err := c.Code.Check(s.Schema); err != nil {
				return Done{}, err
			}
		}
		change, err2 := plan(s)
		if err2 != nil || change.Empty() {
			return Done{Before: s, Change: change, Revision: s.Revision}, err2
		}
		t, err2 := s.txn(change, c.Host, c.now())
		if err2 != nil {
			return Done{}, err2
		}
		r, err2 := c.Store.Txn(ctx, t)
		if err2 != nil {
			return Done{}, fmt.Errorf("%s: %w", change.Command, err2)
		}
		if r.Succeeded {
			return Done{Before: s, Change: change, Revision: s.Revision + 1}, nil
		}
		s, err = decode(r)
	}
	return Done{}, fmt.Errorf("%s: tried %d times: %w", c.Host, tries, ErrBusy)
}

// Ensure makes a cluster where there is none: this host is its only member, and capable. It
// reports whether it did.
func (c *Cluster) Ensure(ctx context.Context) (bool, error) {
	if err := CheckHost(c.Host); err != nil {
		return false, err
	}
	s, err := c.read(ctx)
	done, err := c.changeFrom(ctx, s, err, func(s *State) (Change, error) { return PlanFirst(s, c.Host, c.Code) })
	return err == nil && !done.Change.Empty(), err
}

// PlanFirst makes a cluster of one host, where there is none.
func PlanFirst(s *State, host string, code Code) (Change, error) {
	if !s.fresh() {
		return Change{}, nil
	}
	m := Member{Format: format, Host: host, Version: code.Version}.runs(code)
	return Change{
		Command: "first use", Schema: code.MaxSchema, Put: []Member{m},
		Set: map[string]string{capableName(host): "True"},
	}, nil
}

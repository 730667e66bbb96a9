package cluster

import (
	"context"
	"fmt"

	"github.com/rok-storage/rok/cluster/kv"
)

// PlanMaster tells whether a host can be made master: it is a capable member whose agent runs code
// that knows the schema. done says that it is.
func PlanMaster(s *State, host string) (done bool, err error) {
	m, there := s.Members[host]
	if !there {
		return false, s.noMember(host)
	}
	if s.Master.Host == host {
		return true, nil
	}
	if _, alive := s.Alive[host]; !alive {
		return false, fmt.Errorf("set-master %s: no agent runs there: %w; start rok-agent on it", host, ErrAbsent)
	}
	if err := s.CanLead(host, Code{Version: m.Running, MinSchema: m.MinSchema, MaxSchema: m.MaxSchema}); err != nil {
		return false, err
	}
	return false, nil
}

// SetMaster ends the present master's lease, and waits until the host has it. Only that one
// campaigns meanwhile. Errors match [ErrAbsent] where it did not take it in time.
func (c *Cluster) SetMaster(ctx context.Context, host string) error {
	lease := kv.LeaseID(0)
	for range tries {
		s, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.Code.Check(s.Schema); err != nil {
			return err
		}
		if done, err := PlanMaster(s, host); err != nil || done {
			return err
		}
		if lease == 0 {
			if lease, err = c.Store.Grant(ctx, 2*holdTTL); err != nil {
				return err
			}
			defer func() { _ = c.giveBack(ctx, lease) }() // it ends by itself
		}
		r, err := c.Store.Txn(ctx, kv.Txn{
			If:   []kv.Compare{s.guard(keyRevision), s.guard(keyMaster), s.guard(keyHeir)},
			Then: []kv.Op{kv.Delete(keyMaster), kv.PutLeased(keyHeir, []byte(host), lease)},
		})
		if err != nil {
			return err
		}
		if r.Succeeded {
			return c.awaitMaster(ctx, host)
		}
	}
	return fmt.Errorf("set-master %s: %w", host, ErrBusy)
}

// awaitMaster waits until the host has the lease, or is not the heir any more: then it will not take it.
func (c *Cluster) awaitMaster(ctx context.Context, host string) error {
	s, err := c.await(ctx, 2*holdTTL, func(s *State) bool { return s.Master.Host == host || s.Heir != host })
	if err != nil {
		return err
	}
	if s.Master.Host != host {
		return fmt.Errorf("set-master %s: it did not take the lease: %w", host, ErrAbsent)
	}
	return nil
}

package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// Agent is a member's daemon: it renews the member's lease and record, campaigns for master, and
// applies what is published.
type Agent struct {
	Cluster *Cluster
	Dir     string           // the state directory
	Report  func(AgentEvent) // of what changes; nil: nobody hears
	Applied func(Applied)    // after applied.json was written anew; nil: nobody cares

	lease   kv.LeaseID
	master  bool
	applied int64
	failing bool
}

// AgentEvent is something that an agent did or met.
type AgentEvent struct {
	What string // a phrase
	Err  error  // nil: nothing is wrong
}

// Run runs until ctx ends, which is no error: then it gives back its leases. A store that cannot be
// reached, or a schema that its code does not know, is reported and waited out: it is no master then,
// and applies nothing. Errors match [ErrRefused] where another agent runs, [ErrNoMember],
// [ErrEmptied].
func (a *Agent) Run(ctx context.Context) error {
	unlock, err := lockFile(filepath.Join(a.Dir, "agent.lock"), "an agent")
	if err != nil {
		return fmt.Errorf("agent on %s: %w", a.Cluster.Host, err)
	}
	defer func() { _ = unlock() }() // the process's end does it too
	defer func() {
		if a.lease != 0 {
			_ = a.Cluster.giveBack(ctx, a.lease) // else it runs out
		}
	}()
	changed := a.Cluster.changes(ctx, 0, a.heeds)
	for {
		ttl, err := a.round(ctx)
		if errors.Is(err, ErrNoMember) || errors.Is(err, ErrEmptied) {
			return fmt.Errorf("agent on %s: %w", a.Cluster.Host, err)
		}
		a.tell(ctx, err)
		tick := time.NewTimer(ttl / 3)
		select {
		case <-ctx.Done():
			tick.Stop()
			return nil
		case <-changed:
			tick.Stop()
		case <-tick.C:
		}
	}
}

// heeds reports whether a change of a key can be one that the agent has to do something for. What other agents
// tell of themselves is not: of a thousand, each would read all again for each.
func (a *Agent) heeds(key string) bool {
	if strings.HasPrefix(key, dirAlive) {
		return key == dirAlive+a.Cluster.Host
	}
	return !strings.HasPrefix(key, dirApplied) && !strings.HasPrefix(key, dirHistory)
}

func (a *Agent) report(what string, err error) {
	if a.Report != nil {
		a.Report(AgentEvent{What: what, Err: err})
	}
}

// tell reports an error when it begins, and its end.
func (a *Agent) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !a.failing:
		a.report("waits", err)
	case err == nil && a.failing:
		a.report("goes on", nil)
	}
	a.failing = err != nil
}

// round does all that is to do now, and returns how long the lease lasts.
func (a *Agent) round(ctx context.Context) (ttl time.Duration, err error) {
	const first = 10 * time.Second
	c := a.Cluster
	s, err := c.read(ctx)
	if err != nil {
		return first, err
	}
	settings, err := SettingsOf(s.Values)
	if err != nil {
		return first, err
	}
	ttl = settings.LeaseTTL.Truncate(time.Second)
	if err := s.CheckState(c.Host, a.Dir); err != nil {
		return ttl, err
	}
	if err := a.renew(ctx, s, ttl); err != nil {
		return ttl, err
	}
	if err := c.Code.Check(s.Schema); err != nil {
		return ttl, errors.Join(err, a.stepDown(ctx, s))
	}
	done, err := c.Change(ctx, func(s *State) (Change, error) { return PlanRunning(s, c.Host, c.Code) })
	if err != nil {
		return ttl, err
	}
	if !done.Change.Empty() {
		if s, err = c.Read(ctx); err != nil {
			return ttl, err
		}
	}
	if err := a.campaign(ctx, s); err != nil {
		return ttl, err
	}
	return ttl, a.apply(ctx, s)
}

// renew keeps the lease, or gets a new one, and shows that this agent runs.
func (a *Agent) renew(ctx context.Context, s *State, ttl time.Duration) error {
	c := a.Cluster
	if _, there := s.Members[c.Host]; !there {
		return s.noMember(c.Host)
	}
	if a.lease != 0 {
		err := c.Store.Renew(ctx, a.lease)
		if err == nil {
			if _, shown := s.Alive[c.Host]; shown {
				return nil
			}
		} else if !errors.Is(err, kv.ErrLeaseLost) {
			return err
		} else {
			a.lease = 0
		}
	}
	if a.lease == 0 {
		lease, err := c.Store.Grant(ctx, ttl)
		if err != nil {
			return err
		}
		a.lease = lease
	}
	r, err := c.Store.Txn(ctx, kv.Txn{
		If:   []kv.Compare{s.guard(dirMembers + c.Host)},
		Then: []kv.Op{kv.PutLeased(dirAlive+c.Host, encode(Alive{c.Code.Version, c.now()}), a.lease)},
	})
	if err == nil && !r.Succeeded {
		err = ErrBusy // the member's record changed: the next round sees it
	}
	return err
}

// campaign takes the master's lease, where nobody has it and this member may.
func (a *Agent) campaign(ctx context.Context, s *State) error {
	c := a.Cluster
	was := a.master
	a.master = s.Master.Host == c.Host
	if was && !a.master {
		a.report("is master no more", nil)
	}
	if s.Master.Host != "" || s.Heir != "" && s.Heir != c.Host || s.CanLead(c.Host, c.Code) != nil {
		return nil
	}
	then := []kv.Op{kv.PutLeased(keyMaster, encode(Master{c.Host, c.Code.Version, c.now()}), a.lease)}
	if s.Heir != "" {
		then = append(then, kv.Delete(keyHeir))
	}
	// With the revision as it was read, this member is capable and the schema what it was.
	r, err := c.Store.Txn(ctx, kv.Txn{If: []kv.Compare{s.guard(keyMaster), s.guard(keyRevision), s.guard(keyHeir)}, Then: then})
	if err != nil || !r.Succeeded {
		return err
	}
	a.master = true
	a.report("is master", nil)
	return nil
}

// stepDown gives back the master's lease: the schema is one that this code does not know.
func (a *Agent) stepDown(ctx context.Context, s *State) error {
	if s.Master.Host != a.Cluster.Host {
		return nil
	}
	_, err := a.Cluster.Store.Txn(ctx, kv.Txn{If: []kv.Compare{s.guard(keyMaster)}, Then: []kv.Op{kv.Delete(keyMaster)}})
	return err
}

func (a *Agent) apply(ctx context.Context, s *State) error {
	if err := a.Cluster.ApplyHere(ctx, s, a.Dir); err != nil {
		return err
	}
	if rev := s.Published.Revision; rev != a.applied {
		a.applied = rev
		a.report(fmt.Sprintf("applied revision %d", rev), nil)
		if a.Applied != nil {
			a.Applied(s.AppliedOf(a.Cluster.Host, a.Cluster.now()))
		}
	}
	return nil
}

package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Entry is a change in the history of a cluster.
type Entry struct {
	Format    int               `json:"v"`
	Revision  int64             `json:"rev"`
	At        time.Time         `json:"at"`
	Host      string            `json:"host"`
	Command   string            `json:"command"`
	Old       map[string]string `json:"old,omitempty"`   // of the variables that it changed and that were set before
	Added     []string          `json:"added,omitempty"` // that were not
	Published bool              `json:"published,omitempty"`
}

// Names are those of the variables that it changed, sorted.
func (e *Entry) Names() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(e.Old)), e.Added...)))
}

func (s *State) entry(c Change, rev int64, host string, at time.Time) Entry {
	e := Entry{Format: format, Revision: rev, At: at, Host: host, Command: c.Command, Published: c.Publish, Old: map[string]string{}}
	after := s.after(c)
	for name, v := range s.Values {
		if w, ok := after[name]; !ok || v != w {
			e.Old[name] = v
		}
	}
	for name := range after {
		if _, ok := s.Values[name]; !ok {
			e.Added = append(e.Added, name)
		}
	}
	slices.Sort(e.Added)
	return e
}

// History is what changed, the newest first, with as many entries as are kept.
func (c *Cluster) History(ctx context.Context) ([]Entry, error) {
	list, err := c.Store.List(ctx, dirHistory)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, e := range list.Entries {
		var entry Entry
		if err := parse(e.Value, &entry); err != nil {
			return nil, fmt.Errorf("cluster: read %s: %w", e.Key, err)
		}
		all = append(all, entry)
	}
	slices.Reverse(all)
	return all, nil
}

// valuesAt are those of an earlier revision. Errors match [ErrNoRevision].
func valuesAt(s *State, history []Entry, rev int64) (map[string]string, error) {
	values := maps.Clone(s.Values)
	now := s.Revision
	for _, e := range history {
		if now == rev {
			break
		}
		if e.Revision > s.Revision { // written since s was read
			continue
		}
		if e.Revision != now {
			break
		}
		for _, name := range e.Added {
			delete(values, name)
		}
		maps.Copy(values, e.Old)
		now--
	}
	if now != rev {
		return nil, fmt.Errorf("revision %d: %w; rok-config history lists those that are kept", rev, ErrNoRevision)
	}
	return values, nil
}

// PlanRollback gives all variables the values that they had at a revision. It changes no members;
// what concerns hosts that are no members any more, and the schema's own, is left.
func PlanRollback(s *State, history []Entry, rev int64) (Change, error) {
	c := Change{Command: fmt.Sprintf("rollback %d", rev), GuardMaster: true}
	if s.Upgrade != nil && rev < s.Upgrade.Revision {
		return c, &Refusal{Op: c.Command, Reason: fmt.Sprintf("revision %d is before the upgrade to schema %d", rev, s.Upgrade.To),
			Commands: []string{"rok-cluster-upgrade rollback"}}
	}
	then, err := valuesAt(s, history, rev)
	if err != nil {
		return c, err
	}
	for name := range s.Values {
		if host, ok := memberOf(name); ok {
			if _, was := then[name]; !was {
				then[name] = s.Values[name] // a member that was added since
			}
			_ = host
		}
	}
	for name := range then {
		if host, ok := memberOf(name); ok {
			if _, there := s.Members[host]; !there {
				delete(then, name)
			}
		}
	}
	c.Set = map[string]string{}
	for name, v := range then {
		if w, ok := s.Values[name]; !ok || v != w {
			c.Set[name] = v
		}
	}
	for name := range s.Values {
		if _, ok := then[name]; !ok {
			c.Unset = append(c.Unset, name)
		}
	}
	slices.Sort(c.Unset)
	return c, s.checkValues(c)
}

// Rollback does [PlanRollback] with what history has. With dryRun nothing is written.
func (c *Cluster) Rollback(ctx context.Context, rev int64, dryRun bool) (Done, error) {
	s, err := c.Read(ctx)
	if err != nil {
		return Done{}, err
	}
	history, err := c.History(ctx)
	if err != nil {
		return Done{}, err
	}
	plan := func(now *State) (Change, error) {
		if now.Revision > s.Revision { // what came since is not in that history
			if history, err = c.History(ctx); err != nil {
				return Change{}, err
			}
		}
		return PlanRollback(now, history, rev)
	}
	if dryRun {
		change, err := plan(s)
		return Done{Before: s, Change: change, Revision: s.Revision}, err
	}
	return c.Change(ctx, plan)
}

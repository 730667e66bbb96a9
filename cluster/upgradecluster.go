package cluster

import "context"

// UpgradeCluster does [PlanUpgrade] as the master: where nobody is, this host is for as long as it
// takes. With dryRun nothing is written, and the change is what would be.
func (c *Cluster) UpgradeCluster(ctx context.Context, target Migration, isolate, dryRun bool) (done Done, err error) {
	plan := func(s *State) (Change, error) { return PlanUpgrade(s, c.Host, c.Code, target, isolate, c.now()) }
	if dryRun {
		s, err := c.Read(ctx)
		if err != nil {
			return done, err
		}
		change, err := plan(s.asMaster(c))
		return Done{Before: s, Change: change, Revision: s.Revision}, err
	}
	s, err := c.Read(ctx)
	if err != nil || s.Schema >= target.To {
		return Done{Before: s}, err
	}
	err = c.HoldMaster(ctx, func(ctx context.Context) (err error) {
		done, err = c.Change(ctx, plan)
		return err
	})
	return done, err
}

// UndoCluster does [PlanUndo] as the master.
func (c *Cluster) UndoCluster(ctx context.Context, target Migration, dryRun bool) (done Done, err error) {
	s, err := c.Read(ctx)
	if err != nil || s.Schema < target.To {
		return Done{Before: s}, err
	}
	backup, err := c.Backup(ctx, target.From)
	if err != nil {
		return done, err
	}
	plan := func(s *State) (Change, error) { return PlanUndo(s, c.Host, backup, target) }
	if dryRun {
		change, err := plan(s.asMaster(c))
		return Done{Before: s, Change: change, Revision: s.Revision}, err
	}
	err = c.HoldMaster(ctx, func(ctx context.Context) (err error) {
		done, err = c.Change(ctx, plan)
		return err
	})
	return done, err
}

// asMaster is the state in which this host has taken the master's lease, if nobody has it and it may.
func (s *State) asMaster(c *Cluster) *State {
	next := *s
	if s.Master.Host == "" && s.Schema != 0 && s.CanLead(c.Host, c.Code) == nil {
		next.Master = Master{Host: c.Host, Running: c.Code.Version}
	}
	return &next
}

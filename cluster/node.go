package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Node is a host whose own part of an upgrade is done.
type Node struct {
	Cluster *Cluster
	Dir     string // the state directory
	Target  Migration
	Steps   []Step
	Report  func(StepResult) // nil: nobody hears
}

// NodeResult is what became of a node's upgrade.
type NodeResult struct {
	Steps      []StepResult
	Already    bool     // the node was upgraded before
	Waiting    []string // members whose upgrade has not finished
	NotCapable []string // members that may not become master; those that were isolated are back with the last node
	Restored   []string // members that got their capability back
}

// Upgrade does the steps that are not done, one node of the cluster at a time, and notes the
// version that has finished. One that was killed goes on where it was.
func (n *Node) Upgrade(ctx context.Context) (result NodeResult, err error) {
	c := n.Cluster
	unlock, err := n.lock(ctx)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	err = c.holdSlot(ctx, n.Target, func(ctx context.Context) error {
		s, err := c.Read(ctx)
		if err != nil {
			return err
		}
		done, err := CheckNode(s, c.Host, c.Code, n.Target)
		if err != nil || done {
			result.Already = done
			return err
		}
		j, err := openJournal(n.Dir, n.Target.Version)
		if err != nil {
			return err
		}
		if err := runSteps(ctx, j, n.Steps, n.tell(&result)); err != nil {
			return err
		}
		if err := c.ApplyHere(ctx, s, n.Dir); err != nil {
			return err
		}
		changed, err := c.Change(ctx, func(s *State) (Change, error) { return PlanNode(s, c.Host, c.Code, n.Target, c.now()) })
		if err == nil && changed.Change.Upgrade != nil && changed.Before.Upgrade != nil {
			result.Restored = changed.Before.Upgrade.Restore
		}
		return err
	})
	if err != nil {
		return result, err
	}
	s, err := c.Read(ctx)
	if err != nil {
		return result, err
	}
	result.Waiting, result.NotCapable = s.Waiting(n.Target.Version), s.NotCapable()
	return result, nil
}

// Plan tells what Upgrade would do. It changes nothing.
func (n *Node) Plan(ctx context.Context) (result NodeResult, err error) {
	s, err := n.Cluster.Read(ctx)
	if err != nil {
		return result, err
	}
	if err := s.CheckState(n.Cluster.Host, n.Dir); err != nil {
		return result, err
	}
	if result.Already, err = CheckNode(s, n.Cluster.Host, n.Cluster.Code, n.Target); err != nil {
		return result, err
	}
	j, err := openJournal(n.Dir, n.Target.Version)
	if err == nil && !result.Already {
		result.Steps, err = planSteps(ctx, j, n.Steps)
	}
	result.Waiting, result.NotCapable = s.Waiting(n.Target.Version), s.NotCapable()
	return result, err
}

// lock makes sure that one process alone works on the node, whose state directory is there.
func (n *Node) lock(ctx context.Context) (func() error, error) {
	s, err := n.Cluster.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.CheckState(n.Cluster.Host, n.Dir); err != nil {
		return nil, err
	}
	unlock, err := lockFile(filepath.Join(n.Dir, "upgrade.lock"), "an upgrade of this node")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: it must survive a change of the boot disk: restore it, or mount it", n.Dir, ErrEmptied)
	}
	return unlock, err
}

func (n *Node) tell(result *NodeResult) func(StepResult) {
	return func(r StepResult) {
		result.Steps = append(result.Steps, r)
		if n.Report != nil {
			n.Report(r)
		}
	}
}

// Undo takes the node's own part back: its steps, the last first, and its version in the store. A
// node without a begun upgrade is left as it is.
func (n *Node) Undo(ctx context.Context) (result NodeResult, err error) {
	c := n.Cluster
	unlock, err := n.lock(ctx)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// First it counts as not upgraded: a killed rollback is finished by the next, or by an upgrade-node.
	_, err = c.Change(ctx, func(s *State) (Change, error) { return PlanNodeUndo(s, c.Host, n.Target) })
	if err != nil {
		return result, err
	}
	j, err := openJournal(n.Dir, n.Target.Version)
	if err != nil {
		return result, err
	}
	return result, undoSteps(ctx, j, n.Steps, n.tell(&result))
}

// PlanNodeUndo notes that a node is not upgraded any more. It is refused where others begin to upgrade,
// and where maps of version 4 are made.
func PlanNodeUndo(s *State, host string, target Migration) (Change, error) {
	c := Change{Command: "rollback of node v" + target.Version}
	m, there := s.Members[host]
	switch {
	case !there:
		return c, s.noMember(host)
	case !m.upgraded(target.Version):
		return c, nil
	case s.Upgrade == nil || s.Upgrade.To != target.To || m.From == "":
		return c, &Refusal{Op: "rollback", Reason: fmt.Sprintf("%s was not upgraded from an earlier version", host), Members: []string{host}}
	case s.Values[varMapVersion] == "4" || s.Published.Values[varMapVersion] == "4":
		return c, &Refusal{Op: "rollback", Reason: "composer.map_version is 4, which older code cannot read",
			Commands: []string{"rok-composer-tool map-restore --all", "rok-config set composer.map_version=3", "rok-config apply"}}
	}
	m.Version, m.From = m.From, ""
	c.Put = []Member{m}
	return c, nil
}

package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Upgrade is an upgrade of a cluster, as the store has it.
type Upgrade struct {
	Format   int       `json:"v"`
	From     int       `json:"from"`
	To       int       `json:"to"`
	Version  string    `json:"version"`
	Master   string    `json:"master"` // who did it, and is upgraded first
	Revision int64     `json:"rev"`    // that it made
	At       time.Time `json:"at"`
	// Restore are the members that lost their capability by it, and get it back with the last node.
	Restore []string `json:"restore,omitempty"`
}

// upgraded reports whether a member's upgrade to a version has finished.
func (m Member) upgraded(version string) bool { return CompareVersions(m.Version, version) >= 0 }

// Waiting are the members whose upgrade to a version has not finished, sorted.
func (s *State) Waiting(version string) (hosts []string) {
	for _, h := range s.Hosts() {
		if !s.Members[h].upgraded(version) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// PlanUpgrade is upgrade-cluster: the schema and the configuration of a target, with the former
// configuration kept, in one change. With isolate, members that run older code lose their
// capability in it. Where the cluster has the schema, there is nothing to do.
func PlanUpgrade(s *State, host string, code Code, target Migration, isolate bool, at time.Time) (Change, error) {
	c := Change{Command: "upgrade-cluster v" + target.Version, GuardMaster: true}
	op := "upgrade-cluster"
	if s.Schema == 0 {
		return c, fmt.Errorf("%s: %w: the store has no cluster; the state directory must survive a change of the boot disk: restore it, or mount it", op, ErrEmptied)
	}
	if s.Schema >= target.To {
		return c, nil
	}
	if s.Schema != target.From {
		return c, fmt.Errorf("%s: from schema %d to v%s: %w; v%s begins at schema %d", op, s.Schema, target.Version, ErrTarget, target.Version, target.From)
	}
	if err := code.Check(target.To); err != nil {
		return c, err
	}
	if _, there := s.Members[host]; !there {
		return c, s.noMember(host)
	}
	if s.Master.Host != host {
		return c, s.notMaster(op, host, target)
	}
	old := s.older(host, target.To)
	if len(old) > 0 && !isolate {
		return c, &Refusal{Op: op, Members: old, Reason: "members with older code may become master: " + join(old),
			Commands: []string{"rok-config set" + assignments(old, "False") + " (or give --isolate-master, which does so)"}}
	}
	before := s.Values
	after := target.Config(before)
	for _, h := range old {
		after[capableName(h)] = "False"
	}
	c.Set, c.Unset = delta(before, after)
	c.Schema = target.To
	c.Put = []Member{s.Members[host].runs(code)}
	c.Backup = &Backup{Format: format, Schema: s.Schema, Revision: s.Revision, Values: before}
	c.Upgrade = &Upgrade{Format: format, From: s.Schema, To: target.To, Version: target.Version, Master: host, Revision: s.Revision + 1, At: at, Restore: old}
	return c, nil
}

// older are the other members that may become master and whose code is not known to know a schema.
func (s *State) older(host string, schema int) (hosts []string) {
	for _, h := range s.capable() {
		if h != host && s.Members[h].MaxSchema < schema {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

func (s *State) notMaster(op, host string, target Migration) error {
	if s.Master.Host == "" {
		return &Refusal{Op: op, Reason: host + " is not the master, and nobody is", Commands: []string{"rok-cluster-ctl member-list"}}
	}
	return &Refusal{Op: op, Reason: fmt.Sprintf("%s is not the master, %s is", host, s.Master.Host), Members: []string{s.Master.Host},
		Commands: []string{fmt.Sprintf("rok-cluster-upgrade-v%s upgrade-cluster (on %s)", target.Version, s.Master.Host)}}
}

// assignments are arguments of set, of members' capability.
func assignments(hosts []string, value string) string {
	var b strings.Builder
	for _, h := range hosts {
		b.WriteString(" " + capableName(h) + "=" + value)
	}
	return b.String()
}

// RestoreCommand gives members back their capability.
func RestoreCommand(hosts []string) string { return "rok-config set" + assignments(hosts, "True") }

func delta(before, after map[string]string) (set map[string]string, unset []string) {
	set = map[string]string{}
	for name, v := range after {
		if w, ok := before[name]; !ok || v != w {
			set[name] = v
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			unset = append(unset, name)
		}
	}
	slices.Sort(unset)
	return set, unset
}

// CheckNode are the rules of upgrade-node: the cluster first, then its master's node, then the
// others, one at a time. done says that there is nothing to do.
func CheckNode(s *State, host string, code Code, target Migration) (done bool, err error) {
	op := "upgrade-node"
	command := "rok-cluster-upgrade-v" + target.Version
	if s.Schema == 0 {
		return false, fmt.Errorf("%s: %w: the store has no cluster; the state directory must survive a change of the boot disk: restore it, or mount it", op, ErrEmptied)
	}
	m, there := s.Members[host]
	if !there {
		return false, s.noMember(host)
	}
	if err := code.Check(target.To); err != nil {
		return false, err
	}
	if s.Schema < target.To {
		master := "the master"
		if s.Master.Host != "" {
			master = s.Master.Host
		}
		return false, &Refusal{Op: op, Reason: fmt.Sprintf("the cluster has schema %d, and this needs %d", s.Schema, target.To), Members: []string{host},
			Commands: []string{command + " upgrade-cluster (on " + master + ")"}}
	}
	if m.upgraded(target.Version) {
		return true, nil
	}
	if u := s.Upgrade; u != nil && u.To == target.To && u.Master != host {
		if first, there := s.Members[u.Master]; there && !first.upgraded(target.Version) {
			return false, &Refusal{Op: op, Reason: "the master's node, " + u.Master + ", is upgraded first", Members: []string{u.Master},
				Commands: []string{command + " upgrade-node (on " + u.Master + ")"}}
		}
	}
	if s.Slot != "" && s.Slot != host {
		return false, &Refusal{Op: op, Reason: s.Slot + " is being upgraded, and nodes are one at a time", Members: []string{s.Slot},
			Commands: []string{command + " upgrade-node (on " + s.Slot + ", to its end)"}}
	}
	return false, nil
}

// PlanNode notes that a node's upgrade has finished. With the last one, the members that
// upgrade-cluster isolated get their capability back.
func PlanNode(s *State, host string, code Code, target Migration, at time.Time) (Change, error) {
	done, err := CheckNode(s, host, code, target)
	c := Change{Command: "upgrade-node v" + target.Version, GuardMaster: true, GuardSlot: true}
	if err != nil || done {
		return c, err
	}
	if s.Slot != host {
		return c, &Refusal{Op: "upgrade-node", Reason: host + " lost its turn", Commands: []string{"rok-cluster-upgrade-v" + target.Version + " upgrade-node"}}
	}
	m := s.Members[host].runs(code)
	m.From, m.Version, m.UpgradedAt = m.Version, target.Version, at
	c.Put = []Member{m}
	c.Set = map[string]string{}
	if u := s.Upgrade; u != nil && u.To == target.To && len(u.Restore) > 0 && slices.Equal(s.Waiting(target.Version), []string{host}) {
		for _, h := range u.Restore {
			if _, there := s.Members[h]; there {
				c.Set[capableName(h)] = "True"
			}
		}
		finished := *u
		finished.Restore = nil
		c.Upgrade = &finished
	}
	return c, nil
}

// NotCapable are the members that may not become master, sorted.
func (s *State) NotCapable() (hosts []string) {
	for _, h := range s.Hosts() {
		if !s.Capable(h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

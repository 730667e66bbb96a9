package cluster

import (
	"slices"
	"time"

	"maps"
)

// Member is a host of the cluster. Whether it may become master is a variable: see [State.Capable].
type Member struct {
	Format     int       `json:"v"`
	Host       string    `json:"host"`
	Version    string    `json:"version"` // that its upgrade finished; empty: none yet
	Running    string    `json:"running"` // of the code that ran there last; empty: none yet
	MinSchema  int       `json:"min_schema"`
	MaxSchema  int       `json:"max_schema"` // of that code; 0: none yet
	MapVersion int       `json:"map_version,omitempty"`
	UpgradedAt time.Time `json:"upgraded_at,omitzero"`
	From       string    `json:"from,omitempty"` // the version before the upgrade that finished last
}

// runs is the member with what its code knows.
func (m Member) runs(c Code) Member {
	m.Running, m.MinSchema, m.MaxSchema, m.MapVersion = c.Version, c.MinSchema, c.MaxSchema, c.MapVersion
	return m
}

// ReadsMaps is the newest version of maps that the member's code reads.
func (m Member) ReadsMaps() int {
	if m.Running == "" || m.MapVersion > 0 {
		return m.MapVersion
	}
	return 3
}

// Alive is what a member's agent shows for as long as it runs.
type Alive struct {
	Running string    `json:"running"`
	Since   time.Time `json:"since"`
}

// Master is who holds the lease. The zero value is nobody.
type Master struct {
	Host    string    `json:"host"`
	Running string    `json:"running"`
	Since   time.Time `json:"since"`
}

// Hosts are the names of all members, sorted.
func (s *State) Hosts() []string { return slices.Sorted(maps.Keys(s.Members)) }

// Capable reports whether a member may become master.
func (s *State) Capable(host string) bool { return s.Values[capableName(host)] == "True" }

// capable are the members that may become master, sorted.
func (s *State) capable() (hosts []string) {
	for _, h := range s.Hosts() {
		if s.Capable(h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// CanLead is nil where a member with that code may hold the master's lease. Errors match
// [ErrNoMember], [ErrSchema] or [ErrRefused].
func (s *State) CanLead(host string, code Code) error {
	if _, ok := s.Members[host]; !ok {
		return s.noMember(host)
	}
	if err := code.Check(s.Schema); err != nil {
		return err
	}
	if !s.Capable(host) {
		return &Refusal{Op: "become master", Reason: host + " is not master-capable", Members: []string{host},
			Commands: []string{"rok-config set " + capableName(host) + "=True"}}
	}
	return nil
}

func capableName(host string) string { return "cluster.members." + host + ".master_capable" }

// PlanAdd makes a host a member, capable or not. One that is a member is left as it is. code is
// the host's where it is known, or nil.
func PlanAdd(s *State, host string, capable bool, code *Code) (Change, error) {
	c := Change{Command: "member-add " + host}
	if err := CheckHost(host); err != nil {
		return c, err
	}
	if _, there := s.Members[host]; there {
		return c, nil
	}
	m := Member{Format: format, Host: host}
	if code != nil {
		if err := code.Check(s.Schema); err != nil {
			return c, err
		}
		m = m.runs(*code)
		m.Version = code.Version
	}
	c.Put = []Member{m}
	c.Set = map[string]string{capableName(host): boolText(capable)}
	return c, nil
}

// PlanRemove ends a host's membership. The holder of the master's lease, a member whose agent
// runs, and the last capable one are refused.
func PlanRemove(s *State, host string) (Change, error) {
	c := Change{Command: "member-remove " + host, GuardMaster: true}
	if _, there := s.Members[host]; !there {
		return c, s.noMember(host)
	}
	op := c.Command
	switch _, alive := s.Alive[host]; {
	case s.Master.Host == host:
		return c, &Refusal{Op: op, Reason: host + " is the master", Members: []string{host}, Commands: []string{"rok-cluster-ctl set-master OTHER"}}
	case alive:
		return c, &Refusal{Op: op, Reason: "the agent of " + host + " runs", Members: []string{host}, Commands: []string{"systemctl stop rok-agent (on " + host + ")"}}
	case s.Capable(host) && len(s.capable()) == 1:
		return c, lastCapable(op, host)
	}
	c.Remove = []string{host}
	c.Unset = []string{capableName(host)}
	return c, nil
}

func lastCapable(op, host string) error {
	return &Refusal{Op: op, Reason: host + " is the last master-capable member", Members: []string{host},
		Commands: []string{"rok-config set cluster.members.OTHER.master_capable=True"}}
}

// PlanRunning notes the code that runs on a host.
func PlanRunning(s *State, host string, code Code) (Change, error) {
	m, there := s.Members[host]
	if !there {
		return Change{}, s.noMember(host)
	}
	c := Change{Command: "agent " + code.Version}
	now := m.runs(code)
	if now.Version == "" && s.Schema == code.MaxSchema { // a new member has nothing to upgrade
		now.Version = code.Version
	}
	if now != m {
		c.Put = []Member{now}
	}
	return c, nil
}

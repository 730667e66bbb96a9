package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Effective is a variable with the value that holds.
type Effective struct {
	Assignment
	Set      bool // it is not the default
	Variable Variable
}

// Shown is the line that is printed of it. A secret that is set is hidden.
func (e Effective) Shown() string {
	if e.Variable.Secret && e.Value != "" {
		e.Value = Hidden
	}
	return e.String()
}

// Get returns every variable whose name begins with prefix, defaults included, sorted by name. A
// variable with a * is there for each member, and for instance 0 and each that has one set. What is
// set and known to a later version only is there too.
func (s *State) Get(prefix string) []Effective {
	instances := s.instances()
	seen := map[string]bool{}
	var all []Effective
	add := func(name string, v Variable) {
		seen[name] = true
		if !strings.HasPrefix(name, prefix) {
			return
		}
		value, set := s.Values[name]
		if !set {
			value = v.Default
		}
		all = append(all, Effective{Assignment{name, value}, set, v})
	}
	for _, v := range Registry() {
		before, _, pattern := strings.Cut(v.Name, "*")
		switch {
		case !pattern:
			add(v.Name, v)
		case before == membersPrefix:
			for h := range s.Members {
				add(v.with(h), v)
			}
		default:
			for i := range instances {
				add(v.with(i), v)
			}
		}
	}
	for name := range s.Values {
		if !seen[name] {
			add(name, Variable{Name: name, Kind: Text})
		}
	}
	slices.SortFunc(all, func(a, b Effective) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// instances are those of s3d that have a variable set, and 0.
func (s *State) instances() map[string]bool {
	found := map[string]bool{"0": true}
	for name := range s.Values {
		if rest, ok := strings.CutPrefix(name, "s3d."); ok {
			if i, _, ok := strings.Cut(rest, "."); ok && validInstance("s3d.", i) {
				found[i] = true
			}
		}
	}
	return found
}

// PlanSet gives variables values. An empty value unsets a variable without a default. Errors match
// [ErrUnknown], [ErrValue], [ErrNoMember] or [ErrRefused]; all that is wrong is said at once.
func PlanSet(s *State, assignments []Assignment) (Change, error) {
	c := Change{Set: map[string]string{}}
	var faults []error
	names := map[string]bool{}
	for _, a := range assignments {
		v, _, err := lookup(a.Name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if names[a.Name] {
			faults = append(faults, fmt.Errorf("%s: %w: it is given twice", a.Name, ErrValue))
			continue
		}
		names[a.Name] = true
		value, err := v.assigned(a.Value)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", a.Name, err))
			continue
		}
		switch old, set := s.Values[a.Name]; {
		case value == "" && set:
			c.Unset = append(c.Unset, a.Name)
		case value != "" && (!set || old != value):
			c.Set[a.Name] = value
		}
		c.Command = describe(c.Command, "set", v, Assignment{a.Name, value})
	}
	if err := errors.Join(faults...); err != nil {
		return c, err
	}
	c.GuardMaster = true
	return c, s.checkValues(c)
}

func (v *Variable) assigned(text string) (string, error) {
	if text == "" && v.Default == "" {
		return "", nil
	}
	if v.Secret && text == Hidden {
		return "", fmt.Errorf("%w: %s stands for a secret that is not printed", ErrValue, Hidden)
	}
	return v.Parse(text)
}

// describe is what history shows of a command.
func describe(so, verb string, v Variable, a Assignment) string {
	if so == "" {
		so = verb
	}
	if v.Secret {
		a.Value = Hidden
	}
	next := so + " " + a.String()
	if verb == "unset" {
		next = so + " " + a.Name
	}
	if len(next) > 500 {
		return strings.TrimSuffix(so, " …") + " …"
	}
	return next
}

// PlanUnset gives variables their defaults. Errors are as those of [PlanSet]. A name that only a
// later version knows can be unset, where it is set.
func PlanUnset(s *State, names []string) (Change, error) {
	c := Change{GuardMaster: true}
	var faults []error
	for _, name := range names {
		v, _, err := lookup(name)
		_, set := s.Values[name]
		if err != nil && !set {
			faults = append(faults, err)
			continue
		}
		if set && !slices.Contains(c.Unset, name) {
			c.Unset = append(c.Unset, name)
		}
		c.Command = describe(c.Command, "unset", v, Assignment{Name: name})
	}
	if err := errors.Join(faults...); err != nil {
		return c, err
	}
	return c, s.checkValues(c)
}

// checkValues are the rules about what a change makes of variables.
func (s *State) checkValues(c Change) error {
	after := s.after(c)
	hosts := map[string]bool{}
	for _, name := range append(slices.Collect(maps.Keys(c.Set)), c.Unset...) {
		if host, ok := memberOf(name); ok {
			if _, there := s.Members[host]; !there && after[name] != "" {
				return fmt.Errorf("%s: %w", name, s.noMember(host))
			}
			hosts[host] = true
		}
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		if err := s.checkCapability(host, after); err != nil {
			return err
		}
	}
	if after[varMapVersion] == "4" && s.Values[varMapVersion] != "4" {
		return s.checkMaps()
	}
	return nil
}

func (s *State) checkCapability(host string, after map[string]string) error {
	name := capableName(host)
	was, will := s.Capable(host), after[name] == "True"
	op := "set " + name + "=" + boolText(will)
	m := s.Members[host]
	switch {
	case was && !will && s.Master.Host == host:
		return &Refusal{Op: op, Reason: host + " holds the master's lease", Members: []string{host}, Commands: []string{"rok-cluster-ctl set-master OTHER"}}
	case was && !will && !anyCapable(s, after):
		return lastCapable(op, host)
	case !was && will && m.MaxSchema != 0 && m.MaxSchema < s.Schema:
		return &Refusal{Op: op, Members: []string{host},
			Reason:   fmt.Sprintf("%s runs %s, which knows schemas up to %d, and the cluster has %d", host, m.Running, m.MaxSchema, s.Schema),
			Commands: []string{s.upgradeCommand() + " upgrade-node (on " + host + ", with the new boot disk)"}}
	}
	return nil
}

func anyCapable(s *State, after map[string]string) bool {
	for h := range s.Members {
		if after[capableName(h)] == "True" {
			return true
		}
	}
	return false
}

// checkMaps: a member that cannot read v4 must not meet one.
func (s *State) checkMaps() error {
	var old []string
	for _, h := range s.Hosts() {
		if s.Members[h].ReadsMaps() < 4 {
			old = append(old, h)
		}
	}
	if len(old) == 0 {
		return nil
	}
	return &Refusal{Op: "set composer.map_version=4", Members: old, Reason: strings.Join(old, ", ") + " cannot read maps of version 4",
		Commands: []string{s.upgradeCommand() + " upgrade-node (on " + strings.Join(old, ", ") + ")"}}
}

// upgradeCommand is the command that the newest upgrade is done with.
func (s *State) upgradeCommand() string {
	for _, m := range Migrations() {
		if s.Upgrade != nil && m.To == s.Upgrade.To || s.Schema == m.To {
			return "rok-cluster-upgrade-v" + m.Version
		}
	}
	return "rok-cluster-upgrade"
}

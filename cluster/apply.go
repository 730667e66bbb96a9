package cluster

import (
	"maps"
	"slices"
)

// Difference is a variable whose value is set and not yet applied.
type Difference struct {
	Name     string
	Old, New string // "": not set
	Secret   bool
}

// Lines are how a difference is printed: what goes, and what comes.
func (d Difference) Lines() (lines []string) {
	show := func(sign, value string) {
		if d.Secret {
			value = Hidden
		}
		lines = append(lines, sign+Assignment{d.Name, value}.String())
	}
	if d.Old != "" {
		show("-", d.Old)
	}
	if d.New != "" {
		show("+", d.New)
	}
	return lines
}

// Diff is what an apply would publish.
func (s *State) Diff() []Difference { return difference(s.Published.Values, daemonValues(s.Values)) }

func difference(old, now map[string]string) (all []Difference) {
	names := maps.Clone(old)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if old[name] != now[name] {
			v, _, _ := lookup(name) // one that is not known is no secret
			all = append(all, Difference{Name: name, Old: old[name], New: now[name], Secret: v.Secret})
		}
	}
	return all
}

// PlanApply publishes the configuration, where it differs from what is published.
func PlanApply(s *State) (Change, error) {
	c := Change{Command: "apply"}
	c.Publish = s.Published.Revision == 0 || len(s.Diff()) > 0
	return c, nil
}

// Behind are the members that do not work with the published configuration yet, sorted.
func (s *State) Behind() (hosts []string) {
	for _, h := range s.Hosts() {
		if s.Applied[h] < s.Published.Revision {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// MapGate is nil where maps of version 4 may be made everywhere: composer.map_version is 4, and all
// members work with that. It is what map-upgrade asks. Otherwise it matches [ErrRefused].
func (s *State) MapGate() error {
	e := &Refusal{Op: "map-upgrade", Commands: []string{"rok-config set composer.map_version=4", "rok-config apply"}}
	switch behind := s.Behind(); {
	case s.Values[varMapVersion] != "4":
		e.Reason = "composer.map_version is not 4"
	case s.Published.Values[varMapVersion] != "4":
		e.Reason = "composer.map_version=4 is set and not applied"
	case len(behind) > 0:
		e.Reason, e.Members = "composer.map_version=4 is not yet applied on "+join(behind), behind
	default:
		return nil
	}
	return e
}

package cluster

import "fmt"

// Task is a command of an upgrade, in its order.
type Task struct {
	Host    string // where; "" is any host
	Command string
	State   string // "done", "next", or "later"
}

// Schedule are the commands of an upgrade to a target from the present state on, those that are done
// included.
func Schedule(s *State, target Migration) []Task {
	command := "rok-cluster-upgrade-v" + target.Version
	master := s.Master.Host
	if u := s.Upgrade; u != nil && u.To == target.To {
		master = u.Master
	}
	if master == "" {
		if hosts := s.capable(); len(hosts) > 0 {
			master = hosts[0]
		}
	}
	moved := s.Schema >= target.To
	var all []Task
	add := func(host, command string, done bool) {
		all = append(all, Task{host, command, map[bool]string{true: "done"}[done]})
	}
	old := s.older(master, target.To)
	if len(old) > 0 && !moved {
		add("", "rok-config set"+assignments(old, "False"), false)
	}
	add(master, command+" upgrade-cluster", moved)
	hosts := s.Hosts()
	if m, there := s.Members[master]; there {
		add(master, command+" upgrade-node", moved && m.upgraded(target.Version))
	}
	for _, h := range hosts {
		if h != master {
			add(h, command+" upgrade-node", moved && s.Members[h].upgraded(target.Version))
		}
	}
	var restore []string
	for _, h := range s.NotCapable() {
		if s.Upgrade == nil || !contains(s.Upgrade.Restore, h) {
			restore = append(restore, h)
		}
	}
	if len(old) > 0 && !moved {
		restore = append(restore, old...)
	}
	if len(restore) > 0 {
		add("", RestoreCommand(restore), false)
	}
	next := false
	for i := range all {
		switch {
		case all[i].State != "":
		case !next:
			all[i].State, next = "next", true
		default:
			all[i].State = "later"
		}
	}
	return all
}

func contains(hosts []string, host string) bool {
	for _, h := range hosts {
		if h == host {
			return true
		}
	}
	return false
}

// Verify returns what is not as it is after a finished upgrade to a target, in phrases; nothing
// where all is.
func Verify(s *State, target Migration) (faults []string) {
	if s.Schema < target.To {
		faults = append(faults, fmt.Sprintf("the cluster has schema %d, not %d", s.Schema, target.To))
	}
	for _, h := range s.Hosts() {
		m := s.Members[h]
		switch {
		case m.Running == "":
			faults = append(faults, h+": its code is not known: no agent ever ran there")
		case m.MaxSchema < s.Schema:
			faults = append(faults, fmt.Sprintf("%s: runs %s, which knows schemas up to %d", h, m.Running, m.MaxSchema))
		}
		if !m.upgraded(target.Version) {
			faults = append(faults, fmt.Sprintf("%s: upgrade-node has not finished", h))
		}
	}
	if s.Master.Host != "" {
		if m := s.Members[s.Master.Host]; m.MaxSchema < s.Schema || !s.Capable(s.Master.Host) {
			faults = append(faults, s.Master.Host+": is master and may not be")
		}
	}
	for _, e := range s.Get("") {
		if _, _, err := lookup(e.Name); err != nil {
			faults = append(faults, e.Name+": no variable of this version")
		} else if _, err := e.Variable.Parse(e.Value); e.Set && err != nil {
			faults = append(faults, e.Name+": its value is none that this version takes")
		}
	}
	if s.Slot != "" {
		faults = append(faults, s.Slot+": upgrade-node runs")
	}
	return faults
}

package cluster

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/internal/nearest"
)

// State is what the store has of a cluster, at one revision.
type State struct {
	Revision  int64             // of configuration and members; 0: there is no cluster yet
	Schema    int               // 0: likewise
	Values    map[string]string // that are set, as they are stored
	Members   map[string]Member // by host
	Alive     map[string]Alive  // whose agents run
	Applied   map[string]int64  // the revision that each works with
	Master    Master
	Heir      string // who is to become master next, or ""
	Published Published
	Upgrade   *Upgrade // the last upgrade; nil: none
	Slot      string   // the host whose node is being upgraded, or ""

	modified map[string]int64 // of the keys that guards compare
	store    int64            // the store's own revision
}

// Published is the configuration that daemons work with.
type Published struct {
	Revision int64             `json:"rev"` // of the configuration; 0: never
	Host     string            `json:"host"`
	At       time.Time         `json:"at"`
	Values   map[string]string `json:"-"`
}

// document is the values of a section.
type document struct {
	Format int               `json:"v"`
	Values map[string]string `json:"values"`
}

// revision is who changed a cluster last.
type revision struct {
	Format  int       `json:"v"`
	Number  int64     `json:"rev"`
	Host    string    `json:"host"`
	Command string    `json:"command"`
	At      time.Time `json:"at"`
}

type appliedRecord struct {
	Revision int64     `json:"rev"`
	At       time.Time `json:"at"`
}

// readOps read a State, in one round trip.
func readOps() []kv.Op {
	var ops []kv.Op
	for _, key := range []string{keySchema, keyRevision, keyMaster, keyHeir, keyPublish, keyUpgrade, keySlot} {
		ops = append(ops, kv.Get(key))
	}
	for _, dir := range []string{dirConfig, dirMembers, dirAlive, dirApplied, dirPublished} {
		ops = append(ops, kv.List(dir))
	}
	return ops
}

// decode makes a State of what readOps read. Errors match [ErrDamaged] or [ErrSchema].
func decode(r kv.Result) (*State, error) {
	s := &State{
		Values: map[string]string{}, Members: map[string]Member{}, Alive: map[string]Alive{},
		Applied: map[string]int64{}, modified: map[string]int64{}, store: r.Revision,
	}
	s.Published.Values = map[string]string{}
	for _, entries := range r.Read {
		for _, e := range entries {
			if e.Modified == 0 {
				continue
			}
			s.modified[e.Key] = e.Modified
			if err := s.add(e); err != nil {
				return nil, fmt.Errorf("cluster: read %s: %w", e.Key, err)
			}
		}
	}
	return s, nil
}

func (s *State) add(e kv.Entry) error {
	switch e.Key {
	case keySchema:
		n, err := strconv.Atoi(string(e.Value))
		if err != nil || n < 1 {
			return fmt.Errorf("%.40q is no schema: %w", e.Value, ErrDamaged)
		}
		s.Schema = n
		return nil
	case keyRevision:
		var r revision
		err := parse(e.Value, &r)
		s.Revision = r.Number
		return err
	case keyMaster:
		return parse(e.Value, &s.Master)
	case keyHeir:
		s.Heir = string(e.Value)
		return nil
	case keySlot:
		s.Slot = string(e.Value)
		return nil
	case keyPublish:
		return parse(e.Value, &s.Published)
	case keyUpgrade:
		s.Upgrade = new(Upgrade)
		return parse(e.Value, s.Upgrade)
	}
	return s.addListed(e)
}

func (s *State) addListed(e kv.Entry) error {
	if _, ok := strings.CutPrefix(e.Key, dirConfig); ok {
		return addValues(s.Values, e.Value)
	}
	if _, ok := strings.CutPrefix(e.Key, dirPublished); ok {
		return addValues(s.Published.Values, e.Value)
	}
	if host, ok := strings.CutPrefix(e.Key, dirMembers); ok {
		var m Member
		if err := parse(e.Value, &m); err != nil {
			return err
		}
		if m.Host != host || CheckHost(host) != nil {
			return fmt.Errorf("record is of the host %q: %w", m.Host, ErrDamaged)
		}
		s.Members[host] = m
	}
	if host, ok := strings.CutPrefix(e.Key, dirAlive); ok {
		var a Alive
		err := parse(e.Value, &a)
		s.Alive[host] = a
		return err
	}
	if host, ok := strings.CutPrefix(e.Key, dirApplied); ok {
		var a appliedRecord
		err := parse(e.Value, &a)
		s.Applied[host] = a.Revision
		return err
	}
	return nil
}

func addValues(values map[string]string, text []byte) error {
	var d document
	if err := parse(text, &d); err != nil {
		return err
	}
	for name, v := range d.Values {
		values[name] = v
	}
	return nil
}

// parse reads a document. One of a later format is not guessed at.
func parse(text []byte, v any) error {
	var f struct {
		Format int `json:"v"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if f.Format > format {
		return fmt.Errorf("format %d, at most %d is known: %w", f.Format, format, ErrSchema)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

func (s *State) noMember(host string) error {
	if best, near := nearest.Of(host, s.Hosts()); near {
		return fmt.Errorf("%q: %w; did you mean %s?", host, ErrNoMember, best)
	}
	return fmt.Errorf("%q: %w; add it with: rok-cluster-ctl member-add %s", host, ErrNoMember, host)
}

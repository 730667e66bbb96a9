package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"strings"
)

// Backup is the configuration before an upgrade.
type Backup struct {
	Format   int               `json:"v"`
	Schema   int               `json:"schema"`
	Revision int64             `json:"rev"`
	Values   map[string]string `json:"values"`
}

// pack makes it smaller: with the new configuration it goes into one transaction.
func (b *Backup) pack() ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(encode(b)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unpackBackup(text []byte) (*Backup, error) {
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	const most = 8 << 20
	plain, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	b := new(Backup)
	return b, parse(plain, b)
}

// Backup reads what an upgrade from a schema kept. Errors match [ErrNoRevision] where there is none.
func (c *Cluster) Backup(ctx context.Context, schema int) (*Backup, error) {
	e, err := c.Store.Get(ctx, backupKey(schema))
	if err != nil {
		return nil, err
	}
	if e.Modified == 0 {
		return nil, fmt.Errorf("configuration of schema %d: %w", schema, ErrNoRevision)
	}
	b, err := unpackBackup(e.Value)
	if err != nil {
		return nil, fmt.Errorf("cluster: read %s: %w", e.Key, err)
	}
	return b, nil
}

// PlanUndo takes an upgrade back: schema and configuration are what the backup has. It is refused
// where a node's upgrade has finished, and where the configuration changed since, but for who may be
// master.
func PlanUndo(s *State, host string, backup *Backup, target Migration) (Change, error) {
	c := Change{Command: "rollback v" + target.Version, GuardMaster: true}
	op := "rollback"
	if s.Schema < target.To {
		return c, nil
	}
	if s.Master.Host != host {
		return c, s.notMaster(op, host, target)
	}
	var finished []string
	for _, h := range s.Hosts() {
		if s.Members[h].upgraded(target.Version) {
			finished = append(finished, h)
		}
	}
	if len(finished) > 0 {
		return c, &Refusal{Op: op, Reason: "nodes are upgraded: " + join(finished), Members: finished,
			Commands: []string{"rok-cluster-upgrade-v" + target.Version + " rollback (on " + join(finished) + ")"}}
	}
	if changed := difference(withoutMembers(target.Config(backup.Values)), withoutMembers(s.Values)); len(changed) > 0 {
		var lines []string
		for _, d := range changed {
			lines = append(lines, d.Lines()...)
		}
		return c, &Refusal{Op: op, Reason: "the configuration changed since the upgrade: " + strings.Join(lines, " "),
			Commands: []string{fmt.Sprintf("rok-config rollback %d", backup.Revision+1)}}
	}
	values := maps.Clone(backup.Values)
	for name, v := range s.Values {
		if _, ok := memberOf(name); ok {
			values[name] = v
		}
	}
	if u := s.Upgrade; u != nil {
		for _, h := range u.Restore {
			if _, there := s.Members[h]; there {
				values[capableName(h)] = "True"
			}
		}
	}
	c.Set, c.Unset = delta(s.Values, values)
	c.Schema = backup.Schema
	c.DropBackup = backup.Schema
	c.Upgrade = &Upgrade{Format: format, From: target.To, To: backup.Schema, Master: host, Revision: s.Revision + 1}
	return c, nil
}

func withoutMembers(values map[string]string) map[string]string {
	rest := maps.Clone(values)
	maps.DeleteFunc(rest, func(name, _ string) bool { _, ok := memberOf(name); return ok })
	return rest
}

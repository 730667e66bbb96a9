package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// AppliedFile is the name of the file that [Applied] is kept in, in the state directory.
const AppliedFile = "applied.json"

// Applied is the configuration that a host works with. It is kept on the host, so that nothing
// local needs the store.
type Applied struct {
	Format   int               `json:"v"`
	Host     string            `json:"host"`
	Schema   int               `json:"schema"` // of the cluster, when it was last seen
	Revision int64             `json:"rev"`
	At       time.Time         `json:"at"`
	Values   map[string]string `json:"values"` // that are set
}

// ReadApplied reads it from a state directory. Where there is none, there is no cluster that this
// host ever knew: the error matches fs.ErrNotExist. Others match [ErrDamaged] or [ErrSchema].
func ReadApplied(dir string) (Applied, error) {
	path := filepath.Join(dir, AppliedFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return Applied{}, err
	}
	var a Applied
	if err := parse(text, &a); err != nil {
		return Applied{}, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// AppliedOf is what a host is to work with. cluster.* counts as soon as it is set.
func (s *State) AppliedOf(host string, at time.Time) Applied {
	a := Applied{Format: format, Host: host, Schema: s.Schema, Revision: s.Published.Revision, At: at, Values: maps.Clone(s.Published.Values)}
	for _, m := range Migrations() { // what was published before an upgrade has the names of then
		if s.Schema >= m.To {
			a.Values = m.Config(a.Values)
		}
	}
	for name, v := range s.Values {
		if section(name) == "cluster" && !strings.HasPrefix(name, membersPrefix) {
			a.Values[name] = v
		}
	}
	return a
}

// Write puts it into a state directory, whole or not at all.
func (a Applied) Write(dir string) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, AppliedFile), append(text, '\n'), 0o600)
}

// ApplyHere does this host's part of an apply: it writes the file, and tells the others. A host that
// is no member has none.
func (c *Cluster) ApplyHere(ctx context.Context, s *State, dir string) error {
	if _, there := s.Members[c.Host]; !there {
		return nil
	}
	now, err := ReadApplied(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	want := s.AppliedOf(c.Host, c.now())
	if err != nil || now.Revision != want.Revision || now.Schema != want.Schema || now.Host != want.Host || !maps.Equal(now.Values, want.Values) {
		if err := want.Write(dir); err != nil {
			return fmt.Errorf("apply on %s: %w", c.Host, err)
		}
	}
	if rev, told := s.Applied[c.Host]; told && rev == want.Revision {
		return nil
	}
	// Guarded by membership: a member that was removed leaves nothing behind.
	r, err := c.Store.Txn(ctx, kv.Txn{
		If:   []kv.Compare{s.guard(dirMembers + c.Host)},
		Then: []kv.Op{kv.Put(dirApplied+c.Host, encode(appliedRecord{want.Revision, c.now()}))},
	})
	if err == nil && !r.Succeeded {
		err = ErrBusy
	}
	return err
}

// CheckState is nil where the state directory has what this host left there: an error that
// matches [ErrEmptied] says that it was emptied.
func (s *State) CheckState(host, dir string) error {
	if _, told := s.Applied[host]; !told {
		return nil
	}
	if _, err := ReadApplied(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%s: %w: %s is missing, and %s has had one; the directory must survive a change of the boot disk: restore it, or mount it",
		dir, ErrEmptied, AppliedFile, host)
}

func join(names []string) string { return strings.Join(names, ", ") }

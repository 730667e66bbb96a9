package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// maxConfig is the size in bytes of the largest configuration. With it the former one, the new
// one and what history keeps of it fit into one transaction of etcd's default limits.
const maxConfig = 640 << 10

// keptHistory is how many revisions history has.
const keptHistory = 200

// Change is what a plan changes of a State. One that changes nothing is written not at all.
type Change struct {
	Command string // that history shows; without secrets
	Set     map[string]string
	Unset   []string
	Put     []Member
	Remove  []string // members
	Publish bool
	Schema  int // 0: as it is
	Upgrade *Upgrade
	Backup  *Backup
	// GuardMaster has the change done only while the same one holds the master's lease, or
	// nobody, as when it was planned.
	GuardMaster bool
	// GuardSlot is that for the upgrade slot, which the change then gives back.
	GuardSlot bool
	// DropBackup is the schema whose backup is no more needed, or 0.
	DropBackup int
}

// Empty reports whether nothing changes.
func (c *Change) Empty() bool {
	return len(c.Set) == 0 && len(c.Unset) == 0 && len(c.Put) == 0 && len(c.Remove) == 0 && !c.Publish && c.Schema == 0 && c.Upgrade == nil
}

// after are the values when c is done.
func (s *State) after(c Change) map[string]string {
	values := maps.Clone(s.Values)
	for _, name := range c.Unset {
		delete(values, name)
	}
	maps.Copy(values, c.Set)
	return values
}

// txn is the transaction that writes a change. Where the guard fails, it reads the State anew.
// Errors match [ErrTooLarge].
func (s *State) txn(c Change, host string, at time.Time) (kv.Txn, error) {
	t := kv.Txn{If: []kv.Compare{s.guard(keyRevision)}, Else: readOps()}
	if c.GuardMaster {
		t.If = append(t.If, s.guard(keyMaster))
	}
	if c.GuardSlot {
		t.If = append(t.If, s.guard(keySlot))
		t.Then = append(t.Then, kv.Delete(keySlot))
	}
	next := s.Revision + 1
	t.Then = append(t.Then, kv.Put(keyRevision, encode(revision{Format: format, Number: next, Host: host, Command: c.Command, At: at})))
	values := s.after(c)
	if n := len(encode(values)); n > maxConfig && n > len(encode(s.Values)) {
		return t, fmt.Errorf("cluster: %d bytes, at most %d: %w", n, maxConfig, ErrTooLarge)
	}
	for _, name := range differing(s.Values, values) {
		t.Then = append(t.Then, putSection(dirConfig, name, values))
	}
	for _, m := range c.Put {
		t.Then = append(t.Then, kv.Put(dirMembers+m.Host, encode(m)))
	}
	for _, h := range c.Remove {
		t.Then = append(t.Then, kv.Delete(dirMembers+h), kv.Delete(dirApplied+h))
	}
	if c.Publish {
		published := daemonValues(values)
		t.Then = append(t.Then, kv.Put(keyPublish, encode(Published{Revision: next, Host: host, At: at})))
		for _, name := range differing(s.Published.Values, published) {
			t.Then = append(t.Then, putSection(dirPublished, name, published))
		}
	}
	if c.Schema != 0 {
		t.Then = append(t.Then, kv.Put(keySchema, []byte(strconv.Itoa(c.Schema))))
	}
	if c.Upgrade != nil {
		t.Then = append(t.Then, kv.Put(keyUpgrade, encode(c.Upgrade)))
	}
	if c.Backup != nil {
		text, err := c.Backup.pack()
		if err != nil {
			return t, err
		}
		t.Then = append(t.Then, kv.Put(backupKey(c.Backup.Schema), text))
	}
	if c.DropBackup != 0 {
		t.Then = append(t.Then, kv.Delete(backupKey(c.DropBackup)))
	}
	t.Then = append(t.Then, kv.Put(historyKey(next), encode(s.entry(c, next, host, at))))
	if next > keptHistory {
		t.Then = append(t.Then, kv.Delete(historyKey(next-keptHistory)))
	}
	return t, nil
}

func (s *State) guard(key string) kv.Compare {
	return kv.Compare{Key: key, Modified: s.modified[key]}
}

// differing are the sections in which two configurations differ, sorted.
func differing(a, b map[string]string) []string {
	found := map[string]bool{}
	for name, v := range a {
		if w, ok := b[name]; !ok || v != w {
			found[section(name)] = true
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			found[section(name)] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// putSection writes a section's values, or deletes one that has none.
func putSection(dir, name string, values map[string]string) kv.Op {
	d := document{Format: format, Values: map[string]string{}}
	for n, v := range values {
		if section(n) == name {
			d.Values[n] = v
		}
	}
	if len(d.Values) == 0 {
		return kv.Delete(dir + name)
	}
	return kv.Put(dir+name, encode(d))
}

// daemonValues are those of values that an apply publishes: all but cluster.*, which count as soon
// as they are set.
func daemonValues(values map[string]string) map[string]string {
	published := map[string]string{}
	for name, v := range values {
		if section(name) != "cluster" {
			published[name] = v
		}
	}
	return published
}

// encode is for values that have an encoding always.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

package rules

import (
	"slices"

	"github.com/rok-storage/rok/cluster/kv"
)

// Apply does a transaction that passed [kv.Txn.Check]. Errors match [kv.ErrLeaseLost], and are
// returned before the transaction changed anything. Leases that have ended are reaped first.
func Apply(t Table, now Instant, txn kv.Txn) (kv.Result, error) {
	if _, _, err := Reap(t, now); err != nil {
		return kv.Result{}, err
	}
	result, ops, err := look(t, now, txn)
	if err != nil {
		return kv.Result{}, err
	}
	for _, op := range ops {
		if op.Lease != 0 {
			if _, err := live(t, now, op.Lease); err != nil {
				return kv.Result{}, err
			}
		}
	}
	if err := changeAll(t, ops); err != nil {
		return kv.Result{}, err
	}
	result.Revision, err = t.Revision()
	return result, err
}

// Changes reports whether a branch of txn puts or deletes something.
func Changes(txn kv.Txn) bool {
	changes := func(op kv.Op) bool { return op.Kind == kv.OpPut || op.Kind == kv.OpDelete }
	return slices.ContainsFunc(txn.Then, changes) || slices.ContainsFunc(txn.Else, changes)
}

// Read does a transaction that changes nothing, on a table that need not be one that can be changed.
func Read(t Table, now Instant, txn kv.Txn) (kv.Result, error) {
	result, _, err := look(t, now, txn)
	return result, err
}

// look compares and reads, and returns the branch to do.
func look(t Table, now Instant, txn kv.Txn) (result kv.Result, ops []kv.Op, err error) {
	result.Succeeded, ops = true, txn.Then
	for _, c := range txn.If {
		e, err := Get(t, now, c.Key)
		if err != nil {
			return kv.Result{}, nil, err
		}
		if e.Modified != c.Modified {
			result.Succeeded, ops = false, txn.Else
		}
	}
	if result.Revision, err = t.Revision(); err == nil {
		result.Read, err = readAll(t, now, ops)
	}
	return result, ops, err
}

func readAll(t Table, now Instant, ops []kv.Op) ([][]kv.Entry, error) {
	read := make([][]kv.Entry, len(ops))
	for i, op := range ops {
		switch op.Kind {
		case kv.OpGet:
			e, err := Get(t, now, op.Key)
			if err != nil {
				return nil, err
			}
			read[i] = []kv.Entry{e}
		case kv.OpList:
			s, err := List(t, now, op.Key)
			if err != nil {
				return nil, err
			}
			read[i] = s.Entries
		}
	}
	return read, nil
}

func changeAll(t Table, ops []kv.Op) error {
	c := change{table: t}
	for _, op := range ops {
		switch op.Kind {
		case kv.OpPut:
			c.put(op)
		case kv.OpDelete:
			if e, err := t.Entry(op.Key); err != nil {
				return err
			} else if e.Modified != 0 {
				c.delete(e)
			}
		}
	}
	return c.done()
}

// change is what one revision changes. It begins with the first change; the first error
// is the one that done returns.
type change struct {
	table    Table
	revision int64
	events   []kv.Event
	err      error
}

func (c *change) begin() {
	if c.revision != 0 || c.err != nil {
		return
	}
	if c.revision, c.err = c.table.Revision(); c.err == nil {
		c.revision++
	}
}

func (c *change) put(op kv.Op) {
	if c.begin(); c.err != nil {
		return
	}
	var old kv.Entry
	if old, c.err = c.table.Entry(op.Key); c.err != nil {
		return
	}
	e := kv.Entry{Key: op.Key, Value: slices.Clone(op.Value), Created: old.Created, Modified: c.revision, Lease: op.Lease}
	if old.Modified == 0 {
		e.Created = c.revision
	}
	c.events = append(c.events, kv.Event{Entry: e, Previous: old.Value})
	c.err = c.table.SetEntry(e)
}

func (c *change) delete(e kv.Entry) {
	if c.begin(); c.err != nil {
		return
	}
	c.events = append(c.events, kv.Event{Entry: kv.Entry{Key: e.Key, Modified: c.revision}, Deleted: true, Previous: e.Value})
	c.err = c.table.DropEntry(e.Key)
}

func (c *change) done() error {
	if c.err != nil || c.revision == 0 {
		return c.err
	}
	if err := c.table.SetRevision(c.revision); err != nil {
		return err
	}
	return c.table.AddEvents(c.revision, c.events)
}

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
	result := kv.Result{Succeeded: true}
	for _, c := range txn.If {
		e, err := t.Entry(c.Key)
		if err != nil {
			return kv.Result{}, err
		}
		result.Succeeded = result.Succeeded && e.Modified == c.Modified
	}
	ops := txn.Then
	if !result.Succeeded {
		ops = txn.Else
	}
	for _, op := range ops {
		if op.Lease != 0 {
			if _, err := live(t, now, op.Lease); err != nil {
				return kv.Result{}, err
			}
		}
	}
	var err error
	if result.Read, err = readAll(t, now, ops); err != nil {
		return kv.Result{}, err
	}
	if err := changeAll(t, ops); err != nil {
		return kv.Result{}, err
	}
	result.Revision, err = t.Revision()
	return result, err
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

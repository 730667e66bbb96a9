package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

// The buckets, and the key of the state's record.
const (
	metaBucket    = "rok"
	entryBucket   = "entries"
	leaseBucket   = "leases"
	historyBucket = "history"
	stateKey      = "state"
)

// format is that of the files that are written.
const format = 1

// table is a [rules.Table] in a transaction of bbolt; without one it is empty.
type table struct {
	tx      *bbolt.Tx
	state   state
	history int64 // revisions to keep
	dirty   bool  // something was set
}

// newTable reads the state.
func newTable(tx *bbolt.Tx, history int64) (*table, error) {
	t := &table{tx: tx, history: history}
	for _, name := range []string{metaBucket, entryBucket, leaseBucket, historyBucket} {
		if tx.Bucket([]byte(name)) == nil {
			return nil, fmt.Errorf("no cluster store: it has no bucket %q: %w", name, kv.ErrDamaged)
		}
	}
	f := unseal(metaBucket, []byte(stateKey), t.read(metaBucket, []byte(stateKey)))
	t.state = f.state()
	switch err := f.end(); {
	case err != nil:
		return nil, err
	case t.state.format != format:
		return nil, fmt.Errorf("store has format %d, this program knows %d: %w", t.state.format, format, errors.ErrUnsupported)
	}
	return t, nil
}

// initialize makes an empty store.
func initialize(tx *bbolt.Tx) error {
	for _, name := range []string{metaBucket, entryBucket, leaseBucket, historyBucket} {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	t := &table{tx: tx, state: state{format: format}}
	return t.setState()
}

func (t *table) read(bucket string, key []byte) []byte { return t.tx.Bucket([]byte(bucket)).Get(key) }

func (t *table) write(bucket string, key, fields []byte) error {
	t.dirty = true
	return t.tx.Bucket([]byte(bucket)).Put(key, seal(bucket, key, fields))
}

func (t *table) drop(bucket string, key []byte) error {
	t.dirty = true
	return t.tx.Bucket([]byte(bucket)).Delete(key)
}

func (t *table) setState() error {
	return t.write(metaBucket, []byte(stateKey), appendState(nil, t.state))
}

func (t *table) Revision() (int64, error) { return t.state.revision, nil }

func (t *table) SetRevision(revision int64) error {
	t.state.revision = revision
	return t.setState()
}

func (t *table) Entry(key string) (kv.Entry, error) {
	if t.tx == nil {
		return kv.Entry{Key: key}, nil
	}
	record := t.read(entryBucket, []byte(key))
	if record == nil {
		return kv.Entry{Key: key}, nil
	}
	f := unseal(entryBucket, []byte(key), record)
	return f.entry(key), f.end()
}

func (t *table) Entries(prefix string) ([]kv.Entry, error) {
	if t.tx == nil {
		return nil, nil
	}
	var all []kv.Entry
	c := t.tx.Bucket([]byte(entryBucket)).Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		f := unseal(entryBucket, k, v)
		e := f.entry(string(k))
		if err := f.end(); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func (t *table) SetEntry(e kv.Entry) error {
	return t.write(entryBucket, []byte(e.Key), appendEntry(nil, e))
}

func (t *table) DropEntry(key string) error { return t.drop(entryBucket, []byte(key)) }

// ordered is a number as a key.
func ordered(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func (t *table) Lease(id kv.LeaseID) (rules.Lease, error) {
	if t.tx == nil {
		return rules.Lease{}, nil
	}
	record := t.read(leaseBucket, ordered(int64(id)))
	if record == nil {
		return rules.Lease{}, nil
	}
	f := unseal(leaseBucket, ordered(int64(id)), record)
	return f.lease(id), f.end()
}

func (t *table) Leases() ([]rules.Lease, error) {
	if t.tx == nil {
		return nil, nil
	}
	var all []rules.Lease
	c := t.tx.Bucket([]byte(leaseBucket)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if len(k) != 8 {
			return nil, fmt.Errorf("lease %q: %w", k, kv.ErrDamaged)
		}
		f := unseal(leaseBucket, k, v)
		l := f.lease(kv.LeaseID(binary.BigEndian.Uint64(k)))
		if err := f.end(); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func (t *table) SetLease(l rules.Lease) error {
	return t.write(leaseBucket, ordered(int64(l.ID)), appendLease(nil, l))
}

func (t *table) DropLease(id kv.LeaseID) error { return t.drop(leaseBucket, ordered(int64(id))) }

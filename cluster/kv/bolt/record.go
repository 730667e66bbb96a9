package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

// A record is what a key of a bucket has: fields, and the CRC-32C of the bucket's name, the key and them.
// Numbers are unsigned varints, bytes have their length before them.

// seal ends a record.
func seal(bucket string, key, fields []byte) []byte {
	return binary.LittleEndian.AppendUint32(fields, checksum(bucket, key, fields))
}

func checksum(bucket string, key, fields []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, []byte(bucket))
	return crc32.Update(crc32.Update(sum, table, key), table, fields)
}

// fields reads those of a record. After an error all that is read is zero.
type fields struct {
	rest []byte
	err  error
}

func unseal(bucket string, key, record []byte) *fields {
	n := len(record) - 4
	if n < 0 || binary.LittleEndian.Uint32(record[n:]) != checksum(bucket, key, record[:n]) {
		return &fields{err: fmt.Errorf("record of %q in %s: checksum: %w", key, bucket, kv.ErrDamaged)}
	}
	return &fields{rest: record[:n]}
}

func (f *fields) fail() {
	f.rest = nil
	if f.err == nil {
		f.err = fmt.Errorf("record is cut short: %w", kv.ErrDamaged)
	}
}

func (f *fields) number() int64 {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 || v > math.MaxInt64 {
		f.fail()
		return 0
	}
	f.rest = f.rest[n:]
	return int64(v)
}

// bytes returns a copy; nil where there are none.
func (f *fields) bytes() []byte {
	n := f.number()
	if n > int64(len(f.rest)) {
		f.fail()
	}
	if f.err != nil || n == 0 {
		return nil
	}
	b := append([]byte(nil), f.rest[:n]...)
	f.rest = f.rest[n:]
	return b
}

// end is the error of what was read, or that there is more.
func (f *fields) end() error {
	if f.err == nil && len(f.rest) > 0 {
		f.err = fmt.Errorf("record is too long: %w", kv.ErrDamaged)
	}
	return f.err
}

func number(b []byte, n int64) []byte { return binary.AppendUvarint(b, uint64(n)) }

func sized[T string | []byte](b []byte, s T) []byte { return append(number(b, int64(len(s))), s...) }

func appendEntry(b []byte, e kv.Entry) []byte {
	for _, n := range []int64{e.Created, e.Modified, int64(e.Lease)} {
		b = number(b, n)
	}
	return sized(b, e.Value)
}

func (f *fields) entry(key string) kv.Entry {
	return kv.Entry{Key: key, Created: f.number(), Modified: f.number(), Lease: kv.LeaseID(f.number()), Value: f.bytes()}
}

func appendLease(b []byte, l rules.Lease) []byte {
	return sized(number(number(b, int64(l.TTL)), int64(l.Ends.At)), l.Ends.Boot)
}

func (f *fields) lease(id kv.LeaseID) rules.Lease {
	return rules.Lease{ID: id, TTL: time.Duration(f.number()), Ends: rules.Instant{At: time.Duration(f.number()), Boot: string(f.bytes())}}
}

func appendEvents(b []byte, events []kv.Event) []byte {
	b = number(b, int64(len(events)))
	for _, e := range events {
		deleted := int64(0)
		if e.Deleted {
			deleted = 1
		}
		b = appendEntry(sized(number(b, deleted), e.Key), e.Entry)
		b = sized(b, e.Previous)
	}
	return b
}

func (f *fields) events() []kv.Event {
	var events []kv.Event
	for n := f.number(); n > 0 && f.err == nil; n-- {
		deleted := f.number() == 1
		entry := f.entry(string(f.bytes()))
		events = append(events, kv.Event{Entry: entry, Deleted: deleted, Previous: f.bytes()})
	}
	return events
}

// state is the store's own record.
type state struct {
	format   int64 // of the file
	revision int64
	first    int64 // revision in the history; 0: it is empty
	bytes    int64 // of the history
}

func appendState(b []byte, s state) []byte {
	for _, n := range []int64{s.format, s.revision, s.first, s.bytes} {
		b = number(b, n)
	}
	return b
}

func (f *fields) state() state {
	return state{format: f.number(), revision: f.number(), first: f.number(), bytes: f.number()}
}

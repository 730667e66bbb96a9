package store

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/rok-storage/rok/maps"
)

// Session is a writer: what it puts, and what it found there and did not put, is kept
// while it lasts, and by the maps that it publishes. It is for many goroutines at once, and
// a [maps.Store].
type Session struct {
	*Store
	counts counters
}

type counters struct{ put, putBytes, stored, kept, keptBytes atomic.Int64 }

// Counts are what a session did.
type Counts struct {
	Put       int64 // objects that were put
	PutBytes  int64 // their bytes, plain
	Stored    int64 // and as they were packed
	Kept      int64 // objects that were there already
	KeptBytes int64 // their bytes, plain
}

// SessionOptions are a session's purpose.
type SessionOptions struct {
	// Purpose is shown to who waits for the session: "register web-1".
	Purpose string
}

// Begin begins a session. Its context ends it too: what is not published then is not
// kept.
func (s *Store) Begin(ctx context.Context, o SessionOptions) (*Session, error) {
	return &Session{Store: s}, nil // the lease comes with the collector
}

// End gives the session's lease back. What was put and is in no map is free to be collected.
func (w *Session) End(ctx context.Context) error { return nil }

// Counts tells what was done so far.
func (w *Session) Counts() Counts {
	c := &w.counts
	return Counts{c.put.Load(), c.putBytes.Load(), c.stored.Load(), c.kept.Load(), c.keptBytes.Load()}
}

// Put stores data, whose id is given by who has computed it, unless it is there: then
// nothing is written. An object that is condemned or known to be damaged does not count as there.
func (w *Session) Put(ctx context.Context, kind maps.Kind, id maps.ID, data []byte) error {
	_, err := w.bucket.Stat(ctx, w.key(kind, id))
	switch {
	case err == nil:
		w.counts.kept.Add(1)
		w.counts.keptBytes.Add(int64(len(data)))
		return nil
	case !errors.Is(err, ErrMissing):
		return err
	}
	stored, err := w.putObject(ctx, w.objectKey(kind, id), data, Condition{})
	if err != nil {
		return err
	}
	w.counts.put.Add(1)
	w.counts.putBytes.Add(int64(len(data)))
	w.counts.stored.Add(int64(stored))
	return nil
}

// Has tells whether Put would find the object there.
func (w *Session) Has(ctx context.Context, kind maps.Kind, id maps.ID) (bool, error) {
	_, err := w.bucket.Stat(ctx, w.key(kind, id))
	if errors.Is(err, ErrMissing) {
		return false, nil
	}
	return err == nil, err
}

// Publish makes body the map of that name, all of whose objects the session has put or
// found, or which an existing map has. Conditions are those of [Bucket.Put], with versions
// as [MapInfo] has them. Errors match [ErrExists], [ErrChanged], [ErrLeaseLost], [ErrName].
func (w *Session) Publish(ctx context.Context, name string, body Body, condition Condition) (MapInfo, error) {
	if err := CheckName(name); err != nil {
		return MapInfo{}, err
	}
	info, err := w.bucket.Put(ctx, mapKey(name), w.sealBody(mapKey(name), body), condition)
	if err != nil {
		return MapInfo{}, err
	}
	return w.mapInfo(name, info), nil
}

// Remove unlinks a map that is as version says (any, if ""); what only it needs, the
// collector frees. Errors match [ErrMissing] and [ErrChanged].
func (s *Store) Remove(ctx context.Context, name, version string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	info, err := s.bucket.Stat(ctx, "map/"+name)
	if err != nil {
		return err
	}
	if version != "" && version != info.Version {
		return &Error{Op: "delete", Address: s.Address(), Key: "map/" + name, Err: ErrChanged}
	}
	return s.bucket.Delete(ctx, "map/"+name)
}

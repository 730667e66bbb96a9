package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/maps"
)

// Session is a writer: what it puts, and what it found there and did not put, is kept
// while it lasts, and by the maps that it publishes. It is for many goroutines at once, and
// a [maps.Store].
//
// It has a lease, which it renews on its own. Where that cannot be done in time, all calls return an error
// that matches [ErrLeaseLost].
type Session struct {
	*Store
	t      Timing
	lease  *tenure
	stop   context.CancelFunc // of the renewal
	done   chan struct{}      // closed when it has stopped
	counts counters

	// epoch is the one that the session began in, and condemned its lists: nil where there
	// are none, so that everything that is there may be counted on.
	epoch     uint64
	condemned *condemnedCache

	mu      sync.Mutex // guards what follows
	known   known
	flights map[nameKey]*flight
	bad     map[nameKey]bool
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
	// Timing is that of all who use the store; zeros are what the store was opened with.
	Timing Timing
}

// Begin begins a session. Its context ends it too: what is not published then is not
// kept.
func (s *Store) Begin(ctx context.Context, o SessionOptions) (*Session, error) {
	w := &Session{Store: s, t: o.Timing.or(s.timing).complete(s.bucket), done: make(chan struct{})}
	for {
		before, _, err := s.epoch(ctx)
		if err != nil {
			return nil, err
		}
		if w.lease, err = s.hold(ctx, w.t, "lease/"+uuid.NewString(), o.Purpose, before.Number); err != nil {
			return nil, err
		}
		// A collector that set the next epoch meanwhile may have looked for leases
		// before this one was there: it does not wait for it.
		now, _, err := s.epoch(ctx)
		if err == nil && now.Number == before.Number {
			w.epoch = now.Number
			if now.Condemned {
				w.condemned = &condemnedCache{s: s, epoch: now.Number}
			}
			break
		}
		if released := w.lease.release(ctx); err != nil || released != nil {
			return nil, errors.Join(err, released)
		}
	}
	w.bad = map[nameKey]bool{}
	for b, err := range s.Bad(ctx) {
		if err != nil {
			return nil, errors.Join(err, w.lease.release(ctx))
		}
		w.bad[nameKey{b.Kind, b.Name}] = true
	}
	w.flights = map[nameKey]*flight{}
	renewal, stop := context.WithCancel(ctx)
	w.stop = stop
	go func() {
		defer close(w.done)
		w.lease.upkeep(renewal)
	}()
	return w, nil
}

// End gives the session's lease back. What was put and is in no map is free to be collected.
func (w *Session) End(ctx context.Context) error {
	w.stop()
	<-w.done
	return w.lease.release(ctx)
}

// Counts tells what was done so far.
func (w *Session) Counts() Counts {
	c := &w.counts
	return Counts{c.put.Load(), c.putBytes.Load(), c.stored.Load(), c.kept.Load(), c.keptBytes.Load()}
}

// Put stores data, whose id is given by who has computed it, unless it is there: then
// nothing is written. An object that is condemned or known to be damaged does not count as there.
// Of several goroutines that put the same object, one does, and the others wait for it and get its error.
func (w *Session) Put(ctx context.Context, kind maps.Kind, id maps.ID, data []byte) error {
	if err := w.lease.check(); err != nil {
		return err
	}
	o := nameKey{kind, w.name(kind, id)}
	w.mu.Lock()
	f, flying := w.flights[o]
	there := w.known.has(o)
	if !flying && !there {
		f = &flight{done: make(chan struct{})}
		w.flights[o] = f
	}
	w.mu.Unlock()
	switch {
	case there:
	case flying:
		select {
		case <-f.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if f.err != nil {
			return f.err
		}
	default:
		put, err := w.put(ctx, o, data)
		w.mu.Lock()
		delete(w.flights, o)
		if err == nil {
			w.known.add(o)
			delete(w.bad, o)
		}
		w.mu.Unlock()
		f.err = err
		close(f.done)
		if err != nil || put {
			return err
		}
	}
	w.counts.kept.Add(1)
	w.counts.keptBytes.Add(int64(len(data)))
	return nil
}

// flight is a Put that others wait for.
type flight struct {
	done chan struct{} // closed when err is set
	err  error
}

// put puts an object that is not known to be there, and reports whether it was written.
func (w *Session) put(ctx context.Context, o nameKey, data []byte) (written bool, err error) {
	w.mu.Lock()
	bad := w.bad[o]
	w.mu.Unlock()
	key, err := w.place(ctx, o)
	if err != nil {
		return false, err
	}
	if !bad {
		_, err := w.bucket.Stat(ctx, key.String())
		if err == nil {
			return false, nil
		}
		if !errors.Is(err, ErrMissing) {
			return false, err
		}
	}
	stored, err := w.putObject(ctx, key, data, Condition{})
	if err != nil {
		return false, err
	}
	w.counts.put.Add(1)
	w.counts.putBytes.Add(int64(len(data)))
	w.counts.stored.Add(int64(stored))
	if bad && key.epoch == 0 {
		// Elsewhere the damaged one is still there, and the mark is true.
		return true, w.bucket.Delete(ctx, badKey(o.kind, o.name))
	}
	return true, nil
}

// place is the key that the session may count on for an object: a condemned one has another.
func (w *Session) place(ctx context.Context, o nameKey) (objectKey, error) {
	if w.condemned == nil {
		return o.copy(0), nil
	}
	condemned, err := w.condemned.has(ctx, o.kind, o.name)
	if err != nil {
		return objectKey{}, err
	}
	if condemned {
		return o.copy(w.epoch), nil
	}
	return o.copy(0), nil
}

// Distrusts tells whether an object was found damaged when the session began, and was not put since.
// Who updates a map puts such blocks again, although they did not change.
func (w *Session) Distrusts(kind maps.Kind, id maps.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad[nameKey{kind, w.name(kind, id)}]
}

// Has tells whether Put would find the object there.
func (w *Session) Has(ctx context.Context, kind maps.Kind, id maps.ID) (bool, error) {
	if err := w.lease.check(); err != nil {
		return false, err
	}
	o := nameKey{kind, w.name(kind, id)}
	w.mu.Lock()
	known, bad := w.known.has(o), w.bad[o]
	w.mu.Unlock()
	if known || bad {
		return known, nil
	}
	key, err := w.place(ctx, o)
	if err != nil {
		return false, err
	}
	_, err = w.bucket.Stat(ctx, key.String())
	if errors.Is(err, ErrMissing) {
		return false, nil
	}
	if err == nil {
		w.mu.Lock()
		w.known.add(o)
		w.mu.Unlock()
	}
	return err == nil, err
}

// Base opens a map whose objects the session may count on without putting them: those
// that [maps.Update] and [maps.Upgrade] take over, or all of them where the same bytes are published
// again. The map is as it is when Base returns. Where a collection is under way, what of the map is
// condemned is put again first. Errors match [ErrMissing], [ErrChanged] where the map was changed meanwhile, and those of [maps.Open].
func (w *Session) Base(ctx context.Context, name string) (*maps.Map, MapInfo, error) {
	if err := w.lease.check(); err != nil {
		return nil, MapInfo{}, err
	}
	m, info, err := w.OpenMap(ctx, name)
	if err != nil {
		return nil, info, err
	}
	if w.condemned != nil {
		err = w.save(ctx, m)
	}
	// The map was there all the time: what it has and is not condemned, is kept for it
	// or for the session.
	now, statErr := w.bucket.Stat(ctx, "map/"+name)
	switch {
	case statErr != nil:
		return nil, info, statErr
	case now.Version != info.Version:
		return nil, info, &Error{Op: "open", Address: w.Address(), Key: "map/" + name, Err: ErrChanged}
	case err != nil:
		return nil, info, fmt.Errorf("store: base map %s: %w", name, err)
	}
	return m, info, nil
}

// save puts again what of a map is condemned.
func (w *Session) save(ctx context.Context, m *maps.Map) error {
	buf := make([]byte, maps.MaxBlockSize)
	for o, err := range m.Objects(ctx, w.Store, nil) {
		if err != nil {
			return err
		}
		condemned, err := w.condemned.has(ctx, o.Kind, w.name(o.Kind, o.ID))
		if err != nil {
			return err
		}
		if !condemned {
			continue
		}
		n, err := w.Get(ctx, o.Kind, o.ID, buf)
		if err == nil {
			err = w.Put(ctx, o.Kind, o.ID, buf[:n])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

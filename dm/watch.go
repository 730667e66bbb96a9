package dm

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
)

// EventKind says what happened to a device.
type EventKind uint8

const (
	// Changed: the device's event number rose: its targets have news. A swap of
	// its table is none.
	Changed EventKind = iota + 1
	// Created: the device is new.
	Created
	// Removed: the device is gone.
	Removed
	// Renamed: the device has another name, or got a UUID.
	Renamed
)

// String names k: "changed".
func (k EventKind) String() string {
	switch k {
	case Changed:
		return "changed"
	case Created:
		return "created"
	case Removed:
		return "removed"
	case Renamed:
		return "renamed"
	}
	return fmt.Sprintf("event kind %d", uint8(k))
}

// Event is something that happened to a device.
type Event struct {
	Kind    EventKind
	Entry          // the device now; for Removed, as it was last seen
	OldName string // Renamed: the name before
}

// Watcher tells what happens to all devices, without a thread or a goroutine
// of its own. It must not be used by two goroutines at once, except for Close.
type Watcher struct {
	conn *Conn // over a control node of its own: event counters belong to it
	last map[Dev]Entry
	late bool // something happened, and the look at it failed
}

// Watch begins to watch. What happens from now on is not lost, however late
// [Watcher.Next] is called; what happens to one device between two calls may
// come as one event. Needs device-mapper 4.37.
func (c *Conn) Watch() (*Watcher, error) {
	fault := func(err error) error { return &Error{Op: "watch", Err: err} }
	if need := ioctl.DevArmPoll.MinABI(); c.abi.Less(need) {
		return nil, fault(&UnsupportedError{Feature: "watching", Need: need, Have: c.abi})
	}
	kernel, err := c.kernel.Reopen()
	if err != nil {
		return nil, fault(err)
	}
	w, err := newWatcher(kernel, c.cfg)
	if err != nil {
		_ = kernel.Close()
		return nil, err
	}
	return w, nil
}

func newWatcher(kernel dmwire.Kernel, cfg Config) (*Watcher, error) {
	conn, err := NewConn(kernel, &cfg)
	if err != nil {
		return nil, err
	}
	w := &Watcher{conn: conn, last: map[Dev]Entry{}}
	_, err = w.look()
	return w, err
}

// Close ends the watching, and a Next that waits.
func (w *Watcher) Close() error { return w.conn.Close() }

// Devices returns the devices as they were last seen, by name.
func (w *Watcher) Devices() []Entry {
	all := make([]Entry, 0, len(w.last))
	for _, e := range w.last {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Next waits until something has happened and returns it: removals first, then
// the rest by name. It fails with the context's error, and can be called again
// after that.
func (w *Watcher) Next(ctx context.Context) ([]Event, error) {
	for {
		if !w.late {
			if err := w.wait(ctx); err != nil {
				return nil, &Error{Op: "watch", Err: err}
			}
		}
		events, err := w.look()
		w.late = err != nil
		if err != nil || len(events) > 0 {
			return events, err
		}
	}
}

func (w *Watcher) wait(ctx context.Context) error { return w.conn.kernel.Wait(ctx) }

// look arms the next wait, then lists the devices: an event between the two
// is in the list, and ends the next wait for nothing; the other way round it
// would be lost.
func (w *Watcher) look() ([]Event, error) {
	if err := w.arm(); err != nil {
		return nil, err
	}
	now, err := w.conn.List()
	if err != nil {
		return nil, err
	}
	var events []Event
	next := make(map[Dev]Entry, len(now))
	for _, e := range now {
		next[e.Dev] = e
		if event, ok := compare(w.last, e); ok {
			events = append(events, event)
		}
	}
	var removed []Event
	for dev, e := range w.last {
		if again, ok := next[dev]; !ok || isAnother(e, again) {
			removed = append(removed, Event{Kind: Removed, Entry: e})
		}
	}
	w.last = next
	byName := func(a, b Event) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(removed, byName)
	slices.SortFunc(events, byName)
	return append(removed, events...), nil
}

func (w *Watcher) arm() error { return w.conn.do(&request{cmd: ioctl.DevArmPoll}, nil) }

// compare returns what happened to e since last.
func compare(last map[Dev]Entry, e Entry) (Event, bool) {
	old, known := last[e.Dev]
	switch {
	case !known || isAnother(old, e):
		return Event{Kind: Created, Entry: e}, true
	case old.Name != e.Name || old.UUID != e.UUID:
		return Event{Kind: Renamed, Entry: e, OldName: old.Name}, true
	case old.EventNr != e.EventNr:
		return Event{Kind: Changed, Entry: e}, true
	}
	return Event{}, false
}

// isAnother reports whether a device number was given to another device
// between two lists: its event number went back, or it has neither the name
// nor the UUID that it had.
func isAnother(old, now Entry) bool {
	return int32(now.EventNr-old.EventNr) < 0 ||
		old.UUID != "" && old.UUID != now.UUID ||
		old.UUID == "" && old.Name != now.Name && now.UUID != ""
}

// Events watches until ctx ends, and yields what happens. The iteration ends
// with the error that stopped it; the context's error is one.
func (c *Conn) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		w, err := c.Watch()
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer w.Close()
		for {
			events, err := w.Next(ctx)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

package etcd

import (
	"context"
	"errors"
	"iter"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rok-storage/rok/cluster/kv"
)

const watchPause = 250 * time.Millisecond

// Watch is [kv.Store.Watch].
func (s *Store) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[[]kv.Event, error] {
	return func(yield func([]kv.Event, error) bool) {
		if err := kv.CheckPrefix(prefix); err != nil {
			yield(nil, s.fail("watch", prefix, err))
			return
		}
		w := &watch{store: s, prefix: prefix, after: after, yield: yield}
		for ctx.Err() == nil && !w.ended {
			err := w.run(ctx)
			switch {
			case w.ended || ctx.Err() != nil:
			case s.client.Ctx().Err() != nil:
				w.end(kv.ErrUnreachable) // closed
			case err != nil && !errors.Is(meaning(err), kv.ErrUnreachable):
				w.end(meaning(err))
			default:
				if err := w.allowed(ctx); err != nil && !errors.Is(err, kv.ErrUnreachable) && ctx.Err() == nil {
					w.end(err)
					return
				}
				pause(ctx, watchPause)
			}
		}
	}
}

// watch is one that goes on from connection to connection.
type watch struct {
	store  *Store
	prefix string
	after  int64 // the last revision that was told
	yield  func([]kv.Event, error) bool
	ended  bool // nobody listens any more
}

func (w *watch) end(err error) {
	w.ended = true
	w.yield(nil, w.store.fail("watch", w.prefix, err))
}

// allowed asks for what is watched: why a watch was refused comes as a text alone.
func (w *watch) allowed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.store.request)
	defer cancel()
	_, err := w.store.client.Get(ctx, w.prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return meaning(err)
	}
	return nil
}

// run tells what comes until the client gives up.
func (w *watch) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	for r := range w.store.client.Watch(ctx, w.prefix, clientv3.WithPrefix(), clientv3.WithRev(w.after+1), clientv3.WithPrevKV()) {
		if err := r.Err(); err != nil {
			return err
		}
		for _, events := range transactions(r.Events) {
			if ctx.Err() != nil || w.ended {
				return nil
			}
			w.after = events[0].Modified
			w.ended = !w.yield(events, nil)
		}
		if w.ended {
			return nil
		}
	}
	return nil
}

// transactions are events by revision, in order.
func transactions(all []*clientv3.Event) [][]kv.Event {
	var out [][]kv.Event
	for _, e := range all {
		event := kv.Event{Entry: entry(e.Kv), Deleted: e.Type == mvccpb.Event_DELETE}
		if e.PrevKv != nil {
			event.Previous = e.PrevKv.Value
		}
		if n := len(out); n > 0 && out[n-1][0].Modified == event.Modified {
			out[n-1] = append(out[n-1], event)
		} else {
			out = append(out, []kv.Event{event})
		}
	}
	return out
}

package model

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// Directed plays histories that are written down: those in which rare things come together at the worst moment, as random ones hardly ever
// have it. At their end everything is as with [Histories].
func Directed(t *testing.T, open Open) {
	for i, test := range []struct {
		name string
		play func(*directed)
	}{
		{"a map that comes at the last moment", (*directed).lastMoment},
		{"a map whose lease was renewed for long", (*directed).longRenewal},
		{"a map whose lease was about to run out", (*directed).oldLease},
		{"a delete that comes late", (*directed).lateDelete},
		{"a delete that is sent late", (*directed).slowDelete},
		{"a removal that comes late", (*directed).lateRemoval},
		{"a removal that is sent late", (*directed).slowRemoval},
		{"a base that is removed while its blocks are condemned", (*directed).goneBase},
		{"a lease that is renewed as it is taken", (*directed).renewedAsTaken},
		{"a reader between two copies", (*directed).betweenCopies},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(0)
			w.ttl = 300 * time.Second
			var total Counts
			d := &directed{newModel(t, w, uint64(i+1)*10+2, open, &total)} // even, and not encrypted
			if w.local {
				require.NoError(t, w.place.Close())
				t.Skip("nothing is late in a machine's own bucket")
			}
			test.play(d)
			w.advance(time.Hour)
			d.settle()
			require.NoError(t, w.place.Close())
		})
	}
}

// directed is a model whose actors do what they are told.
type directed struct{ *model }

// process is an actor, and its store.
func (d *directed) process(name string, skew time.Duration) (*actor, *store.Store) {
	a := d.alone(name)
	a.skew = skew
	s, err := store.New(context.Background(), a.bucket(), store.Options{Timing: d.timing(a)})
	require.NoError(d.t, err)
	// What is found out once is not in the way later.
	w, err := s.Begin(context.Background(), store.SessionOptions{})
	require.NoError(d.t, err)
	require.NoError(d.t, w.End(context.Background()))
	return a, s
}

func (d *directed) begin(s *store.Store) *store.Session {
	w, err := s.Begin(context.Background(), store.SessionOptions{Purpose: "directed"})
	require.NoError(d.t, err)
	return w
}

func (d *directed) end(w *store.Session) { require.NoError(d.t, w.End(context.Background())) }

// register puts what a map needs and publishes it.
func (d *directed) register(w *store.Session, name, content string) error {
	require.NoError(d.t, PutBlocks(w, content))
	return d.publish(context.Background(), w, name, content)
}

// publish makes a map of blocks that were put.
func (d *directed) publish(ctx context.Context, w *store.Session, name, content string) error {
	var body bytes.Buffer
	mw, err := maps.NewWriter(&body, w, maps.Spec{Shape: maps.Shape{Version: 3, BlockSize: maps.MinBlockSize, Size: SizeOf(content)}})
	require.NoError(d.t, err)
	for i := range len(content) {
		require.NoError(d.t, mw.Add(context.Background(), uint64(i), BlockID(content[i])))
	}
	_, err = mw.Finish(context.Background())
	require.NoError(d.t, err)
	return d.change(name, content, func() error {
		_, err := w.Publish(ctx, name, bytes.NewReader(body.Bytes()), store.Condition{})
		return err
	})
}

// keep registers a map in a session of its own.
func (d *directed) keep(s *store.Store, name, content string) {
	w := d.begin(s)
	require.NoError(d.t, d.register(w, name, content))
	d.end(w)
}

func (d *directed) remove(s *store.Store, name string) error {
	return d.change(name, absent, func() error { return s.Remove(context.Background(), name, "") })
}

// collect runs a collection; that others collect, or that an answer is lost, is no fault.
func (d *directed) collect(s *store.Store) store.Collected {
	c, err := s.Collect(context.Background(), store.CollectOptions{})
	if err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, errLost) && !errors.Is(err, store.ErrLeaseLost) {
		d.errorf("collect: %v", err)
	}
	return c
}

// almost has the last moment of the request that is on its way come, but for so much.
func (d *directed) almost(left time.Duration) {
	require.Len(d.t, d.world.late, 1)
	d.now = d.world.late[0].sent.Add(delay - left)
}

// A session's clock is slow, the collector's is fast. A lease is renewed in half of its time, the map is sent after the other half, and comes
// as late as may be. Just before, the collector still waits.
func (d *directed) lastMoment() {
	d.lateMap(func(a *actor, _ *store.Session) {
		a.before("put lease/", func() { d.advance(d.ttl / 2) })
	})
}

// The renewal takes almost all of the lease's time, so there is another.
func (d *directed) longRenewal() {
	d.lateMap(func(a *actor, _ *store.Session) {
		a.before("put lease/", func() { d.advance(d.ttl - time.Second) })
	})
}

func (d *directed) oldLease() {
	d.lateMap(func(*actor, *store.Session) { d.advance(d.ttl - time.Second) })
}

func (d *directed) lateMap(prepare func(*actor, *store.Session)) {
	a, s := d.process("writer", -margin/2)
	_, gc := d.process("gc", margin/2-1)
	w := d.begin(s)
	require.NoError(d.t, PutBlocks(w, "abc"))
	prepare(a, w)
	a.at("put map/", func(call func() error) error {
		d.advance(d.ttl/2 - 1)
		d.world.late = append(d.world.late, request{func() { _ = call() }, d.now, "map"})
		return errLost
	})
	require.ErrorIs(d.t, d.publish(context.Background(), w, "m", "abc"), errLost)
	d.end(w)
	d.collect(gc) // condemns, and waits
	d.almost(1)
	c := d.collect(gc)
	require.Zero(d.t, c.Freed)
	d.advance(1)
	require.Empty(d.t, d.world.late)
	d.verify()
}

// A collector deletes a block, and hears nothing. It is put again meanwhile, as nobody can collect before that delete has come.
func (d *directed) lateDelete() {
	a, gc := d.process("gc", 0)
	_, s := d.process("writer", 0)
	_, other := d.process("gc2", 0)
	d.keep(s, "old", "a")
	require.NoError(d.t, d.remove(s, "old"))
	a.late("delete blk/")
	d.collect(gc)
	require.Len(d.t, d.world.late, 1)
	d.collect(other)
	d.collect(gc)
	d.keep(s, "new", "a")
	d.almost(0)
	d.advance(0)
	require.Empty(d.t, d.world.late)
	d.verify()
}

// A collector is slow to send a delete, as long as half a lease. So much of its lock is left then, also where it was not renewed for long.
func (d *directed) slowDelete() {
	a, gc := d.process("gc", margin/2)
	_, s := d.process("writer", 0)
	_, other := d.process("gc2", -margin/2)
	d.keep(s, "old", "a")
	require.NoError(d.t, d.remove(s, "old"))
	a.before("put gc/epoch", func() { d.advance(d.ttl * 8 / 10) })
	a.before("delete blk/", func() {
		d.advance(d.ttl/2 - 1)
		d.collect(other)
		d.keep(s, "new", "a")
	})
	d.collect(gc)
	d.verify()
}

// A removal comes late: the map that another makes of that name waits for it.
func (d *directed) lateRemoval() {
	a, s := d.process("writer", 0)
	_, other := d.process("other", 0)
	d.keep(s, "m", "abc")
	a.late("delete map/")
	require.ErrorIs(d.t, d.remove(s, "m"), errLost)
	err := store.ErrLeaseLost
	for errors.Is(err, store.ErrLeaseLost) { // it waits for longer than its lease lasts
		w := d.begin(other)
		err = d.register(w, "m", "def")
		d.end(w)
	}
	require.NoError(d.t, err)
	d.advance(delay)
	require.Empty(d.t, d.world.late)
	require.True(d.t, d.knows("m").only("def"))
	d.verify()
}

// Who removes a map is slow to look, and then to send it. It is the map that was looked at all the same, and not what another has made of it
// meanwhile.
func (d *directed) slowRemoval() {
	a, s := d.process("writer", margin/2)
	o, other := d.process("other", -margin/2)
	d.keep(s, "m", "abc")
	f, err := s.OpenFile(context.Background(), "m")
	require.NoError(d.t, err)
	a.before("stat map/", func() { d.advance(d.ttl - time.Second) })
	a.before("delete map/", func() {
		d.advance(d.ttl/2 - 1)
		w := d.begin(other)
		require.NoError(d.t, PutBlocks(w, "def"))
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		o.before("put lock/map/m if absent", func() {})
		o.before("put lock/map/m if absent", cancel) // it tries once, and does not wait
		if d.publish(ctx, w, "m", "def") == nil {
			d.knows("m").may = map[string]bool{"def": true}
		}
		d.end(w)
	})
	require.NoError(d.t, d.change("m", absent, func() error { return s.Remove(context.Background(), "m", f.Version) }))
	d.verify()
}

// A map is published while its block is condemned, taken as a base, and removed. The block is deleted then; who took the map as a base has put it again.
func (d *directed) goneBase() {
	_, s := d.process("writer", 0)
	_, gc := d.process("gc", 0)
	former := d.begin(s)
	require.NoError(d.t, PutBlocks(former, "ab"))
	require.Len(d.t, d.collect(gc).Waiting, 1)
	require.NoError(d.t, d.publish(context.Background(), former, "m", "ab"))
	w := d.begin(s)
	base, _, err := w.Base(context.Background(), "m")
	require.NoError(d.t, err)
	require.NoError(d.t, d.remove(s, "m"))
	d.end(former)
	require.Positive(d.t, d.collect(gc).Freed.Objects)
	var body bytes.Buffer
	_, err = maps.Update(context.Background(), &body, w, base, maps.Spec{Shape: base.Shape}, changes("ab", "a0"))
	require.NoError(d.t, err)
	require.NoError(d.t, d.change("next", "a0", func() error {
		_, err := w.Publish(context.Background(), "next", bytes.NewReader(body.Bytes()), store.Condition{Absent: true})
		return err
	}))
	d.end(w)
}

// A collector finds a lease that is over, and before it takes it, its renewal comes, which was on its way for long: the session has it.
func (d *directed) renewedAsTaken() {
	a, s := d.process("writer", 0)
	g, gc := d.process("gc", 0)
	w := d.begin(s)
	require.NoError(d.t, PutBlocks(w, "abc"))
	d.advance(d.ttl)
	a.at("put lease/", func(renew func() error) (err error) {
		d.advance(delay + margin + time.Second)
		renewed := false
		take := func(take func() error) error {
			if !renewed {
				renewed = true
				err = renew()
			}
			return take()
		}
		g.at("put lease/", take)
		g.at("delete lease/", take)
		d.collect(gc)
		require.True(d.t, renewed)
		g.told = nil
		return err
	})
	if err := d.publish(context.Background(), w, "m", "abc"); err != nil {
		require.ErrorIs(d.t, err, store.ErrLeaseLost)
	}
	d.verify()
	d.end(w)
}

// An object has only a copy that was put anew. A reader has not found the first; before it looks for copies, the first is put again, and the
// copy is freed as a spare.
func (d *directed) betweenCopies() {
	_, s := d.process("writer", 0)
	g, gc := d.process("gc", 0)
	r, reader := d.process("reader", 0)
	d.keep(s, "old", "a")
	require.NoError(d.t, d.remove(s, "old"))
	g.before("delete blk/", func() { d.keep(s, "m", "a") })
	require.Positive(d.t, d.collect(gc).Freed.Objects)
	met := false
	r.before("list blk/", func() {
		met = true
		w := d.begin(s)
		require.NoError(d.t, PutBlocks(w, "a"))
		d.end(w)
		require.Positive(d.t, d.collect(gc).Freed.Objects)
	})
	content, err := Read(reader, "m")
	require.NoError(d.t, err)
	require.Equal(d.t, "a", content)
	require.True(d.t, met)
}

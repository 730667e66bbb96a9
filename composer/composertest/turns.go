package composertest

import (
	"bytes"
	"context"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rok-storage/rok/store"
)

// turns has several processes use a bucket at once, and yet one call at a time: each waits at each call until all others wait
// too, or have ended, and is then picked or not. So what happens follows from the seed, but for the order of calls that
// one process makes at once.
type turns struct {
	rng   *rand.Rand
	clock *clock

	mu    sync.Mutex
	all   []*process
	busy  bool // a call is made
	begun bool // before, nobody waits
}

// process is one that waits for its turn at each call of the bucket, and at each look whether a lock is free. It is the
// bucket that it uses, and the clock.
type process struct {
	store.Bucket
	turns  *turns
	weight int // how often it is picked, beside others
	// end ends who waits for a lock of one that was killed.
	end   context.CancelFunc
	looks int

	waiting []chan struct{}
	ended   bool
}

// most is how often a process looks whether a lock is free.
const most = 60

// join is a new process.
func (t *turns) join(b store.Bucket, weight int, end context.CancelFunc) *process {
	p := &process{Bucket: b, turns: t, weight: weight, end: end}
	t.all = append(t.all, p)
	return p
}

// run has all processes do what they do, until all have ended.
func (t *turns) run(do ...func()) {
	t.begun = true
	var group sync.WaitGroup
	for i, p := range t.all {
		group.Go(func() {
			do[i]()
			t.mu.Lock()
			defer t.mu.Unlock()
			p.ended = true
			t.next()
		})
	}
	group.Wait()
	t.begun = false
}

// next picks a process, if all are ready. The lock is held.
func (t *turns) next() {
	if t.busy {
		return
	}
	sum := 0
	for _, p := range t.all {
		switch {
		case p.ended:
		case len(p.waiting) == 0:
			return
		default:
			sum += p.weight
		}
	}
	if sum == 0 {
		return
	}
	n := t.rng.IntN(sum)
	for _, p := range t.all {
		if p.ended {
			continue
		}
		if n -= p.weight; n < 0 {
			close(p.waiting[0])
			p.waiting = p.waiting[1:]
			t.busy = true
			return
		}
	}
}

// turn waits for a turn, and returns what ends it.
func (p *process) turn() (done func()) {
	t := p.turns
	if !t.begun {
		return func() {}
	}
	picked := make(chan struct{})
	t.mu.Lock()
	p.waiting = append(p.waiting, picked)
	t.next()
	t.mu.Unlock()
	<-picked
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.busy = false
		t.next()
	}
}

// Now is the time.
func (p *process) Now() time.Time { return p.turns.clock.Now() }

// After comes behind a turn where a lock is waited for; leases are not renewed.
func (p *process) After(d time.Duration) <-chan time.Time {
	if d > time.Second {
		return nil
	}
	defer p.turn()()
	if p.looks++; p.looks == most {
		p.end()
	}
	come := make(chan time.Time, 1)
	come <- p.Now()
	return come
}

// Conditional is that of the bucket.
func (p *process) Conditional(ctx context.Context) (bool, error) {
	if b, ok := p.Bucket.(store.Conditional); ok {
		return b.Conditional(ctx)
	}
	return true, nil
}

// Get is the bucket's.
func (p *process) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	defer p.turn()()
	return p.Bucket.Get(ctx, key, off, dst)
}

// Stat is the bucket's.
func (p *process) Stat(ctx context.Context, key string) (store.Info, error) {
	defer p.turn()()
	return p.Bucket.Stat(ctx, key)
}

// Put is the bucket's. The body may be read from the bucket, too: it is read first.
func (p *process) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	data, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
	if err != nil {
		return store.Info{}, err
	}
	defer p.turn()()
	return p.Bucket.Put(ctx, key, bytes.NewReader(data), condition)
}

// Delete is the bucket's.
func (p *process) Delete(ctx context.Context, keys ...string) error {
	defer p.turn()()
	return p.Bucket.Delete(ctx, keys...)
}

// DeleteSuperseded is the bucket's, where that keeps what objects were before.
func (p *process) DeleteSuperseded(ctx context.Context, prefix string) (store.Amount, error) {
	b, ok := p.Bucket.(store.Versioned)
	if !ok {
		return store.Amount{}, nil
	}
	defer p.turn()()
	return b.DeleteSuperseded(ctx, prefix)
}

// List is the bucket's, as it is at one moment.
func (p *process) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		found, err := p.list(ctx, prefix)
		for _, info := range found {
			if !yield(info, nil) {
				return
			}
		}
		if err != nil {
			yield(store.Info{}, err)
		}
	}
}

func (p *process) list(ctx context.Context, prefix string) (found []store.Info, err error) {
	defer p.turn()()
	for info, err := range p.Bucket.List(ctx, prefix) {
		if err != nil {
			return found, err
		}
		found = append(found, info)
	}
	return found, nil
}

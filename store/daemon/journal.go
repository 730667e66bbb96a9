package daemon

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/rok-storage/rok/store"
)

// Journal is a bucket over a bucket, which accepts blocks and nodes on the local disk, and brings them up later: a Put of
// one returns when it is on the disk here. What is read sees it from then on. After a kill the next
// [OpenJournal] of the directory goes on.
//
// Nothing may count on an object that is here alone. So each other change, and each listing, first waits until all
// that was accepted before is up, and fails where that fails; leases and locks do not, which say nothing about
// objects. A Put with a condition is made above at once. The version of an object is another one when it is up.
type Journal struct {
	bucket store.Bucket
	o      JournalConfig
	dir    *journalDir

	ctx    context.Context // the workers'
	cancel context.CancelFunc
	wait   sync.WaitGroup
	queue  chan *entryUp // never full: it has room for all that Objects allows

	mu      sync.Mutex
	pending map[string]*entryUp
	used    int64
	freed   chan struct{} // closed and made anew when room comes back
	failed  chan struct{} // closed and made anew when an upload fails
	last    error         // why
	state   JournalState
}

// JournalConfig is where a journal is and how large it gets. Dir must be set.
type JournalConfig struct {
	Dir     string // absolute; made where it is missing, and of one journal at a time
	Size    int64  // of all bodies in it; 0 is 1 GiB. A Put waits for room; a body that is larger goes up at once.
	Workers int    // that bring objects up; 0 is 8
	// Report hears of uploads that failed, and of files that are damaged; nil: nobody does. It may be
	// called by several goroutines at once.
	Report func(key string, err error)
	// First and Longest are the waits before an upload is tried again; 0 are 1 s and 10 s.
	First, Longest time.Duration
}

// JournalState is how a journal is doing.
type JournalState struct {
	Objects  int   // that are not up
	Bytes    int64 // of them
	Replayed int   // that were there when it was opened
	Damaged  int   // files that were there, and that no Put can have finished: they stay, and are passed over
	Accepted int64 // since it was opened
	Uploaded int64
	Failures int64 // of uploads
}

// journalObjects is how many objects are in a journal at most.
const journalObjects = 1 << 17

// entryUp is an object that is on its way up.
type entryUp struct {
	key   string
	size  int64
	ready bool          // it is on the disk
	gone  chan struct{} // closed when it is here no more
}

// OpenJournal opens the journal, and begins to bring up what is in it. Errors match [store.ErrLocked] where another process
// has it, and [store.ErrSettings] where there are objects in it that another bucket was to get. The bucket
// is not closed by [Journal.Close].
func OpenJournal(ctx context.Context, bucket store.Bucket, o JournalConfig) (*Journal, error) {
	if o.Size <= 0 {
		o.Size = 1 << 30
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.First <= 0 {
		o.First = time.Second
	}
	if o.Longest <= 0 {
		o.Longest = 10 * time.Second
	}
	if o.Report == nil {
		o.Report = func(string, error) {}
	}
	j := &Journal{bucket: bucket, o: o, pending: map[string]*entryUp{}, freed: make(chan struct{}), failed: make(chan struct{})}
	var found []*entryUp
	var err error
	if j.dir, found, err = openJournalDir(ctx, o.Dir, bucket.Address(), func(key string, err error) {
		j.state.Damaged++
		o.Report(key, err)
	}); err != nil {
		return nil, fmt.Errorf("journal %s: %w", o.Dir, err)
	}
	j.queue = make(chan *entryUp, journalObjects+len(found))
	for _, e := range found {
		j.pending[e.key] = e
		j.used += e.size
		j.queue <- e
	}
	j.state.Replayed = len(found)
	j.ctx, j.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for range o.Workers {
		j.wait.Go(j.work)
	}
	return j, nil
}

// State tells how the journal is doing.
func (j *Journal) State() JournalState {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.state
	s.Objects, s.Bytes = len(j.pending), j.used
	return s
}

// Address is the bucket's.
func (j *Journal) Address() string { return j.bucket.Address() }

// Close stops bringing objects up. What is left comes with the next OpenJournal.
func (j *Journal) Close() error {
	j.cancel()
	j.wait.Wait()
	return j.dir.close()
}

func (j *Journal) fail(op, key string, err error) error {
	var e *store.Error
	if err == nil || errors.As(err, &e) && e.Op == op && e.Key == key && e.Address == j.Address() {
		return err
	}
	return &store.Error{Op: op, Address: j.Address(), Key: key, Err: err}
}

// journaled tells whether objects of that key are accepted here: such as have the same content whoever puts them.
func journaled(key string) bool {
	return strings.HasPrefix(key, "blk/") || strings.HasPrefix(key, "node/")
}

// independent tells whether an object says nothing about others.
func independent(key string) bool {
	return strings.HasPrefix(key, "lease/") || strings.HasPrefix(key, "lock/")
}

// ready finds an object that is accepted and not up.
func (j *Journal) ready(key string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.pending[key]
	return e != nil && e.ready
}

// Get reads a part of an object, here or above.
func (j *Journal) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	if j.ready(key) {
		n, info, err := j.dir.Get(ctx, key, off, dst)
		if !errors.Is(err, store.ErrMissing) { // it came up meanwhile
			return n, info, j.fail(opGet, key, err)
		}
	}
	return j.bucket.Get(ctx, key, off, dst)
}

// Stat tells of an object, here or above.
func (j *Journal) Stat(ctx context.Context, key string) (store.Info, error) {
	if j.ready(key) {
		info, err := j.dir.Stat(ctx, key)
		if !errors.Is(err, store.ErrMissing) {
			return info, j.fail(opStat, key, err)
		}
	}
	return j.bucket.Stat(ctx, key)
}

// List tells of all objects above, when what was accepted here is there.
func (j *Journal) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := j.Barrier(ctx); err != nil {
			yield(store.Info{}, j.fail(opList, prefix, err))
			return
		}
		j.bucket.List(ctx, prefix)(yield)
	}
}

// Delete removes objects, when what was accepted here is above.
func (j *Journal) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if independent(key) {
			continue
		}
		if err := j.Barrier(ctx); err != nil {
			return j.fail(opDelete, "", err)
		}
		break
	}
	return j.bucket.Delete(ctx, keys...)
}

// Put accepts an object, or puts it above.
func (j *Journal) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	var err error
	switch {
	case store.CheckKey(key) != nil, independent(key):
	case !journaled(key):
		err = j.Barrier(ctx)
	case condition != (store.Condition{}) || body.Size() > j.o.Size:
		err = j.absent(ctx, key)
	default:
		info, err := j.accept(ctx, key, body)
		if !errors.Is(err, store.ErrNoSpace) {
			return info, j.fail(opPut, key, err)
		}
		// The disk here is full: what is above may not be.
	}
	if err != nil {
		return store.Info{}, j.fail(opPut, key, err)
	}
	return j.bucket.Put(ctx, key, body, condition)
}

package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/store"
)

// accept puts an object on the disk here.
func (j *Journal) accept(ctx context.Context, key string, body store.Body) (store.Info, error) {
	e, err := j.reserve(ctx, key, body.Size())
	if err != nil {
		return store.Info{}, err
	}
	info, err := j.dir.Put(ctx, key, body, store.Condition{})
	if err != nil {
		// It may be there all the same, and must not come up with the next start.
		err = errors.Join(err, j.dir.Delete(context.WithoutCancel(ctx), key))
		j.drop(e)
		return store.Info{}, err
	}
	j.mu.Lock()
	e.ready = true
	j.state.Accepted++
	j.mu.Unlock()
	j.queue <- e
	return info, nil
}

// reserve waits for room, and until no object of that key is on its way.
func (j *Journal) reserve(ctx context.Context, key string, size int64) (*entryUp, error) {
	for {
		j.mu.Lock()
		before, freed, failed := j.pending[key], j.freed, j.failed
		if before == nil && j.used+size <= j.o.Size && len(j.pending) < journalObjects {
			e := &entryUp{key: key, size: size, gone: make(chan struct{})}
			j.pending[key] = e
			j.used += size
			j.mu.Unlock()
			return e, nil
		}
		j.mu.Unlock()
		if before != nil {
			freed = before.gone
		}
		if err := j.await(ctx, freed, failed); err != nil {
			return nil, fmt.Errorf("the journal has no room: %w", err)
		}
	}
}

// absent waits until no object of that key is on its way.
func (j *Journal) absent(ctx context.Context, key string) error {
	for {
		j.mu.Lock()
		before, failed := j.pending[key], j.failed
		j.mu.Unlock()
		if before == nil {
			return nil
		}
		if err := j.await(ctx, before.gone, failed); err != nil {
			return err
		}
	}
}

// Barrier waits until all that was accepted before is up. It fails where an upload fails meanwhile, with that error.
func (j *Journal) Barrier(ctx context.Context) error {
	j.mu.Lock()
	failed := j.failed
	var before []*entryUp
	for _, e := range j.pending {
		if e.ready {
			before = append(before, e)
		}
	}
	j.mu.Unlock()
	for _, e := range before {
		if err := j.await(ctx, e.gone, failed); err != nil {
			return fmt.Errorf("what the journal accepted is not up yet: %w", err)
		}
	}
	return nil
}

// await waits for what is wanted, and not longer than for an upload that fails.
func (j *Journal) await(ctx context.Context, wanted, failed <-chan struct{}) error {
	select {
	case <-wanted:
		return nil
	default:
	}
	select {
	case <-wanted:
		return nil
	case <-failed:
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.last
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-j.ctx.Done():
		return fmt.Errorf("the journal is closed: %w", store.ErrUnreachable)
	}
}

// drop forgets an object that is here no more.
func (j *Journal) drop(e *entryUp) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.pending, e.key)
	j.used -= e.size
	close(e.gone)
	close(j.freed)
	j.freed = make(chan struct{})
}

package daemon

import (
	"context"
	"time"

	"github.com/rok-storage/rok/store"
)

// work brings up one object after the other.
func (j *Journal) work() {
	for {
		select {
		case <-j.ctx.Done():
			return
		case e := <-j.queue:
			j.bringUp(e)
		}
	}
}

// bringUp tries until an object is up, or the journal is closed.
func (j *Journal) bringUp(e *entryUp) {
	wait := j.o.First
	for {
		err := j.upload(e)
		if err == nil {
			j.mu.Lock()
			j.state.Uploaded++
			j.mu.Unlock()
			j.drop(e)
			return
		}
		if j.ctx.Err() != nil {
			return
		}
		j.mu.Lock()
		j.state.Failures++
		j.last = err
		close(j.failed)
		j.failed = make(chan struct{})
		j.mu.Unlock()
		j.o.Report(e.key, err)
		timer := time.NewTimer(wait)
		select {
		case <-j.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, j.o.Longest)
	}
}

// upload puts an object above, and then removes it here. Killed in between, it is put again, which is the same.
func (j *Journal) upload(e *entryUp) error {
	if _, err := j.bucket.Put(j.ctx, e.key, &journaledBody{j.ctx, j.dir, e}, store.Condition{}); err != nil {
		return err
	}
	return j.dir.Delete(j.ctx, e.key)
}

// journaledBody is an object of the journal as it is put above.
type journaledBody struct {
	ctx context.Context
	dir *journalDir
	e   *entryUp
}

func (b *journaledBody) Size() int64 { return b.e.size }

func (b *journaledBody) ReadAt(dst []byte, off int64) (int, error) {
	n, _, err := b.dir.Get(b.ctx, b.e.key, off, dst)
	if err == nil && n < len(dst) {
		err = endOf(b.e.size, off+int64(n))
	}
	return n, err
}

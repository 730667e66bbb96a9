package composer

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"github.com/rok-storage/rok/units"
)

// workBytes is what the blocks that are worked on at once may take, with what they are packed into.
const workBytes = 80 * units.MiB

// workersFor is how many blocks are worked on at once: as many as there is memory for, and
// more than processors, since some of them wait for a disk or a network. asked is the caller's, 0 for none.
func workersFor(asked int, block units.Bytes) int {
	room := max(int(workBytes/(block*9/4)), 1)
	if asked > 0 {
		return min(asked, room)
	}
	return min(room, max(2*runtime.GOMAXPROCS(0), 4), 16)
}

// outcome is what became of one item.
type outcome[R any] struct {
	result R
	err    error
}

// buffers keeps buffers of one size from one use to the next. The zero value has none.
type buffers struct {
	mu   sync.Mutex
	free [][]byte
}

func (b *buffers) get(size units.Bytes) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.free)
	if n == 0 {
		return make([]byte, size)
	}
	buf := b.free[n-1]
	b.free = b.free[:n-1]
	return buf
}

func (b *buffers) put(buf []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = append(b.free, buf)
}

// inOrder works on items in several goroutines, each with a buffer of its own, and hands on what becomes of them
// in the order of the items. An error is the last that comes. All goroutines have ended when it returns.
func inOrder[T, R any](ctx context.Context, workers int, block units.Bytes, items iter.Seq2[T, error], work func(context.Context, T, []byte) (R, error)) iter.Seq2[R, error] {
	return inOrderWith(ctx, new(buffers), workers, block, items, work)
}

// inOrderWith is inOrder with the buffers of who does it often: new ones each time would be garbage as large as all memory that is
// allowed, before it is noticed.
func inOrderWith[T, R any](ctx context.Context, spare *buffers, workers int, block units.Bytes, items iter.Seq2[T, error], work func(context.Context, T, []byte) (R, error)) iter.Seq2[R, error] {
	type job struct {
		item T
		out  chan outcome[R]
	}
	return func(yield func(R, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		jobs, order := make(chan job), make(chan chan outcome[R], 4*workers)
		group.Go(func() {
			defer close(order)
			defer close(jobs)
			for item, err := range items {
				j := job{item, make(chan outcome[R], 1)}
				select {
				case order <- j.out:
				case <-ctx.Done():
					return
				}
				if err != nil {
					j.out <- outcome[R]{err: err}
					return
				}
				select {
				case jobs <- j:
				case <-ctx.Done():
					j.out <- outcome[R]{err: ctx.Err()}
					return
				}
			}
		})
		for range workers {
			group.Go(func() {
				var buf []byte // taken with the first job: there may be fewer of them than workers
				defer func() {
					if buf != nil {
						spare.put(buf)
					}
				}()
				for j := range jobs {
					if buf == nil {
						buf = spare.get(block)
					}
					result, err := work(ctx, j.item, buf)
					j.out <- outcome[R]{result, err}
				}
			})
		}
		for out := range order {
			o := <-out
			if !yield(o.result, o.err) || o.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none R
			yield(none, err)
		}
	}
}

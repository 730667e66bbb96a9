package daemon

import (
	"context"
	"math/bits"
	"sync"

	"golang.org/x/sync/semaphore"
)

// buffers are the memory of all bodies that are under way: no more than so much, and used again.
type buffers struct {
	room *semaphore.Weighted
	most int64

	mu   sync.Mutex
	free map[int][][]byte // by the power of two that is their length
	kept int64
}

// keptMost is how much memory is kept for later.
const keptMost = 32 << 20

// smallest is the power of two of the shortest buffer.
const smallest = 16

func newBuffers(most int64) *buffers {
	return &buffers{room: semaphore.NewWeighted(most), most: most, free: map[int][][]byte{}}
}

// take waits for a buffer of at least size bytes, which is not more than most.
func (b *buffers) take(ctx context.Context, size int64) ([]byte, error) {
	class := max(smallest, bits.Len64(uint64(max(size, 1)-1)))
	if err := b.room.Acquire(ctx, min(1<<class, b.most)); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free[class]); n > 0 {
		buf := b.free[class][n-1]
		b.free[class] = b.free[class][:n-1]
		b.kept -= int64(len(buf))
		return buf, nil
	}
	return make([]byte, 1<<class), nil
}

func (b *buffers) give(buf []byte) {
	size := int64(len(buf))
	b.mu.Lock()
	if b.kept+size <= keptMost {
		class := bits.Len64(uint64(size - 1))
		b.free[class] = append(b.free[class], buf)
		b.kept += size
	}
	b.mu.Unlock()
	b.room.Release(min(size, b.most))
}

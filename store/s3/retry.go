package s3

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Retry is a request that is to be repeated.
type Retry struct {
	Op      string        // "get", "put", …
	Key     string        // of the object, or the prefix
	Attempt int           // that failed, from 1
	Cause   error         // why
	Wait    time.Duration // until the next
}

// do makes a request, and again while that may help. Each attempt moves up to size bytes, and its time is
// bounded by that.
func (b *Bucket) do(ctx context.Context, op, key string, size int64, request func(context.Context) error) error {
	started := time.Now()
	for attempt := 1; ; attempt++ {
		r := &reply{}
		err := b.attempt(context.WithValue(ctx, replyKey{}, r), size, request)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errors.Join(context.Cause(ctx), err)
		case !transient(err):
			return err
		}
		wait := max(b.limits.wait(attempt, rand.Float64()), r.retryAfter())
		if time.Since(started)+wait > b.limits.Total {
			return err
		}
		if b.log != nil {
			b.log(Retry{Op: op, Key: key, Attempt: attempt, Cause: err, Wait: wait})
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(context.Cause(ctx), err)
		case <-timer.C:
		}
	}
}

func (b *Bucket) attempt(ctx context.Context, size int64, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.limits.timeFor(size), errTime)
	defer cancel()
	err := request(ctx)
	if err != nil && context.Cause(ctx) == errTime {
		return errTime
	}
	return err
}

// wait is the wait behind an attempt, with random from 0 to 1.
func (l Limits) wait(attempt int, random float64) time.Duration {
	full := l.First << min(attempt-1, 20)
	if full > l.Longest || full <= 0 {
		full = l.Longest
	}
	return full/2 + time.Duration(random*float64(full/2))
}

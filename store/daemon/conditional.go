package daemon

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/store"
)

// opConditional asks whether the bucket keeps the conditions of a put.
const opConditional = "conditional"

// Conditional tells what the bucket behind the daemon does.
func (c *Client) Conditional(ctx context.Context) (bool, error) {
	var r reply
	err := c.conns.do(ctx, func(conn io.ReadWriter) error { return call(conn, request{Op: opConditional}, &r) })
	return r.Kept, c.fail(ctx, opConditional, "", err)
}

// Conditional is what the bucket does.
func (j *Journal) Conditional(ctx context.Context) (bool, error) { return conditional(ctx, j.bucket) }

// Conditional is what the bucket does.
func (c *Cache) Conditional(ctx context.Context) (bool, error) { return conditional(ctx, c.Bucket) }

// conditional asks a bucket, or finds out by writing where it does not say. Contents differ, as versions of equal ones need not.
func conditional(ctx context.Context, b store.Bucket) (kept bool, err error) {
	if says, ok := b.(store.Conditional); ok {
		return says.Conditional(ctx)
	}
	key := "probe/" + uuid.NewString()
	defer func() { err = errors.Join(err, b.Delete(context.WithoutCancel(ctx), key)) }()
	put := func(text string, c store.Condition) (store.Info, error) {
		return b.Put(ctx, key, strings.NewReader(text), c)
	}
	first, err := put("1", store.Condition{Absent: true})
	if err != nil {
		return false, err
	}
	if _, err := put("2", store.Condition{Absent: true}); !errors.Is(err, store.ErrExists) {
		return false, err
	}
	if _, err := put("3", store.Condition{Version: first.Version}); err != nil {
		return false, err
	}
	if _, err := put("4", store.Condition{Version: first.Version}); !errors.Is(err, store.ErrChanged) {
		return false, err
	}
	return true, nil
}

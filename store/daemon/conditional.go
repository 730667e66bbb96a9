package daemon

import (
	"context"
	"io"

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
func (j *Journal) Conditional(ctx context.Context) (bool, error) {
	return store.KeepsConditions(ctx, j.bucket)
}

// Conditional is what the bucket does.
func (c *Cache) Conditional(ctx context.Context) (bool, error) {
	return store.KeepsConditions(ctx, c.Bucket)
}

package daemon

import (
	"context"
	"errors"
	"io"

	"github.com/rok-storage/rok/store"
)

// opSuperseded has the bucket remove what objects were before.
const opSuperseded = "superseded"

// DeleteSuperseded is what the bucket behind the daemon does. A daemon that does not know the request has freed nothing.
func (c *Client) DeleteSuperseded(ctx context.Context, prefix string) (store.Amount, error) {
	var r reply
	err := c.conns.do(ctx, func(conn io.ReadWriter) error {
		return call(conn, request{Op: opSuperseded, Prefix: []byte(prefix)}, &r)
	})
	if errors.As(err, new(answered)) && errors.Is(err, ErrProtocol) {
		return store.Amount{}, nil
	}
	return store.Amount{Objects: r.Objects, Bytes: r.Bytes}, c.fail(ctx, opSuperseded, prefix, err)
}

// DeleteSuperseded is what the bucket does. What is accepted here and not up is no version yet.
func (j *Journal) DeleteSuperseded(ctx context.Context, prefix string) (store.Amount, error) {
	return superseded(ctx, j.bucket, prefix)
}

// DeleteSuperseded is what the bucket does. No copy is of a version that is not the object.
func (c *Cache) DeleteSuperseded(ctx context.Context, prefix string) (store.Amount, error) {
	return superseded(ctx, c.Bucket, prefix)
}

func superseded(ctx context.Context, b store.Bucket, prefix string) (store.Amount, error) {
	if v, ok := b.(store.Versioned); ok {
		return v.DeleteSuperseded(ctx, prefix)
	}
	return store.Amount{}, nil
}

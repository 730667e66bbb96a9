package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"

	"github.com/rok-storage/rok/store"
)

// largest is the size of the largest body of one request, as services have it.
const largest = 5 << 30

// emptySum is the SHA-256 of nothing.
const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// metaPut is the metadata that tells a Put's own object.
const metaPut = "Rok-Put"

// Put stores an object, as [store.Bucket] says. Where the service does not look at conditions, one
// that is asked for is an error that matches [errors.ErrUnsupported]. Bodies have 5 GiB at most.
//
// Where a reply was lost, the same content under a condition is recognised as one's own. If
// another has changed it since, the error is that of the condition: ask again what is there.
func (b *Bucket) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	if err := b.check("put", key); err != nil {
		return store.Info{}, err
	}
	if body.Size() > largest {
		return store.Info{}, b.fail("put", key, fmt.Errorf("%d bytes, at most %d: %w", body.Size(), int64(largest), errors.ErrUnsupported))
	}
	if condition != (store.Condition{}) {
		switch yes, err := b.Conditional(ctx); {
		case err != nil:
			return store.Info{}, err
		case !yes:
			return store.Info{}, b.fail("put", key, fmt.Errorf("the service does not know conditional writes: %w", errors.ErrUnsupported))
		}
	}
	info, err := b.put(ctx, key, body, condition)
	switch {
	case refused(err) && condition.Absent:
		err = store.ErrExists
	case condition.Version != "" && (refused(err) || gone(err)):
		err = store.ErrChanged
	default:
		return info, b.fail("put", key, err)
	}
	return store.Info{}, &store.Error{Op: "put", Address: b.address, Key: key, Err: err}
}

// put is Put, with the service's own errors.
func (b *Bucket) put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	size := body.Size()
	options := minio.PutObjectOptions{DisableMultipart: true, ContentType: "application/octet-stream"}
	own := ""
	switch {
	case condition.Absent:
		options.SetMatchETagExcept("*")
	case condition.Version != "":
		options.SetMatchETag(condition.Version)
	}
	if condition != (store.Condition{}) {
		own = uuid.NewString()
		options.UserMetadata = map[string]string{metaPut: own}
	}
	sum := "" // signed piece by piece, but for nothing, which has no pieces
	if size == 0 {
		sum, options.DisableContentSha256 = emptySum, true
	}
	var info store.Info
	lost := false // an attempt failed that may have been done
	err := b.do(ctx, "put", key, size, func(ctx context.Context) error {
		reader := newBodyReader(body)
		up, err := minio.Core{Client: b.client}.PutObject(ctx, b.name, b.prefix+key, reader, size, "", sum, options)
		switch failed := reader.end(); {
		case failed != nil:
			return &bodyError{failed}
		case err != nil:
			lost = lost || unsure(err)
			return err
		}
		info = store.Info{Size: size, Version: version(up.ETag), Modified: replyOf(ctx).clock()}
		return nil
	})
	switch {
	case err == nil && info.Version != "" && !info.Modified.IsZero():
		return info, nil
	case err == nil: // a service that does not say what it stored
		info, _, err = b.stat(ctx, key)
		return info, err
	case own != "" && lost && (refused(err) || gone(err)):
		found, of, asked := b.stat(ctx, key)
		switch {
		case asked == nil && of == own:
			return found, nil
		case asked != nil && !gone(asked): // it cannot be told whether it was done
			return store.Info{}, asked
		}
	}
	return store.Info{}, err
}

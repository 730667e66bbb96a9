package s3

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/rok-storage/rok/store"
)

// Bucket is a bucket of an S3 service, or a prefix in one: a [store.Bucket].
type Bucket struct {
	client    *minio.Client
	transport transport
	name      string
	prefix    string // "", or ends in a slash
	address   string
	limits    Limits
	log       func(Retry)
	versioned bool // deletes list versions

	probing     sync.Mutex // held while conditional is found out
	conditional *bool      // nil: not probed
}

var _ store.Bucket = (*Bucket)(nil)

// New opens a bucket that exists. Errors match [store.ErrMissing] where it does not, [store.ErrDenied]
// where there are no keys or they are of no use, [store.ErrUnreachable], [store.ErrAddress] where that cannot be a bucket's name, and [*VersioningError].
func New(ctx context.Context, c Config) (*Bucket, error) {
	host, secure, err := c.endpoint()
	if err != nil {
		return nil, err
	}
	if err := s3utils.CheckValidBucketName(c.Bucket); err != nil {
		return nil, fmt.Errorf("s3: bucket %q: %w: %w", c.Bucket, store.ErrAddress, err)
	}
	b := &Bucket{name: c.Bucket, address: c.address(), limits: c.Limits.withDefaults(), log: c.Log}
	if prefix := strings.Trim(c.Prefix, "/"); prefix != "" {
		b.prefix = prefix + "/"
	}
	if b.transport, err = newTransport(b.limits, c.CA); err != nil {
		return nil, err
	}
	keys, err := c.Credentials.provider(b.transport)
	if err != nil {
		return nil, b.fail("open", "", err)
	}
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	b.client, err = minio.New(host, &minio.Options{
		Creds: keys, Secure: secure, Region: c.Region, BucketLookup: lookup, Transport: b.transport,
		MaxRetries: 1, // do repeats
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %s: %w", b.address, err)
	}
	if err := b.findVersioning(ctx, c.Versioning); err != nil {
		b.transport.CloseIdleConnections()
		return nil, err
	}
	return b, nil
}

// Address is s3://BUCKET/PREFIX?endpoint=…, without keys.
func (b *Bucket) Address() string { return b.address }

// Close closes the connections.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// exists fails where there is no such bucket.
func (b *Bucket) exists(ctx context.Context) error {
	there := false
	err := b.do(ctx, "open", "", 0, func(ctx context.Context) (err error) {
		there, err = b.client.BucketExists(ctx, b.name)
		return err
	})
	if err == nil && !there {
		return &store.Error{Op: "open", Address: b.address, Err: fmt.Errorf("%w: there is no bucket %s", store.ErrMissing, b.name)}
	}
	return b.fail("open", "", err)
}

// version of an object is its ETag.
func version(etag string) string { return strings.Trim(etag, `"`) }

package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/minio/minio-go/v7"

	"github.com/rok-storage/rok/store"
)

// VersioningError says that versioning is not as the configuration has it: the service does not
// know the question (Unknown), or the bucket keeps versions and Config.Versioning is [Off].
type VersioningError struct {
	Address string
	Unknown bool
	Err     error // what the service said; nil if it keeps versions
	// Remedy is what Error says to do; "" names the lines of daemons.conf.
	Remedy string
}

// Error says what to do.
func (e *VersioningError) Error() string {
	remedy := e.Remedy
	if e.Unknown {
		if remedy == "" {
			remedy = `add the line "assume-no-versioning = true" to the section [s3d.N] of this daemon in /etc/rok/daemons.conf`
		}
		return fmt.Sprintf("store: open %s: the service does not implement the versioning calls: %s: %v", e.Address, remedy, e.Err)
	}
	if remedy == "" {
		remedy = `take "no-versioning" out of the section [s3d.N] of this daemon in /etc/rok/daemons.conf`
	}
	return fmt.Sprintf("store: open %s: the bucket keeps versions, so that deletes would free nothing: %s, or suspend versioning of the bucket", e.Address, remedy)
}

// Unwrap returns Err, with [errors.ErrUnsupported], where the service does not know the question.
func (e *VersioningError) Unwrap() error {
	if e.Unknown {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, e.Err)
	}
	return store.ErrSettings
}

func (b *Bucket) findVersioning(ctx context.Context, mode Versioning) error {
	if mode == Assume {
		return b.exists(ctx)
	}
	var answer minio.BucketVersioningConfiguration
	err := b.do(ctx, "open", "", 0, func(ctx context.Context) (err error) {
		answer, err = b.client.GetBucketVersioning(ctx, b.name)
		return err
	})
	switch {
	case err != nil && unknown(err):
		return &VersioningError{Address: b.address, Unknown: true, Err: err}
	case err != nil:
		return b.fail("open", "", err)
	case mode == Off && answer.Enabled():
		return &VersioningError{Address: b.address}
	case mode == Auto:
		b.versioned = answer.Enabled() || answer.Suspended()
	}
	return b.exists(ctx)
}

// Versioned reports whether deletes remove versions.
func (b *Bucket) Versioned() bool { return b.versioned }

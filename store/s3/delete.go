package s3

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/rok-storage/rok/store"
)

// batch is how many objects a request deletes at most, as services have it.
const batch = 1000

// doomed is a version of an object, or the object where versions are not looked at.
type doomed struct{ key, version string }

// Delete removes objects, and all their versions where the bucket has any.
func (b *Bucket) Delete(ctx context.Context, keys ...string) error {
	var errs []error
	var good []string
	for _, key := range keys {
		if err := b.check("delete", key); err != nil {
			errs = append(errs, err)
		} else {
			good = append(good, key)
		}
	}
	for some := range slices.Chunk(good, batch) {
		if b.versioned {
			errs = append(errs, b.deleteVersions(ctx, some))
			continue
		}
		var targets []doomed
		for _, key := range some {
			targets = append(targets, doomed{key: key})
		}
		errs = append(errs, b.remove(ctx, targets)...)
	}
	return errors.Join(errs...)
}

// rounds is how often versions are listed and deleted until none is left. A service may bring one
// back as the object when the version in front of it goes.
const rounds = 4

// deleteVersions deletes all versions of the keys, and looks whether they have gone.
func (b *Bucket) deleteVersions(ctx context.Context, keys []string) error {
	for range rounds {
		targets, err := b.versions(ctx, keys)
		if err != nil || len(targets) == 0 {
			return err
		}
		var errs []error
		for those := range slices.Chunk(targets, batch) {
			errs = append(errs, b.remove(ctx, those)...)
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		keys = nil
		for _, d := range targets {
			if !slices.Contains(keys[max(0, len(keys)-1):], d.key) {
				keys = append(keys, d.key)
			}
		}
	}
	return b.fail("delete", keys[0], fmt.Errorf("versions came back %d times: %w", rounds, store.ErrChanged))
}

// remove deletes up to a batch. What the reply does not tell of, and what it says failed, is deleted
// one by one.
func (b *Bucket) remove(ctx context.Context, targets []doomed) (errs []error) {
	left := targets
	if len(targets) > 1 {
		done := map[doomed]bool{}
		err := b.do(ctx, "delete", targets[0].key, 0, func(ctx context.Context) error { return b.removeBatch(ctx, targets, done) })
		if err != nil && !unknown(err) {
			return []error{b.fail("delete", targets[0].key, fmt.Errorf("and %d more: %w", len(targets)-1, err))}
		}
		left = slices.DeleteFunc(slices.Clone(targets), func(d doomed) bool { return done[d] })
	}
	for _, d := range left {
		err := b.do(ctx, "delete", d.key, 0, func(ctx context.Context) error {
			return b.client.RemoveObject(ctx, b.name, b.prefix+d.key, minio.RemoveObjectOptions{VersionID: d.version})
		})
		if err != nil && !gone(err) {
			errs = append(errs, b.fail("delete", d.key, err))
		}
	}
	return errs
}

// removeBatch notes in done what the reply says is deleted. It fails where the request as a whole did.
func (b *Bucket) removeBatch(ctx context.Context, targets []doomed, done map[doomed]bool) error {
	list := make([]minio.ObjectInfo, len(targets))
	asked := make(map[doomed]doomed, len(targets)) // as the reply has it
	for i, d := range targets {
		list[i] = minio.ObjectInfo{Key: b.prefix + d.key, VersionID: d.version}
		asked[doomed{b.prefix + d.key, d.version}] = d
	}
	results, err := b.client.RemoveObjectsWithIter(ctx, b.name, slices.Values(list), minio.RemoveObjectsOptions{})
	if err != nil {
		return err
	}
	for r := range results {
		if r.Err == nil {
			done[asked[doomed{r.ObjectName, r.ObjectVersionID}]] = true
			continue
		}
		if _, number := status(r.Err); number != 0 || !answered(r.Err) { // of the whole request
			err = r.Err
		}
	}
	return err
}

// lookups is how many keys' versions are listed at once.
const lookups = 8

// versions are all versions and delete markers of the keys.
func (b *Bucket) versions(ctx context.Context, keys []string) ([]doomed, error) {
	of := make([][]doomed, len(keys))
	errs := make([]error, len(keys))
	var group errgroup.Group
	group.SetLimit(lookups)
	for i, key := range keys {
		group.Go(func() error {
			err := b.do(ctx, "delete", key, pageBytes, func(ctx context.Context) (err error) {
				of[i], err = b.versionsOf(ctx, key)
				return err
			})
			errs[i] = b.fail("delete", key, err)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(of...), errors.Join(errs...)
}

func (b *Bucket) versionsOf(ctx context.Context, key string) (found []doomed, err error) {
	options := minio.ListObjectsOptions{Prefix: b.prefix + key, Recursive: true, WithVersions: true, MaxKeys: page}
	for o := range b.client.ListObjectsIter(ctx, b.name, options) {
		switch {
		case o.Err != nil:
			return nil, o.Err
		case o.Key > b.prefix+key: // of a longer key
			return found, nil
		case o.VersionID == "": // a delete without one would only hide the object
			return nil, fmt.Errorf("the service lists a version without an id: %w", store.ErrCorrupt)
		case o.Key == b.prefix+key:
			found = append(found, doomed{key, o.VersionID})
		}
	}
	return found, context.Cause(ctx)
}

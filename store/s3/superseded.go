package s3

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/minio/minio-go/v7"

	"github.com/rok-storage/rok/store"
)

var _ store.Versioned = (*Bucket)(nil)

// nullVersion is what an object has that was put while versioning was off or suspended. Its name does not tell one such from the next.
const nullVersion = "null"

// DeleteSuperseded removes all versions but the last of the objects that begin so and are there. What somebody has hidden with a
// plain delete stays, and so does a version that was put while versioning was off: while it is deleted by its name, another may get that.
func (b *Bucket) DeleteSuperseded(ctx context.Context, prefix string) (freed store.Amount, err error) {
	if !b.versioned {
		return freed, nil
	}
	for last, more := "", true; more; {
		var old []supersededVersion
		err := b.do(ctx, "delete", prefix, pageBytes, func(ctx context.Context) (err error) {
			old, last, more, err = b.supersededPage(ctx, prefix, last)
			return err
		})
		if err != nil {
			return freed, b.fail("delete", prefix, err)
		}
		for some := range slices.Chunk(old, batch) {
			targets := make([]doomed, len(some))
			for i, v := range some {
				targets[i] = v.doomed
			}
			if err := errors.Join(b.remove(ctx, targets)...); err != nil {
				return freed, err
			}
			for _, v := range some {
				freed.Objects++
				freed.Bytes += v.size
			}
		}
	}
	return freed, nil
}

type supersededVersion struct {
	doomed
	size int64
}

// supersededPage finds them among a page of versions or some more, up to the end of a key's: those of keys from behind after on. It returns the last
// key, and whether there are others behind it. A failed page has the last key of the one before.
func (b *Bucket) supersededPage(ctx context.Context, prefix, after string) (old []supersededVersion, last string, more bool, err error) {
	key, there := "", false // of what comes now; its latest version is an object
	first, count := 0, 0    // of old that is of this key; of versions
	whole := func() {
		if !there {
			old = old[:first]
		}
	}
	options := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true, WithVersions: true, MaxKeys: page}
	if after != "" {
		options.StartAfter = b.prefix + after
	}
	for o := range b.client.ListObjectsIter(ctx, b.name, options) {
		switch {
		case o.Err != nil:
			return nil, after, true, o.Err
		case o.VersionID == "": // a delete without one would hide the object
			return nil, after, true, fmt.Errorf("the service lists a version without an id: %w", store.ErrCorrupt)
		}
		if o.Key != key {
			whole()
			if count >= page {
				return old, key[len(b.prefix):], true, nil
			}
			key, there, first = o.Key, false, len(old)
		}
		count++
		switch {
		case o.IsLatest:
			there = !o.IsDeleteMarker
		case o.VersionID != nullVersion:
			old = append(old, supersededVersion{doomed{o.Key[len(b.prefix):], o.VersionID}, o.Size})
		}
	}
	whole()
	return old, after, false, context.Cause(ctx) // minio-go ends without an error where the context does
}

package s3

import (
	"context"
	"errors"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"

	"github.com/rok-storage/rok/store"
)

// page is how many objects a request lists.
const page = 1000

// pageBytes is about what a page's reply has.
const pageBytes = 1 << 20

// errOrder says that the service lists in another order than that of the keys' bytes.
var errOrder = errors.New("the service lists keys out of order")

// List tells of objects. A page is fetched while the one before is looked at.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		pages := make(chan []store.Info)
		var failed error // read when pages is closed
		go func() {
			defer close(pages)
			failed = b.pages(ctx, valid(prefix), pages)
		}()
		defer func() {
			cancel()
			for range pages { // until the goroutine has ended
			}
		}()
		for some := range pages {
			for _, info := range some {
				if strings.HasPrefix(info.Key, prefix) && !yield(info, nil) {
					return
				}
			}
		}
		if failed != nil {
			yield(store.Info{}, b.fail("list", prefix, failed))
		}
	}
}

// valid is a prefix up to where it is no UTF-8, as in the middle of a rune: no service takes more.
func valid(prefix string) string {
	for i := 0; i < len(prefix); {
		r, n := utf8.DecodeRuneInString(prefix[i:])
		if r == utf8.RuneError && n == 1 {
			return prefix[:i]
		}
		i += n
	}
	return prefix
}

// pages sends all pages, each of which begins behind the last key of the one before.
func (b *Bucket) pages(ctx context.Context, prefix string, pages chan<- []store.Info) error {
	last := ""
	for {
		var found []store.Info
		err := b.do(ctx, "list", prefix, pageBytes, func(ctx context.Context) (err error) {
			found, err = b.page(ctx, prefix, last)
			return err
		})
		if err != nil {
			return err
		}
		select {
		case pages <- found:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if len(found) < page {
			return nil
		}
		last = found[page-1].Key
	}
}

// page lists up to a page of objects behind a key.
func (b *Bucket) page(ctx context.Context, prefix, after string) (found []store.Info, err error) {
	options := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true, MaxKeys: page}
	if after != "" {
		options.StartAfter = b.prefix + after
	}
	for o := range b.client.ListObjectsIter(ctx, b.name, options) {
		if o.Err != nil {
			return nil, o.Err
		}
		key, ours := strings.CutPrefix(o.Key, b.prefix)
		if !ours || key <= after {
			return nil, errOrder
		}
		after = key
		found = append(found, store.Info{Key: key, Size: o.Size, Version: version(o.ETag), Modified: o.LastModified})
		if len(found) == page {
			break
		}
	}
	return found, context.Cause(ctx) // minio-go ends without an error where the context does
}

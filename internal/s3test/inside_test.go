package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/rok-storage/rok/store"
)

// inside reads a bucket of the server in its memory, without a request.
type inside struct {
	backend *s3mem.Backend
	bucket  string
	prefix  string
}

func (i inside) Address() string { return "inside:" + i.bucket }
func (i inside) Close() error    { return nil }

func (i inside) object(key string, ask func(bucket, key string) (*gofakes3.Object, error)) (*gofakes3.Object, store.Info, error) {
	o, err := ask(i.bucket, i.prefix+key)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		err = store.ErrMissing
	}
	if err != nil {
		return nil, store.Info{}, &store.Error{Op: "get", Address: i.Address(), Key: key, Err: err}
	}
	return o, store.Info{Size: o.Size, Version: fmt.Sprintf("%x", o.Hash)}, nil
}

func (i inside) Stat(_ context.Context, key string) (store.Info, error) {
	_, info, err := i.object(key, i.backend.HeadObject)
	return info, err
}

func (i inside) Get(_ context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	o, info, err := i.object(key, func(bucket, key string) (*gofakes3.Object, error) { return i.backend.GetObject(bucket, key, nil) })
	if err != nil {
		return 0, info, err
	}
	defer o.Contents.Close()
	if _, err := io.CopyN(io.Discard, o.Contents, min(off, info.Size)); err != nil {
		return 0, info, err
	}
	n, err := io.ReadFull(o.Contents, dst)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, info, err
}

func (i inside) List(_ context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		full := i.prefix + prefix
		found, err := i.backend.ListBucket(i.bucket, &gofakes3.Prefix{HasPrefix: true, Prefix: full}, gofakes3.ListBucketPage{})
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		for _, o := range found.Contents {
			if !yield(store.Info{Key: strings.TrimPrefix(o.Key, i.prefix), Size: o.Size}, nil) {
				return
			}
		}
	}
}

func (i inside) Put(context.Context, string, store.Body, store.Condition) (store.Info, error) {
	return store.Info{}, errors.ErrUnsupported
}

func (i inside) Delete(context.Context, ...string) error { return errors.ErrUnsupported }

// versions are the keys of all versions, and of all marks of those that were deleted.
func (i inside) versions() (keys []string, err error) {
	all, err := i.backend.ListBucketVersions(i.bucket, nil, &gofakes3.ListBucketVersionsPage{MaxKeys: 1e9})
	if err != nil {
		return nil, err
	}
	for _, v := range all.Versions {
		switch v := v.(type) {
		case *gofakes3.Version:
			keys = append(keys, strings.TrimPrefix(v.Key, i.prefix))
		case *gofakes3.DeleteMarker:
			keys = append(keys, "marker of "+v.Key)
		}
	}
	return keys, nil
}

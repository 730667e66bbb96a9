package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/rok-storage/rok/store"
)

// Get reads a part of an object, in one request.
func (b *Bucket) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	if len(dst) == 0 {
		info, err := b.Stat(ctx, key)
		return 0, info, err
	}
	if err := b.check("get", key); err != nil {
		return 0, store.Info{}, err
	}
	var n int
	var info store.Info
	err := b.do(ctx, "get", key, int64(len(dst)), func(ctx context.Context) (err error) {
		n, info, err = b.get(ctx, key, off, dst)
		return err
	})
	if _, number := status(err); number == http.StatusRequestedRangeNotSatisfiable {
		info, err := b.Stat(ctx, key)
		if err == nil && off < info.Size { // it grew meanwhile
			return b.Get(ctx, key, off, dst)
		}
		return 0, info, err
	}
	return n, info, b.fail("get", key, err)
}

func (b *Bucket) get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	var options minio.GetObjectOptions
	if err := options.SetRange(off, off+int64(len(dst))-1); err != nil {
		return 0, store.Info{}, err
	}
	body, found, header, err := minio.Core{Client: b.client}.GetObject(ctx, b.name, b.prefix+key, options)
	if err != nil {
		return 0, store.Info{}, err
	}
	defer body.Close()
	info := store.Info{Size: found.Size, Version: version(found.ETag), Modified: found.LastModified}
	first, size, ranged := contentRange(header.Get("Content-Range"))
	switch {
	case ranged && first != off:
		return 0, store.Info{}, fmt.Errorf("asked for bytes from %d on, got those from %d on: %w", off, first, io.ErrUnexpectedEOF)
	case ranged:
		info.Size = size
	default: // the service gives the whole
		if _, err := io.CopyN(io.Discard, body, min(off, info.Size)); err != nil {
			return 0, store.Info{}, short(err)
		}
	}
	want := max(0, min(int64(len(dst)), info.Size-off))
	n, err := io.ReadFull(body, dst[:want])
	return n, info, short(err)
}

// short makes an early end an error that is one.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// contentRange reads "bytes FIRST-LAST/SIZE".
func contentRange(text string) (first, size int64, ok bool) {
	text, ok = strings.CutPrefix(text, "bytes ")
	if !ok {
		return 0, 0, false
	}
	span, total, slash := strings.Cut(text, "/")
	from, _, dash := strings.Cut(span, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	size, err2 := strconv.ParseInt(total, 10, 64)
	return first, size, slash && dash && err == nil && err2 == nil && first >= 0 && size > first
}

// Stat tells of an object.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := b.check("stat", key); err != nil {
		return store.Info{}, err
	}
	info, _, err := b.stat(ctx, key)
	return info, b.fail("stat", key, err)
}

// stat is Stat with the service's own errors, and the number of the Put that made the object.
func (b *Bucket) stat(ctx context.Context, key string) (info store.Info, of string, err error) {
	err = b.do(ctx, "stat", key, 0, func(ctx context.Context) error {
		found, err := b.client.StatObject(ctx, b.name, b.prefix+key, minio.StatObjectOptions{})
		if err != nil {
			return err
		}
		info = store.Info{Size: found.Size, Version: version(found.ETag), Modified: found.LastModified}
		of = found.UserMetadata[metaPut]
		return nil
	})
	return info, of, err
}

// check refuses what is no key: services differ in what they make of one.
func (b *Bucket) check(op, key string) error {
	if err := store.CheckKey(key); err != nil {
		return &store.Error{Op: op, Address: b.address, Key: key, Err: err}
	}
	return nil
}

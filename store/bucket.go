package store

import (
	"context"
	"io"
	"iter"
	"time"
)

// Bucket is a flat space of objects by key. Objects are put whole: who gets one sees
// all of the old or all of the new, and what was put is durable when Put returns. It is
// for many goroutines and processes at once; a List that begins behind the end of a Put
// or Delete sees what it did. Errors are [*Error].
//
// Keys are one to 1,000 bytes of valid UTF-8 without control characters, whose parts between slashes
// are not empty, "." or "..".
type Bucket interface {
	// Address is where the bucket is, as [Open] takes it, without secrets.
	Address() string
	// Get reads from byte off of an object on into dst, and returns how much that
	// is: less than len(dst) only at the object's end. Errors match [ErrMissing]. An off at or
	// behind the end reads 0 bytes and is no error.
	Get(ctx context.Context, key string, off int64, dst []byte) (int, Info, error)
	// Stat tells what Get would, without the bytes.
	Stat(ctx context.Context, key string) (Info, error)
	// Put stores body as the object. Errors match [ErrExists] or [ErrChanged] where
	// the condition does not hold, and [ErrNoSpace]. Behind any other error the object may or may
	// not be there; the same Put may be tried again.
	Put(ctx context.Context, key string, body Body, condition Condition) (Info, error)
	// List tells of all objects whose keys begin with prefix, in the order of their keys'
	// bytes. An error is the last that comes.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Delete removes the objects, all versions of them. Those that are missing are no
	// error. It tries all, and returns the errors joined.
	Delete(ctx context.Context, keys ...string) error
	// Close ends what the bucket holds open. No call may be under way.
	Close() error
}

// Body is what is put: bytes that can be read twice, as a request is repeated. bytes.Reader,
// strings.Reader and io.SectionReader are bodies.
type Body interface {
	io.ReaderAt
	Size() int64
}

// Info is what a bucket says about an object.
type Info struct {
	Key  string // List only; "" elsewhere
	Size int64
	// Version differs between any two contents that the object ever had one after the other, and
	// is opaque. List may leave it empty. Where the same bytes were put again, it may be the same or another: what must not be taken
	// for what it was before, has a number or a random part in it.
	Version  string
	Modified time.Time // by the bucket's clock
}

// Condition says when a Put may be done. The zero value is: always.
type Condition struct {
	// Absent: only where there is no such object ([ErrExists]).
	Absent bool
	// Version: only where the object has this one ([ErrChanged]; also where it is
	// missing). "" does not ask.
	Version string
}

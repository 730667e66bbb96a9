package store

import (
	"context"
	"fmt"
	"sync"
)

// Options are how a store is opened.
type Options struct {
	// Create makes the store where there is none, by Settings, of which zero values are
	// defaults and Format, ID, Encrypted and KeyCheck are not looked at.
	Create bool
	// Settings, as far as they are not zero, are asked for: a store that has another hash is refused
	// ([ErrSettings]). Another compression is no reason: what is put from now on has it.
	Settings Settings
	// Key is the key of an encrypted store, [KeySize] bytes; nil for one that is not encrypted.
	Key []byte
	// Timing is that of all who use the store; sessions and collections have it as far as theirs is zero.
	Timing Timing
}

// Store is a bucket with blocks, nodes and maps in it. It is for many goroutines at once. It
// reads; a [Session] writes.
type Store struct {
	bucket      Bucket
	settings    Settings
	compression Compression // of what is put
	codecs      *codecs
	sealing     *sealing  // nil where it is not encrypted
	timing      Timing    // as it was asked for
	scratch     sync.Pool // of *[]byte: packed objects
	conditions  conditions
}

// New opens the store in a bucket, which it closes in the end. Errors match [ErrMissing] where there is none and
// Create is not set; [ErrSettings] where it is another than was asked for, or the key is not its own;
// errors.ErrUnsupported where a newer release made it. To make one, and for all that changes it, the bucket must keep conditions: else
// the error is an [*UnconditionalError].
func New(ctx context.Context, b Bucket, o Options) (*Store, error) {
	want := o.Settings.Compression
	if want != "" && !want.known() {
		return nil, fmt.Errorf("store: compression %q: want s2, zstd or none: %w", want, ErrSettings)
	}
	settings, err := loadSettings(ctx, b, o)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", b.Address(), err)
	}
	sealing, err := settings.check(o)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", b.Address(), err)
	}
	if want == "" {
		want = settings.Compression
	}
	s := &Store{bucket: b, settings: settings, compression: want, codecs: newCodecs(), sealing: sealing, timing: o.Timing}
	s.scratch.New = func() any { return new([]byte) }
	return s, nil
}

// Settings are those that the store has.
func (s *Store) Settings() Settings { return s.settings }

// Address is the bucket's.
func (s *Store) Address() string { return s.bucket.Address() }

// Close closes the bucket. All sessions have ended.
func (s *Store) Close() error { return s.bucket.Close() }

func (s *Store) fail(op, key string, err error) error {
	return &Error{Op: op, Address: s.Address(), Key: key, Err: err}
}

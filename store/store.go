package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/maps"
)

// Settings are what holds for all of a store, written when it is made.
type Settings struct {
	// Format is 1.
	Format int `json:"format"`
	// ID names the store for ever.
	ID uuid.UUID `json:"id"`
	// Hash is that of all ids in it: maps of another are not kept here. The zero value is
	// SHA-256.
	Hash maps.Hash `json:"hash"`
	// Compression is what blocks are packed with where that saves a sixteenth or
	// more. It may be changed: each object says what it is packed with. "" is s2.
	Compression Compression `json:"compression"`
	// Encrypted stores need their key to be opened. KeyCheck tells the right one.
	Encrypted bool   `json:"encrypted"`
	KeyCheck  string `json:"key_check,omitempty"`
}

// Compression is how blocks are packed: "s2", "zstd" or "none".
type Compression string

// The compressions.
const (
	S2   Compression = "s2"
	Zstd Compression = "zstd"
	None Compression = "none"
)

// Options are how a store is opened.
type Options struct {
	// Create makes the store where there is none, by Settings, of which zero values are
	// defaults and Format, ID, Encrypted and KeyCheck are not looked at.
	Create bool
	// Settings, as far as they are not zero, are asked for: a store that has others is refused
	// ([ErrSettings]).
	Settings Settings
	// Key is the key of an encrypted store, 32 bytes; nil for one that is not encrypted.
	Key []byte
}

// Store is a bucket with blocks, nodes and maps in it. It is for many goroutines at once. It
// reads; a [Session] writes.
type Store struct {
	bucket   Bucket
	settings Settings
}

const settingsKey = "store.json"

// New opens the store in a bucket. Errors match [ErrMissing] where there is none and
// Create is not set, and [ErrSettings].
func New(ctx context.Context, b Bucket, o Options) (*Store, error) {
	// TODO of the store's owner: encryption, changed compression.
	want := o.Settings
	if want.Hash == 0 {
		want.Hash = maps.SHA256
	}
	if want.Compression == "" {
		want.Compression = S2
	}
	buf := make([]byte, 64<<10)
	n, _, err := b.Get(ctx, settingsKey, 0, buf)
	if errors.Is(err, ErrMissing) && o.Create {
		want.Format, want.ID = 1, uuid.New()
		text, err := json.Marshal(want)
		if err != nil {
			return nil, err
		}
		switch _, err = b.Put(ctx, settingsKey, bytes.NewReader(text), Condition{Absent: true}); {
		case err == nil:
			return &Store{b, want}, nil
		case !errors.Is(err, ErrExists):
			return nil, err
		}
		n, _, err = b.Get(ctx, settingsKey, 0, buf)
	}
	if err != nil {
		return nil, err
	}
	var have Settings
	if err := json.Unmarshal(buf[:n], &have); err != nil {
		return nil, fmt.Errorf("store: settings of %s: %w", b.Address(), err)
	}
	if o.Settings.Hash != 0 && o.Settings.Hash != have.Hash {
		return nil, fmt.Errorf("store: %s: hash is %s, asked for %s: %w", b.Address(), have.Hash, o.Settings.Hash, ErrSettings)
	}
	return &Store{b, have}, nil
}

// Settings are those that the store has.
func (s *Store) Settings() Settings { return s.settings }

// Address is the bucket's.
func (s *Store) Address() string { return s.bucket.Address() }

// Close closes the bucket. All sessions have ended.
func (s *Store) Close() error { return s.bucket.Close() }

func (s *Store) key(kind maps.Kind, id maps.ID) string {
	name := id.String()
	if kind == maps.Block {
		return "blk/" + name[:2] + "/" + name
	}
	return "node/" + name[:2] + "/" + name
}

// Get reads and verifies an object: one that is damaged is an error that matches [ErrCorrupt].
// It is what [maps.Getter] says.
func (s *Store) Get(ctx context.Context, kind maps.Kind, id maps.ID, dst []byte) (int, error) {
	n, err := s.getCopy(ctx, s.key(kind, id), kind, id, dst)
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrCorrupt) {
		return s.getLater(ctx, kind, id, dst, err)
	}
	return n, err
}

// getCopy reads the object at one key.
func (s *Store) getCopy(ctx context.Context, key string, kind maps.Kind, id maps.ID, dst []byte) (int, error) {
	n, info, err := s.bucket.Get(ctx, key, 0, dst)
	switch {
	case err != nil:
		return 0, err
	case info.Size > int64(len(dst)):
		return 0, &Error{Op: "get", Address: s.Address(), Key: key, Err: io.ErrShortBuffer}
	case s.settings.Hash.Sum(dst[:n]) != id:
		return 0, &Error{Op: "get", Address: s.Address(), Key: key, Err: ErrCorrupt}
	}
	return n, nil
}

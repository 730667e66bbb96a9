package store

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/maps"
)

// Settings are what holds for all of a store, written when it is made.
type Settings struct {
	// Format is 1.
	Format int
	// ID names the store for ever.
	ID uuid.UUID
	// Hash is that of all ids in it: maps of another are not kept here. The zero value is
	// SHA-256.
	Hash maps.Hash
	// Compression is what blocks are packed with where that saves a sixteenth or
	// more, unless who opens the store asks for another: each object says what it is packed with. "" is s2.
	Compression Compression
	// Encrypted stores need their key to be opened. KeyCheck tells the right one.
	Encrypted bool
	KeyCheck  string
}

// Compression is how blocks are packed: "s2", "zstd" or "none".
type Compression string

// The compressions.
const (
	S2   Compression = "s2"
	Zstd Compression = "zstd"
	None Compression = "none"
)

func (c Compression) known() bool { return c == S2 || c == Zstd || c == None }

// settingsText is store.json.
type settingsText struct {
	Format      int         `json:"format"`
	ID          uuid.UUID   `json:"id"`
	Hash        string      `json:"hash"`
	Compression Compression `json:"compression"`
	Encrypted   bool        `json:"encrypted"`
	KeyCheck    string      `json:"key_check,omitempty"`
}

func (s Settings) encode() ([]byte, error) {
	return json.Marshal(settingsText{s.Format, s.ID, s.Hash.String(), s.Compression, s.Encrypted, s.KeyCheck})
}

// parseSettings reads store.json. Errors match errors.ErrUnsupported where a newer release wrote
// it, and [ErrCorrupt].
func parseSettings(text []byte) (Settings, error) {
	var format struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &format); err != nil {
		return Settings{}, damaged("settings: %v", err)
	}
	if format.Format > 1 {
		return Settings{}, fmt.Errorf("format %d is not known: a newer release may read it: %w", format.Format, errors.ErrUnsupported)
	}
	var t settingsText
	if err := json.Unmarshal(text, &t); err != nil {
		return Settings{}, damaged("settings: %v", err)
	}
	if t.Format != 1 || t.ID == uuid.Nil {
		return Settings{}, damaged("settings: no format or no id")
	}
	hash, err := maps.ParseHash(t.Hash)
	if err != nil {
		return Settings{}, err
	}
	if !t.Compression.known() {
		return Settings{}, fmt.Errorf("compression %q is not known: a newer release may read it: %w", t.Compression, errors.ErrUnsupported)
	}
	return Settings{t.Format, t.ID, hash, t.Compression, t.Encrypted, t.KeyCheck}, nil
}

// newSettings are those of a store that is to be made, by what is asked for.
func newSettings(o Options) (Settings, error) {
	s := Settings{Format: 1, ID: uuid.New(), Hash: o.Settings.Hash, Compression: o.Settings.Compression}
	if s.Hash == 0 {
		s.Hash = maps.SHA256
	}
	if s.Compression == "" {
		s.Compression = S2
	}
	if _, err := maps.ParseHash(s.Hash.String()); err != nil {
		return Settings{}, err
	}
	if o.Key != nil {
		e, err := newSealing(o.Key, s.ID)
		if err != nil {
			return Settings{}, err
		}
		s.Encrypted, s.KeyCheck = true, e.check
	}
	return s, nil
}

// check tells whether a store of these settings is what was asked for, and makes the keys of an encrypted
// one. Errors match [ErrSettings].
func (s Settings) check(o Options) (*sealing, error) {
	switch {
	case o.Settings.Hash != 0 && o.Settings.Hash != s.Hash:
		return nil, fmt.Errorf("hash is %s, asked for %s: %w", s.Hash, o.Settings.Hash, ErrSettings)
	case s.Encrypted && o.Key == nil:
		return nil, fmt.Errorf("it is encrypted, and no key is given: %w", ErrSettings)
	case !s.Encrypted && o.Key != nil:
		return nil, fmt.Errorf("it is not encrypted, and a key is given: %w", ErrSettings)
	case !s.Encrypted:
		return nil, nil
	}
	e, err := newSealing(o.Key, s.ID)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(e.check), []byte(s.KeyCheck)) != 1 {
		return nil, fmt.Errorf("its key is another: %w", ErrSettings)
	}
	return e, nil
}

// maxSettings is how long store.json may be.
const maxSettings = 64 << 10

// loadSettings reads store.json, and makes it where it is missing and o says so.
func loadSettings(ctx context.Context, b Bucket, o Options) (Settings, error) {
	buf := make([]byte, maxSettings)
	n, info, err := b.Get(ctx, settingsKey, 0, buf)
	if errors.Is(err, ErrMissing) && o.Create {
		made, err := createSettings(ctx, b, o)
		if !errors.Is(err, ErrExists) {
			return made, err
		}
		if n, info, err = b.Get(ctx, settingsKey, 0, buf); err != nil { // another was faster
			return Settings{}, err
		}
	} else if err != nil {
		return Settings{}, err
	}
	if info.Size > maxSettings {
		return Settings{}, damaged("settings of %d bytes", info.Size)
	}
	return parseSettings(buf[:n])
}

func createSettings(ctx context.Context, b Bucket, o Options) (Settings, error) {
	s, err := newSettings(o)
	if err != nil {
		return Settings{}, err
	}
	text, err := s.encode()
	if err != nil {
		return Settings{}, err
	}
	if err := new(conditions).require(ctx, b); err != nil {
		return Settings{}, err
	}
	_, err = b.Put(ctx, settingsKey, bytes.NewReader(append(text, '\n')), Condition{Absent: true})
	return s, err
}

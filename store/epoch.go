package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const epochKey = "gc/epoch"

// epoch is the collector's state. The zero value is that of a store that was never
// collected.
type epoch struct {
	Format int    `json:"format"` // 1
	Number uint64 `json:"epoch"`
	// Condemned: there are lists of this epoch, what they name may be deleted any time, and
	// sessions that begin do not count on it. Else there are none, and none will come: the next
	// ones are of a later epoch.
	Condemned bool      `json:"condemned"`
	Began     time.Time `json:"began"`
	By        string    `json:"by"`
	Run       uuid.UUID `json:"run"` // no two states are the same bytes
}

func (e epoch) encode() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // only texts, numbers, and a time that a clock told
	}
	return b
}

// parseEpoch reads what encode wrote. Errors match [ErrCorrupt], or errors.ErrUnsupported.
func parseEpoch(b []byte) (epoch, error) {
	var e epoch
	err := json.Unmarshal(b, &e)
	switch {
	case err != nil:
		return e, fmt.Errorf("%w: %w", ErrCorrupt, err)
	case e.Format > 1:
		return e, fmt.Errorf("the collector's state is of format %d, written by a newer release: %w", e.Format, errors.ErrUnsupported)
	case e.Format != 1, e.Number == 0, e.Run == uuid.Nil:
		return e, fmt.Errorf("%w: no state of the collector", ErrCorrupt)
	}
	return e, nil
}

// epoch reads the state, and its version: "" where there is none yet.
func (s *Store) epoch(ctx context.Context) (epoch, string, error) {
	buf := make([]byte, maxHolder)
	n, info, err := s.bucket.Get(ctx, epochKey, 0, buf)
	if errors.Is(err, ErrMissing) {
		return epoch{}, "", nil
	}
	if err != nil {
		return epoch{}, "", err
	}
	e, err := parseEpoch(buf[:n])
	if err != nil {
		return epoch{}, "", &Error{Op: "read", Address: s.Address(), Key: epochKey, Err: err}
	}
	return e, info.Version, nil
}

// setEpoch writes the state over the one of that version. An answer that was lost is no
// error where the state proves to be written.
func (s *Store) setEpoch(ctx context.Context, e epoch, version string) (string, error) {
	e.Format, e.Run = 1, uuid.New()
	info, err := s.bucket.Put(ctx, epochKey, bytes.NewReader(e.encode()), Condition{Absent: version == "", Version: version})
	if err == nil {
		return info.Version, nil
	}
	if now, version, readErr := s.epoch(ctx); readErr == nil && now.Run == e.Run {
		return version, nil
	}
	return "", err
}

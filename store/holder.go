package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// holder is what a lease or lock says: who has it, and until when.
type holder struct {
	ID uuid.UUID `json:"id"` // of the session or the one use of the lock
	process
	Purpose string `json:"purpose"`
	// Epoch is the one that a session began in; 0 in locks.
	Epoch uint64 `json:"epoch"`
	// Expires is when the holder itself takes it for lost.
	Expires time.Time `json:"expires"`
	// Sequence counts what was written, so that no two states are the same.
	Sequence uint64 `json:"sequence"`
	// Taken says that the collector took it away: the holder may not renew it.
	Taken bool `json:"taken,omitempty"`
}

// maxHolder is the size of the largest lease or lock that is read.
const maxHolder = 16 << 10

// maxPurpose keeps what is written below that.
const maxPurpose = 1 << 10

func (h holder) encode() []byte {
	if len(h.Purpose) > maxPurpose {
		h.Purpose = h.Purpose[:maxPurpose]
	}
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // only texts, numbers, and a time that a clock told
	}
	return b
}

// parseHolder reads a lease or lock. Errors match [ErrCorrupt].
func parseHolder(b []byte) (holder, error) {
	var h holder
	err := json.Unmarshal(b, &h)
	switch {
	case err != nil:
		return h, fmt.Errorf("%w: %w", ErrCorrupt, err)
	case h.ID == uuid.Nil:
		return h, fmt.Errorf("%w: no id", ErrCorrupt)
	case h.Expires.IsZero():
		return h, fmt.Errorf("%w: no time at which it ends", ErrCorrupt)
	}
	return h, nil
}

// until is when others may take it at the latest.
func (h holder) until(t Timing) time.Time { return h.Expires.Add(t.Delay + t.Margin) }

// over reports whether others may take it: it has run out, and whatever its holder sent
// before has arrived; or its holder has ended, and nothing can be on its way.
func (h holder) over(t Timing, b Bucket) bool {
	return h.Taken || t.Clock.Now().After(h.until(t)) || local(b) && h.ended(thisProcess())
}

package store

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/maps"
)

var (
	// ErrMissing says that there is no such object, map or store. It is package maps'.
	ErrMissing = maps.ErrMissing
	// ErrExists says that an object or map is there that must not be.
	ErrExists = errors.New("exists already")
	// ErrChanged says that an object or map was changed meanwhile: its bytes are others. Where somebody has put back the same bytes, some
	// buckets tell, and others, whose versions come of the bytes, do not.
	ErrChanged = errors.New("changed meanwhile")
	// ErrUnreachable says that a store cannot be reached, or did not answer in time.
	ErrUnreachable = errors.New("store cannot be reached")
	// ErrNoSpace says that a store has no room, or its quota is used up.
	ErrNoSpace = errors.New("store has no space")
	// ErrDenied says that a store does not allow it: credentials, permissions.
	ErrDenied = errors.New("store denies access")
	// ErrCorrupt says that an object is not what its key says. It is package maps'.
	ErrCorrupt = maps.ErrCorrupt
	// ErrLeaseLost says that a session could not renew its lease in time, so that the
	// collector may have deleted what it counted on. Nothing was published; the same work
	// can be done again by a new session.
	ErrLeaseLost = errors.New("the session's lease was lost")
	// ErrSettings says that a store has other settings than were asked for.
	ErrSettings = errors.New("store has other settings")
	// ErrName says that a text cannot be a map's name.
	ErrName = errors.New("not a map's name")
	// ErrAddress says that a text is no store's address.
	ErrAddress = errors.New("not a store's address")
	// ErrLocked says that somebody else holds a lock for longer than was waited.
	ErrLocked = errors.New("locked by another")
)

// Error is a bucket's or store's failure at an object.
type Error struct {
	Op      string // "get", "put", "list", …
	Address string // of the bucket
	Key     string // of the object, or the prefix; "" where it is about the store
	Err     error  // matches one of this package's, where one fits
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("store: %s %s: %v", e.Op, e.Address, e.Err)
	}
	return fmt.Sprintf("store: %s %s in %s: %v", e.Op, e.Key, e.Address, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

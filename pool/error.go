package pool

import (
	"errors"
	"fmt"
	"syscall"
)

var (
	// ErrNotPool says that an LV is no thin pool.
	ErrNotPool = errors.New("is no thin pool")
	// ErrReserve says that a pool has less left than its reserve, so that nothing
	// new is made in it.
	ErrReserve = errors.New("pool is below its reserve")
	// ErrOffline says that the pool is in a state that only a repair ends.
	ErrOffline = errors.New("pool must be repaired")
	// ErrActive says that volumes would have to be deactivated.
	ErrActive = errors.New("is active")
)

// Error says which operation failed on which pool. Err is one of the package's
// errors, or of [lvm], [thin] or [dm].
type Error struct {
	Op       string
	VG, Pool string
	Err      error
}

// Error prints, for example, "find pool data/home: is no thin pool".
func (e *Error) Error() string { return fmt.Sprintf("%s pool %s/%s: %v", e.Op, e.VG, e.Pool, e.Err) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is ENOSPC: that is what a reserve is about.
func (e *Error) Is(target error) bool {
	return target == error(syscall.ENOSPC) && errors.Is(e.Err, ErrReserve)
}

func fault(op string, s *State, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, VG: s.VG, Pool: s.Pool, Err: err}
}

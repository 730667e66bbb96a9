package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// LockError says that a lock could not be had in time. It is the context's
// error: [context.DeadlineExceeded] also where nobody was to wait.
type LockError struct {
	Path    string // the lock file
	Mode    Mode   // that was asked for
	Holders []Holder
	Err     error
}

// Error prints, for example, `lock vg0 (exclusive): held by lvcreate (4711):
// context deadline exceeded`.
func (e *LockError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lock %s (%s): ", lockedName(e.Path), e.Mode)
	for i, h := range e.Holders {
		b.WriteString([]string{"held by ", ", "}[min(i, 1)])
		b.WriteString(h.String())
	}
	if len(e.Holders) > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns Err.
func (e *LockError) Unwrap() error { return e.Err }

// lockedName is what a lock file is for: a VG's name, or "all volume groups".
func lockedName(path string) string {
	switch name := strings.TrimSuffix(filepath.Base(path), auxSuffix); {
	case name == "P_global":
		return "all volume groups"
	case strings.HasPrefix(name, "D_"):
		return "the devices file " + name[2:]
	case strings.HasPrefix(name, "V_"):
		return "volume group " + name[2:]
	default:
		return path
	}
}

// lockError adds who holds the lock to an error of waiting for it.
func (h *Host) lockError(path string, mode Mode, err error) error {
	var cause error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errLocked):
		cause = context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		cause = context.Canceled
	default:
		return err
	}
	holders := holdersOf(h.cfg.Proc, path)
	if len(holders) == 0 {
		holders = holdersOf(h.cfg.Proc, path+auxSuffix)
	}
	return &LockError{Path: path, Mode: mode, Holders: holders, Err: cause}
}

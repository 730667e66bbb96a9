package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mode is how something is locked.
type Mode uint8

const (
	// Unlocked: not at all.
	Unlocked Mode = iota
	// Shared: others may read it, and nobody may change it.
	Shared
	// Exclusive: nobody else may read or change it.
	Exclusive
)

// String is "unlocked", "shared" or "exclusive".
func (m Mode) String() string {
	return [...]string{"unlocked", "shared", "exclusive"}[min(m, Exclusive)]
}

// LockRequest names what is locked together. What changes one VG needs that VG
// alone, Exclusive; what reads it, Shared. Global, Exclusive, is for what changes
// the set of PVs and VGs on the host: creating, removing, renaming, extending,
// reducing, splitting, merging and restoring a VG, creating and removing a PV
// and changing its ID. Global, Shared, is for what looks at all of them, and for
// changing and resizing a PV, whose VG must first be found.
type LockRequest struct {
	Global Mode
	VGs    []string
	Mode   Mode // of the VGs
}

// Locks are held locks. They belong to the value: two goroutines of one process
// exclude one another as two processes do.
type Locks struct{ held []*lockFile }

// ErrVGName says that no VG can have the name.
var ErrVGName = errors.New("not the name of a volume group")

var errNoMode = errors.New("neither shared nor exclusive")

// Lock takes all locks of r, in the order in which lvm2 takes them, the global
// one first and then the VGs by name, or none. Several VGs without the global
// lock get it too, shared, because lvm2 does not keep to the order (vgsplit)
// where it has the global one.
//
// So that nobody waits in a circle: whoever holds VG locks asks for no others;
// whoever holds the global lock may ask for one VG after the other.
//
// Lock waits until ctx or [Config.LockWait] ends, without polling, and then fails
// with a [*LockError] that names the holders and is the context's error. It
// fails with [ErrVGName]. Where global/wait_for_locks is 0, it does not wait.
func (h *Host) Lock(ctx context.Context, r LockRequest) (*Locks, error) {
	vgs := slices.Compact(slices.Sorted(slices.Values(r.VGs)))
	if r.Mode == Unlocked && len(vgs) > 0 {
		return nil, fmt.Errorf("lock %q: %w", vgs, errNoMode)
	}
	for _, name := range vgs {
		if !plainName(name) {
			return nil, fmt.Errorf("lock %q: %w", name, ErrVGName)
		}
	}
	if len(vgs) > 1 {
		r.Global = max(r.Global, Shared)
	}
	ctx, cancel := h.bounded(ctx)
	defer cancel()
	l := new(Locks)
	if r.Global != Unlocked {
		if err := h.takeInto(ctx, l, "P_global", r.Global); err != nil {
			return nil, err
		}
	}
	for _, name := range vgs {
		if err := h.takeInto(ctx, l, "V_"+name, r.Mode); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Unlock gives the locks up, the last one first. Doing it twice is no error.
func (l *Locks) Unlock() error {
	var errs []error
	for _, file := range slices.Backward(l.held) {
		errs = append(errs, file.release())
	}
	l.held = nil
	return errors.Join(errs...)
}

// takeInto takes one more lock into l; if it cannot, it gives up all of them.
func (h *Host) takeInto(ctx context.Context, l *Locks, file string, mode Mode) error {
	path := filepath.Join(h.cfg.Locks, file)
	taken, err := h.lockWay().take(ctx, path, mode == Exclusive)
	if errors.Is(err, fs.ErrNotExist) {
		if err = h.makeLockDir(); err == nil {
			taken, err = h.lockWay().take(ctx, path, mode == Exclusive)
		}
	}
	if err != nil {
		return errors.Join(h.lockError(path, mode, err), l.Unlock())
	}
	l.held = append(l.held, taken)
	return nil
}

func (h *Host) lockWay() lockWay {
	return lockWay{
		priority: h.Settings.PrioritiseWriteLocks,
		wait:     h.Settings.WaitForLocks && h.cfg.LockWait >= 0,
	}
}

// bounded bounds a wait.
func (h *Host) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if h.cfg.LockWait > 0 {
		return context.WithTimeout(ctx, h.cfg.LockWait)
	}
	return ctx, func() {}
}

// plainName reports whether name can be a part of a path. lvm2 allows less in
// names, and finds nothing that has another.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) < 128 && !strings.ContainsAny(name, "/\x00")
}

// makeLockDir makes the directory of the lock files, as lvm2 does.
func (h *Host) makeLockDir() error {
	err := os.MkdirAll(h.cfg.Locks, lockMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

package lvm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/host"
)

// lockSet is what is locked, and given up last first.
type lockSet struct{ release []func() error }

func (l *lockSet) add(release func() error) { l.release = append(l.release, release) }

func (l *lockSet) unlock() error {
	var errs []error
	for _, release := range slices.Backward(l.release) {
		errs = append(errs, release())
	}
	l.release = nil
	return errors.Join(errs...)
}

// lock takes the locks of a request as lvm2 does; those of image files are on
// the files. Where the set of PVs and VGs is to change, lvm2's list of devices is
// made void between the global lock and those of the VGs.
func (s *System) lock(ctx context.Context, r host.LockRequest) (*lockSet, error) {
	l := &lockSet{}
	var err error
	switch {
	case s.host == nil:
		err = s.lockImages(ctx, l, max(r.Global, r.Mode))
	case r.Global == host.Exclusive:
		err = s.lockAll(ctx, l, r)
	default:
		err = s.lockInto(ctx, l, r)
	}
	if err != nil {
		return nil, errors.Join(err, l.unlock())
	}
	return l, nil
}

func (s *System) lockInto(ctx context.Context, l *lockSet, r host.LockRequest) error {
	locks, err := s.host.Lock(ctx, r)
	if err == nil {
		l.add(locks.Unlock)
	}
	return err
}

func (s *System) lockAll(ctx context.Context, l *lockSet, r host.LockRequest) error {
	if err := s.lockInto(ctx, l, host.LockRequest{Global: host.Exclusive}); err != nil {
		return err
	}
	if err := s.voidHints(ctx, l); err != nil {
		return err
	}
	for _, vg := range slices.Compact(slices.Sorted(slices.Values(r.VGs))) {
		if err := s.lockInto(ctx, l, host.LockRequest{VGs: []string{vg}, Mode: r.Mode}); err != nil {
			return err
		}
	}
	return nil
}

// voidHints makes lvm2's list of devices void until after the locks are given up,
// so it is put in front of them.
func (s *System) voidHints(ctx context.Context, l *lockSet) error {
	hints, err := s.host.VoidHints(ctx)
	if err != nil {
		return fmt.Errorf("void lvm2's hints: %w", err)
	}
	l.release = slices.Insert(l.release, 0, hints.Release)
	return nil
}

// lockImages locks the files, in an order that is the same for all.
func (s *System) lockImages(ctx context.Context, l *lockSet, mode host.Mode) error {
	type image struct {
		path string
		info os.FileInfo
	}
	var images []image
	for _, path := range s.cfg.Images {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(images, func(i image) bool { return os.SameFile(i.info, info) }) {
			images = append(images, image{path, info})
		}
	}
	slices.SortFunc(images, func(a, b image) int { return slices.Compare(fileID(a.info), fileID(b.info)) })
	for _, i := range images {
		f, err := ioctl.OpenFile(i.path, os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		l.add(f.Close)
		if err := s.lockImage(ctx, f, mode); err != nil {
			return fmt.Errorf("lock %s (%s): %w", i.path, mode, err)
		}
	}
	return nil
}

// fileID is what tells a file from all others.
func fileID(info os.FileInfo) []uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return []uint64{uint64(st.Dev), st.Ino}
	}
	return nil
}

func (s *System) lockImage(ctx context.Context, f *os.File, mode host.Mode) error {
	if h := s.cfg.Host; h != nil && h.LockWait != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(h.LockWait, 0))
		defer cancel()
	}
	locked, err := ioctl.TryLock(f, mode == host.Exclusive)
	if locked || err != nil {
		return err
	}
	return ioctl.Lock(ctx, f, mode == host.Exclusive)
}

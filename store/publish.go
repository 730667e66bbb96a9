package store

import (
	"context"
	"errors"
	"fmt"
)

// A map's name is locked while the map is changed: buckets delete without a condition, and what
// was looked at before must be what is deleted.

func nameLock(name string) string { return "lock/map/" + name }

// Publish makes body the map of that name, all of whose objects the session has put or
// found, or which a map has that [Session.Base] opened. Conditions are those of [Bucket.Put], with versions
// as [MapInfo] has them. It waits for others who change the same map, until the context ends ([ErrLocked]).
// Errors match [ErrExists], [ErrChanged], [ErrLeaseLost], [ErrName].
func (w *Session) Publish(ctx context.Context, name string, body Body, condition Condition) (MapInfo, error) {
	if err := CheckName(name); err != nil {
		return MapInfo{}, err
	}
	lock, err := w.holdWhenFree(ctx, w.t, nameLock(name), "publish "+name)
	if err != nil {
		return MapInfo{}, err
	}
	defer func() { _ = lock.release(context.WithoutCancel(ctx)) }() // else it runs out
	// From here on lease and lock last for half a TTL, however long renewing them took, and the map arrives before anybody takes them.
	if err := w.lease.renewWhole(ctx); err != nil {
		return MapInfo{}, err
	}
	for lock.left() < w.t.TTL/2 {
		if err := lock.lasts(ctx); err != nil {
			return MapInfo{}, err
		}
		if err := w.lease.lasts(ctx); err != nil {
			return MapInfo{}, err
		}
	}
	key := mapKey(name)
	info, err := w.bucket.Put(ctx, key, w.sealBody(key, body), condition)
	if err != nil {
		if !refused(err) { // it may still arrive, and needs its objects then
			w.lease.keep()
			lock.keep()
		}
		return MapInfo{}, err
	}
	if lost := w.lease.outlasted(ctx); lost != nil {
		return MapInfo{}, w.unpublish(ctx, key, info.Version, condition, lost)
	}
	return w.mapInfo(name, info), nil
}

// refused reports whether a Put was answered, with no.
func refused(err error) bool {
	return errors.Is(err, ErrExists) || errors.Is(err, ErrChanged) || errors.Is(err, ErrDenied) || errors.Is(err, ErrNoSpace)
}

// unpublish removes a map that was put too late, if it was new and is still as it was put.
func (w *Session) unpublish(ctx context.Context, key, version string, condition Condition, lost error) error {
	if !condition.Absent {
		return fmt.Errorf("%s was replaced, and may need objects that are gone: verify it: %w", key, lost)
	}
	info, err := w.bucket.Stat(ctx, key)
	switch {
	case errors.Is(err, ErrMissing):
		return lost
	case err != nil:
		return errors.Join(lost, err)
	case info.Version != version:
		return lost
	}
	return errors.Join(lost, w.bucket.Delete(ctx, key))
}

// Remove unlinks a map that is as version says (any, if ""); what only it needs, the
// collector frees. Errors match [ErrMissing] and [ErrChanged].
func (s *Store) Remove(ctx context.Context, name, version string) error {
	return s.remove(ctx, s.timing.complete(s.bucket), name, version)
}

// Remove is [Store.Remove] by the session's timing.
func (w *Session) Remove(ctx context.Context, name, version string) error {
	return w.remove(ctx, w.t, name, version)
}

func (s *Store) remove(ctx context.Context, t Timing, name, version string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	lock, err := s.holdWhenFree(ctx, t, nameLock(name), "remove "+name)
	if err != nil {
		return err
	}
	defer func() { _ = lock.release(context.WithoutCancel(ctx)) }() // else it runs out
	key := mapKey(name)
	info, err := s.bucket.Stat(ctx, key)
	if err != nil {
		return err
	}
	if version != "" && version != info.Version {
		return &Error{Op: "delete", Address: s.Address(), Key: key, Err: ErrChanged}
	}
	if err := lock.lasts(ctx); err != nil { // so that what was looked at is what is deleted, however late
		return err
	}
	if err := s.bucket.Delete(ctx, key); err != nil {
		lock.keep() // it may still arrive
		return err
	}
	return nil
}

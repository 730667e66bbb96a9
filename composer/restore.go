package composer

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// Restore puts the backups of [Upgrade] in the place of the maps again: those of r.Names, or all that there are. A
// map that is no more is made again where it is named; one that is another volume by now is refused, since its
// newer state would be lost. Backups stay. Degree and Gate of r are not looked at. It may be killed anywhere: the same
// call again goes on.
func Restore(ctx context.Context, st *store.Store, r UpgradeRequest) ([]Upgraded, error) {
	names, all := r.Names, r.Names == nil
	if all {
		names = []string{}
		for info, err := range st.Maps(ctx, "") {
			if err != nil {
				return nil, err
			}
			if name, ok := backedUp(info.Name, 3); ok {
				names = append(names, name)
			}
		}
	}
	return each(ctx, st, names, r.Progress, r.record(), func(ctx context.Context, name string) Upgraded {
		result := Upgraded{Name: name, Backup: BackupName(name, 3)}
		result.State, result.Err = restoreOne(ctx, st, name, all, r.DryRun, &result)
		return result
	})
}

// backedUp is the name of the map that a backup is of.
func backedUp(backup string, version int) (string, bool) {
	suffix := BackupName("", version)
	if len(backup) <= len(suffix) || backup[len(backup)-len(suffix):] != suffix {
		return "", false
	}
	return backup[:len(backup)-len(suffix)], true
}

func restoreOne(ctx context.Context, st *store.Store, name string, all, dry bool, result *Upgraded) (_ State, err error) {
	session, err := beginUnless(ctx, st, dry, "map-restore "+name)
	if err != nil {
		return Failed, err
	}
	if session != nil {
		defer func() { err = errors.Join(err, session.End(context.WithoutCancel(ctx))) }()
	}
	backup, err := st.OpenFile(ctx, BackupName(name, 3))
	if err != nil {
		return Failed, err
	}
	m, err := maps.Open(backup, backup.Size())
	if err != nil {
		return Failed, err
	}
	result.To = m.Shape
	condition, same, err := replaceable(ctx, st, name, all, m, backup, result)
	switch {
	case err != nil:
		return Failed, err
	case same:
		return Already, nil
	case dry:
		return Would, nil
	}
	// What is published must be what the session counts on, also where somebody put another backup there meanwhile.
	switch _, info, err := session.Base(ctx, BackupName(name, 3)); {
	case err != nil:
		return Failed, err
	case info.Version != backup.Version:
		return Failed, fmt.Errorf("backup %s: %w", BackupName(name, 3), store.ErrChanged)
	}
	_, err = session.Publish(ctx, name, backup, condition)
	if final(err) { // unless it was this request, whose reply was lost
		if now, failed := st.OpenFile(ctx, name); failed == nil {
			if same, failed := sameBytes(now, now.Size(), backup, backup.Size()); failed == nil && same {
				return Done, nil
			}
		}
	}
	return Done, err
}

// beginUnless begins a session, unless nothing is to be written.
func beginUnless(ctx context.Context, st *store.Store, dry bool, purpose string) (*store.Session, error) {
	if dry {
		return nil, nil
	}
	return st.Begin(ctx, store.SessionOptions{Purpose: purpose})
}

// replaceable finds out whether a backup may be put in the place of what is there, or is there already.
func replaceable(ctx context.Context, st *store.Store, name string, all bool, m *maps.Map, backup *store.MapFile, result *Upgraded) (store.Condition, bool, error) {
	now, err := st.OpenFile(ctx, name)
	switch {
	case errors.Is(err, maps.ErrMissing) && all:
		return store.Condition{}, false, fmt.Errorf("the map is gone; name it to make it again of its backup: %w", err)
	case errors.Is(err, maps.ErrMissing):
		return store.Condition{Absent: true}, false, nil
	case err != nil:
		return store.Condition{}, false, err
	}
	condition := store.Condition{Version: now.Version}
	if same, err := sameBytes(now, now.Size(), backup, backup.Size()); err != nil || same {
		result.From = m.Shape
		return condition, same, err
	}
	there, err := maps.Open(now, now.Size())
	if damaged(err) { // the backup is the better one
		return condition, false, nil
	}
	if err != nil {
		return condition, false, err
	}
	result.From = there.Shape
	err = sameVolume(ctx, st.Reading(now.MapInfo), there, st.Reading(backup.MapInfo), m)
	switch {
	case errors.Is(err, ErrTwin):
		err = &RefusedError{"restore", name, fmt.Errorf("the map was changed since its backup; rm it first if that state is not wanted: %w", err)}
	case damaged(err): // likewise
		err = nil
	}
	return condition, false, err
}

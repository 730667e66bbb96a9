package composer

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// CollectRequest says what is to be freed.
type CollectRequest struct {
	// Backups removes the backups of upgrades first ([BackupName] of version 3), as far as the v4 map is provably
	// the same volume.
	Backups bool
	// Options are the collection's. With DryRun, no backup is removed either, and what only backups need is
	// not counted as free.
	Options store.CollectOptions
	// Progress is told of each backup before it is looked at; nil: nobody.
	Progress func(name string)
}

// Backup is what became of a backup.
type Backup struct {
	Name  string
	State State // Done: removed; Failed: kept
	// Err is why it is kept. It matches [ErrTwin] where the map is another volume by now.
	Err error
}

// CollectResult is what Collect did.
type CollectResult struct {
	Backups   []Backup
	Collected store.Collected
}

// Collect frees what no map needs, as [store.Store.Collect] does. The error joins those of backups that were
// kept, and the collection's.
func Collect(ctx context.Context, st *store.Store, r CollectRequest) (CollectResult, error) {
	var result CollectResult
	var failed []error
	if r.Backups {
		var err error
		if result.Backups, err = removeBackups(ctx, st, r.Options.DryRun, r.Progress); err != nil {
			return result, err
		}
		for _, b := range result.Backups {
			failed = append(failed, b.Err)
		}
	}
	var err error
	result.Collected, err = st.Collect(ctx, r.Options)
	return result, errors.Join(append(failed, err)...)
}

func removeBackups(ctx context.Context, st *store.Store, dry bool, progress func(string)) ([]Backup, error) {
	var names []string
	for info, err := range st.Maps(ctx, "") {
		if err != nil {
			return nil, err
		}
		if _, ok := backedUp(info.Name, 3); ok {
			names = append(names, info.Name)
		}
	}
	var all []Backup
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		if progress != nil {
			progress(name)
		}
		b := Backup{Name: name, State: Done}
		if err := removeBackup(ctx, st, name, dry); err != nil {
			b.State, b.Err = Failed, fmt.Errorf("backup %s is kept: %w", name, err)
		} else if dry {
			b.State = Would
		}
		all = append(all, b)
	}
	return all, nil
}

// removeBackup removes a backup whose map is v4, and the same volume to the last entry.
func removeBackup(ctx context.Context, st *store.Store, name string, dry bool) error {
	old, info, err := st.OpenMap(ctx, name)
	if errors.Is(err, maps.ErrMissing) { // somebody else removed it
		return nil
	}
	if err != nil {
		return err
	}
	current, _ := backedUp(name, 3)
	m, at, err := st.OpenMap(ctx, current)
	if err != nil {
		return err
	}
	if m.Version != 4 {
		return &RefusedError{"remove", name, fmt.Errorf("map %s is v%d, not v4", current, m.Version)}
	}
	err = sameVolume(ctx, st.Reading(info), old, st.Reading(at), m)
	if e, ok := errors.AsType[*store.ChangedError](err); ok && e.Removed && e.Map == name {
		return nil // likewise
	}
	if err != nil {
		return err
	}
	if dry {
		return nil
	}
	if now, err := st.OpenFile(ctx, current); err != nil || now.Version != at.Version {
		return errors.Join(err, fmt.Errorf("map %s: %w", current, store.ErrChanged))
	}
	if err := st.Remove(ctx, name, info.Version); !errors.Is(err, maps.ErrMissing) {
		return err
	}
	return nil
}

package composer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// UpgradeRequest says which maps become v4.
type UpgradeRequest struct {
	// Names are the maps'; nil: all but backups.
	Names []string
	// Degree is that of the trees; 0 makes flat v4 maps, and leaves those that are v4 as they are.
	Degree int
	// DryRun finds out what would be done, and writes nothing.
	DryRun bool
	// Gate is asked before the first map is changed whether v4 maps may be; nil: they may. Its error is
	// that of the call.
	Gate func(context.Context) error
	// StateDir is for a record of what was done, map-upgrade.jsonl, and for what is too large for memory; "": no
	// record.
	StateDir string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Progress is told of each map before it is looked at; nil: nobody.
	Progress func(name string)
}

// State is what became of a map.
type State string

// The states.
const (
	Done    State = "done"    // it was changed
	Would   State = "would"   // it would be: a dry run
	Already State = "already" // it is as it is to be
	Failed  State = "failed"  // it is as it was
)

// Upgraded is what became of a map that was to be upgraded or restored.
type Upgraded struct {
	Name   string
	State  State
	From   maps.Shape // zero where it could not be opened
	To     maps.Shape
	Backup string // the map's former bytes are there; "" for none
	Err    error  // where State is Failed
}

// Upgrade makes v4 maps of v3 ones, and trees of flat ones where a degree is given. Of a v3 map, the
// bytes are kept under [BackupName], whose former content is never overwritten; data blocks are not touched.
// The new map is read back and compared with the old one, and then put in its place in one step. It may be killed anywhere: the same
// call again goes on. The error joins those of the maps that failed; the others are done.
func Upgrade(ctx context.Context, st *store.Store, r UpgradeRequest) ([]Upgraded, error) {
	if r.Degree != 0 {
		if _, err := (maps.Shape{Version: 4, Degree: r.Degree}).Complete(); err != nil {
			return nil, err
		}
	}
	u := &upgrading{st: st, r: r}
	return each(ctx, st, r.Names, r.Progress, r.record(), u.one)
}

// each does something with each map; nil names are all but backups.
func each(ctx context.Context, st *store.Store, names []string, progress func(string), record *record, do func(context.Context, string) Upgraded) ([]Upgraded, error) {
	if names == nil {
		for info, err := range st.Maps(ctx, "") {
			if err != nil {
				return nil, err
			}
			if !IsBackup(info.Name) {
				names = append(names, info.Name)
			}
		}
	}
	var all []Upgraded
	var failed []error
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if err := ctx.Err(); err != nil {
			return all, errors.Join(append(failed, err)...)
		}
		if progress != nil {
			progress(name)
		}
		one := do(ctx, name)
		if one.Err != nil {
			one.State = Failed
			one.Err = fmt.Errorf("map %s: %w", name, one.Err)
			failed = append(failed, one.Err)
		}
		all = append(all, one)
		if err := record.add(one); err != nil {
			return all, errors.Join(append(failed, err)...)
		}
		if errors.Is(one.Err, errGate) {
			break
		}
	}
	return all, errors.Join(failed...)
}

// errGate marks the error of a gate: what it says holds for all maps.
var errGate = errors.New("maps are not upgraded now")

type upgrading struct {
	st    *store.Store
	r     UpgradeRequest
	asked bool // the gate was, and said yes
}

// tries is how often a map is looked at again that was changed meanwhile.
const tries = 3

func (u *upgrading) one(ctx context.Context, name string) (result Upgraded) {
	for range tries {
		result = u.attempt(ctx, name)
		if !errors.Is(result.Err, store.ErrChanged) || ctx.Err() != nil {
			break
		}
	}
	return result
}

// attempt upgrades a map, unless it is changed meanwhile: [store.ErrChanged].
func (u *upgrading) attempt(ctx context.Context, name string) (result Upgraded) {
	result = Upgraded{Name: name, State: Already}
	if IsBackup(name) {
		result.Err = ErrReserved
		return result
	}
	m, info, err := u.st.OpenMap(ctx, name)
	if err != nil {
		result.Err = err
		return result
	}
	result.From, result.To = m.Shape, m.Shape
	if m.Version == 4 && (m.Degree != 0 || u.r.Degree == 0) {
		return result
	}
	result.To.Version, result.To.Degree = 4, u.r.Degree
	if m.Version == 3 {
		result.Backup = BackupName(name, 3)
	}
	if u.r.DryRun {
		result.State = Would
		return result
	}
	if !u.asked && u.r.Gate != nil {
		if err := u.r.Gate(ctx); err != nil {
			result.Err = fmt.Errorf("%w: %w", errGate, err)
			return result
		}
	}
	u.asked = true
	session, err := u.st.Begin(ctx, store.SessionOptions{Purpose: "map-upgrade " + name})
	if err != nil {
		result.Err = err
		return result
	}
	result.State = Done
	result.Err = errors.Join(u.swap(ctx, session, name, info.Version, result.Backup), session.End(context.WithoutCancel(ctx)))
	return result
}

// swap puts a v4 map in the place of the one of that version.
func (u *upgrading) swap(ctx context.Context, session *store.Session, name, version, backup string) (err error) {
	m, info, err := session.Base(ctx, name)
	if err != nil {
		return err
	}
	if info.Version != version {
		return store.ErrChanged
	}
	made := "" // the version of a backup that this call made
	if backup != "" {
		if made, err = keepBackup(ctx, session, name, info, backup); err != nil {
			return err
		}
	}
	body := &spool{dir: u.r.StateDir}
	defer func() { err = errors.Join(err, body.close()) }()
	header, err := maps.Upgrade(ctx, body, session, m, u.r.Degree)
	if err != nil {
		return err
	}
	upgraded, err := maps.Open(body, body.Size())
	if err != nil {
		return err
	}
	if err := sameVolume(ctx, session, m, session, upgraded); err != nil {
		return fmt.Errorf("the new map does not read back: %w", err)
	}
	if !slices.Equal(m.Attributes, upgraded.Attributes) || upgraded.Header != header {
		return fmt.Errorf("the new map does not read back: %w", ErrTwin)
	}
	_, err = session.Publish(ctx, name, body, store.Condition{Version: version})
	if !errors.Is(err, store.ErrChanged) && !errors.Is(err, store.ErrMissing) {
		return err
	}
	// The reply to a request that did it may have been lost.
	if now, _, failed := u.st.OpenMap(ctx, name); failed == nil && now.Header == header && slices.Equal(now.Attributes, m.Attributes) {
		return nil
	}
	if made != "" { // it is of a map that is no more
		return errors.Join(err, session.Remove(ctx, backup, made))
	}
	return err
}

// keepBackup keeps the bytes of a map under another name. What is there already must be the same. It returns the
// version of what it made, or "".
func keepBackup(ctx context.Context, session *store.Session, name string, info store.MapInfo, backup string) (string, error) {
	f, err := session.OpenFile(ctx, name)
	if err != nil {
		return "", err
	}
	if f.Version != info.Version {
		return "", store.ErrChanged
	}
	kept, err := session.Publish(ctx, backup, f, store.Condition{Absent: true})
	made := kept.Version
	if err != nil && !errors.Is(err, store.ErrExists) {
		return "", err
	}
	there, err := session.OpenFile(ctx, backup)
	if err != nil {
		return "", err
	}
	same, err := sameBytes(f, f.Size(), there, there.Size())
	if err != nil {
		return "", err
	}
	if !same {
		return "", &RefusedError{"back up into", backup, &BackupError{name, backup}}
	}
	return made, nil
}

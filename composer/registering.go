package composer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// registering is one volume on its way to a map.
type registering struct {
	request *RegisterRequest
	session *store.Session
	volume  *Volume
	group   string

	stamp    string
	settled  bool
	base     *maps.Map // nil: none that is of use
	old      *maps.Map // of the same name, or nil
	expected store.Condition
	spec     maps.Spec
	changed  []maps.Range // merged; of use where ranged
	ranged   bool
	rebuild  bool // a node of the base is known to be damaged: none is taken over
	journal  *journal
	result   Registered
}

// prepared is a map that is complete but for its name.
type prepared struct {
	Registered
	attributes []maps.Attribute
	body       *spool
	expected   store.Condition
	stamp      string
	journal    *journal
}

// prepare reads a volume, and puts all of it but the map.
func (v *registering) prepare(ctx context.Context) (*prepared, error) {
	var err error
	source := v.volume.Source
	v.result = Registered{Name: v.volume.Name, Source: describe(source), Group: v.group}
	if v.stamp, v.settled, err = stampOf(source); err != nil {
		return nil, err
	}
	if err := v.open(ctx); err != nil {
		return nil, err
	}
	if v.journal, err = v.openJournal(); err != nil {
		return nil, err
	}
	body := &spool{dir: v.request.StateDir}
	header, err := v.write(ctx, body)
	if err == nil {
		err = v.unchanged()
	}
	if err != nil {
		return nil, errors.Join(err, body.close(), v.journal.close(errors.Is(err, ErrSourceChanged)))
	}
	v.result.Header = header
	return &prepared{v.result, v.spec.Attributes, body, v.expected, v.stamp, v.journal}, nil
}

// unchanged fails where the source changed since it was opened.
func (v *registering) unchanged() error {
	now, _, err := stampOf(v.volume.Source)
	if err != nil || now == v.stamp || v.request.AllowChanges {
		return err
	}
	return fmt.Errorf("%s: %w", v.result.Source, ErrSourceChanged)
}

// open finds the base, the shape, and what is to be read.
func (v *registering) open(ctx context.Context) error {
	if err := v.openBase(ctx); err != nil {
		return err
	}
	source, hash := v.volume.Source, v.session.Settings().Hash
	shape, err := v.request.Asked.shape(v.request.Defaults, v.base, hash, source.Size())
	if err != nil {
		return err
	}
	v.spec.Shape = shape
	if err := v.findRanges(); err != nil {
		return err
	}
	if v.ranged {
		if err := v.countOnBase(ctx); err != nil {
			return err
		}
	}
	return v.attributes()
}

// countOnBase has the session keep what the base has, since most of it is not put. What of it is known to be
// damaged is read, and put again.
func (v *registering) countOnBase(ctx context.Context) error {
	base, _, err := v.session.Base(ctx, v.result.Base)
	if err != nil {
		return err
	}
	if base.Root() != v.base.Root() {
		return fmt.Errorf("base %s: %w", v.result.Base, store.ErrChanged)
	}
	v.base = base
	marked := false
	for _, err := range v.session.Bad(ctx) {
		if err != nil {
			return err
		}
		marked = true
		break
	}
	if !marked {
		return nil
	}
	for o, err := range base.Objects(ctx, v.session, nil) {
		switch {
		case damaged(err):
			return fmt.Errorf("base %s is damaged; register without changed ranges reads all and mends it: %w", v.result.Base, err)
		case err != nil:
			return err
		case !v.session.Distrusts(o.Kind, o.ID):
		case o.Kind == maps.Node:
			v.rebuild = true
		case o.Block < v.spec.Blocks():
			v.changed = append(v.changed, blockRange(v.spec.Shape, o.Block))
		}
	}
	v.changed = merged(v.changed, v.spec.Size)
	return nil
}

// openBase opens the base, and the map that is to be replaced.
func (v *registering) openBase(ctx context.Context) error {
	old, info, err := v.session.OpenMap(ctx, v.volume.Name)
	switch {
	case err == nil:
		v.old, v.result.Previous = old, old.Root()
		v.expected = store.Condition{Version: info.Version}
	case errors.Is(err, maps.ErrCorrupt) && info.Version != "": // is replaced by a sound one
		v.result.BaseErr = err
		v.expected = store.Condition{Version: info.Version}
	case errors.Is(err, maps.ErrMissing):
		v.expected = store.Condition{Absent: true}
	default:
		return err
	}
	name := v.volume.Base
	v.base = v.old
	if name != "" && name != v.volume.Name {
		if v.base, _, err = v.session.OpenMap(ctx, name); err != nil {
			return err
		}
	}
	if name == "" {
		name = v.volume.Name
	}
	if want := v.volume.BaseRoot; !want.IsZero() {
		if v.base == nil {
			return fmt.Errorf("base %s is missing, want root %s: %w", name, want, ErrBase)
		}
		if root := v.base.Root(); root != want {
			return fmt.Errorf("base %s has root %s, want %s: %w", name, root, want, ErrBase)
		}
	}
	if v.base != nil {
		v.result.Base = name
	}
	return nil
}

// findRanges decides what is to be read.
func (v *registering) findRanges() error {
	if v.base == nil {
		return nil
	}
	if v.base.BlockSize != v.spec.BlockSize || v.base.Hash != v.spec.Hash {
		if v.volume.Changed != nil {
			return fmt.Errorf("base %s has blocks of %s by %s, the new map has %s by %s: %w", v.result.Base, v.base.BlockSize, v.base.Hash, v.spec.BlockSize, v.spec.Hash, ErrBase)
		}
		v.base, v.result.Base = nil, ""
		return nil
	}
	changed, known := v.volume.Changed, v.volume.Changed != nil
	if tracked, ok := v.volume.Source.(Tracked); ok && !known {
		var err error
		if changed, known, err = tracked.Changed(v.base.Root()); err != nil {
			return err
		}
	}
	if !known {
		return nil
	}
	switch size := v.spec.Size; {
	case size > v.base.Size:
		changed = append(changed[:len(changed):len(changed)], maps.Range{Start: v.base.Size, Length: size - v.base.Size})
	case size < v.base.Size && size%v.spec.BlockSize != 0:
		changed = append(changed[:len(changed):len(changed)], maps.Range{Start: size - 1, Length: 1})
	}
	v.ranged, v.changed = true, merged(changed, v.spec.Size)
	return nil
}

// attributes are those of the new map: what the user said of the former one stays.
func (v *registering) attributes() error {
	var from []maps.Attribute
	if v.old != nil {
		from = v.old.Attributes
	}
	set := []maps.Attribute{
		{Key: AttributeCreated, Value: v.request.Now().UTC().Format(time.RFC3339Nano)},
		{Key: AttributeSource, Value: v.result.Source},
		{Key: AttributeGroup, Value: v.group},
		{Key: AttributeMembers},
		{Key: AttributePrevious},
	}
	if v.group != "" {
		set[3].Value = strconv.Itoa(len(v.request.Volumes))
	}
	if !v.result.Previous.IsZero() {
		set[4].Value = v.result.Previous.String()
	}
	for _, l := range v.volume.Labels {
		set = append(set, maps.Attribute{Key: labelPrefix + l.Key, Value: l.Value})
	}
	v.spec.Attributes = withAttributes(from, set...)
	return nil
}

// openJournal is the journal of a source that does not change, or nil.
func (v *registering) openJournal() (*journal, error) {
	if v.request.StateDir == "" || !v.request.Unchanging && !v.settled || v.result.Source == "" {
		return nil, nil
	}
	return openJournal(filepath.Join(v.request.StateDir, "register"), journalHead{
		Store: v.session.Settings().ID.String(), Name: v.volume.Name, Source: v.result.Source, Stamp: v.stamp,
		Size: uint64(v.spec.Size), BlockSize: uint64(v.spec.BlockSize), Hash: v.spec.Hash.String(),
	})
}

// write makes the map.
func (v *registering) write(ctx context.Context, body *spool) (maps.Header, error) {
	same := v.base != nil && v.base.Version == v.spec.Version && v.base.Degree == v.spec.Degree && !v.rebuild
	if v.ranged && same {
		header, err := maps.Update(ctx, body, v.session, v.base, v.spec, v.changes(ctx))
		if damaged(err) {
			err = fmt.Errorf("base %s is damaged; register without changed ranges reads all and mends it: %w", v.result.Base, err)
		}
		return header, err
	}
	w, err := maps.NewWriter(body, v.session, v.spec)
	if err != nil {
		return maps.Header{}, err
	}
	for change, err := range v.all(ctx) {
		if err == nil {
			err = w.Add(ctx, change.Index, change.ID)
		}
		if err != nil {
			return maps.Header{}, err
		}
	}
	return w.Finish(ctx)
}

// all are the ids of all blocks, in order.
func (v *registering) all(ctx context.Context) iter.Seq2[maps.Change, error] {
	if !v.ranged {
		return v.changes(ctx)
	}
	return func(yield func(maps.Change, error) bool) {
		next, stop := iter.Pull2(v.base.Entries(ctx, v.session))
		defer stop()
		e, err, more := next()
		for change, failed := range v.changes(ctx) {
			for ; failed == nil && err == nil && more && e.Index < change.Index; e, err, more = next() {
				if !yield(maps.Change(e), nil) {
					return
				}
			}
			if failed = errors.Join(failed, err); !yield(change, failed) || failed != nil {
				return
			}
			if more && e.Index == change.Index {
				e, err, more = next()
			}
		}
		for ; more; e, err, more = next() { // also what is cut off, so that the base is found to be whole
			if err == nil && e.Index >= v.spec.Blocks() {
				continue
			}
			if !yield(maps.Change(e), err) || err != nil {
				return
			}
		}
	}
}

// total is how much is to be read at most.
func (v *registering) total() units.Bytes {
	if !v.ranged {
		return v.spec.Size
	}
	var sum units.Bytes
	for _, r := range v.changed {
		sum += r.Length
	}
	return sum
}

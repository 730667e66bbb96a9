package composer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// VerifyRequest says what is to be looked at. The zero value but for Dir looks whether all objects of all maps are
// there, and reads nodes, pages and maps.
type VerifyRequest struct {
	// Names are the maps'; nil: all, with their backups.
	Names []string
	// Deep reads each block, once however many maps have it.
	Deep bool
	// Sample reads so many percent of the blocks, others each time. 0: none, unless Deep.
	Sample float64
	// Resume goes on where a run of the same kind was ended: what it read is not read again.
	Resume bool
	// NoMarks leaves the store as it is: what is found damaged is not marked, and so may be counted on by who registers.
	NoMarks bool
	// Dir is for temporary files, of 64 bytes for each block, and for how far a run has come. It must be given.
	Dir string
	// Workers are the blocks that are read at once; 0 is what processors and memory suggest.
	Workers int
	// Progress is told how far the reading of blocks has come, in blocks; nil: nobody.
	Progress func(Step)
}

// Verification is what Verify found.
type Verification struct {
	Maps    []VerifiedMap
	Nodes   int64 // nodes and pages that were read, each once
	Blocks  int64 // different blocks that maps need
	Read    int64 // of which were read and hashed
	Resumed int64 // of which a former run had read
	Bad     []BadObject
	More    int64 // bad objects that are not in Bad, since there are too many
}

// VerifiedMap is a map, and what is wrong with it.
type VerifiedMap struct {
	Name    string
	Header  maps.Header // zero where it cannot be opened
	Err     error       // the map itself: it cannot be read, or differs from its backup; nil where only blocks or nodes are bad
	Note    string      // what is no damage, and worth knowing
	Damaged []maps.Range
}

// Sound tells that nothing is wrong.
func (v VerifiedMap) Sound() bool { return v.Err == nil && len(v.Damaged) == 0 }

// BadObject is a block, node or page that is missing or damaged, and what that hurts.
type BadObject struct {
	Kind  maps.Kind
	ID    maps.ID
	Err   error
	Hurts []Hurt
}

// Hurt is a part of a volume that cannot be read.
type Hurt struct {
	Map string
	maps.Range
}

// VerifyError says that something is damaged: it matches maps.ErrCorrupt.
type VerifyError struct{ Maps, Objects int }

func (e *VerifyError) Error() string {
	return fmt.Sprintf("verify: maps that are damaged: %d, objects that are bad or missing: %d", e.Maps, e.Objects)
}

// Is reports whether target is maps.ErrCorrupt.
func (e *VerifyError) Is(target error) bool { return target == maps.ErrCorrupt }

const (
	badKept  = 100_000 // objects
	hurtKept = 1_000   // ranges of one object, and of one map
	nodesMet = 400_000 // nodes that are remembered, so that they are read once
)

// verifying is a run.
type verifying struct {
	st     *store.Store
	r      VerifyRequest
	result Verification
	// missing are errors of maps that were named and are not there.
	missing []error
	// versions are those of the maps whose blocks were asked for.
	versions map[string]string
	ids      *idSet
	met      map[maps.ID]struct{} // nodes that were read
	bad      map[maps.Object]error
	more     int64
	state    *verifyState
	random   *rand.Rand
	spare    buffers // for blocks, all of the largest size
	// largest is the size of the largest blocks that maps have.
	largest units.Bytes
}

// Verify reads maps and what they are made of, and looks whether their blocks are there, by listing what the store has;
// with Deep or Sample it reads and hashes blocks. It never stops at the first that is bad, and says which ranges of which volumes
// each hurts. A bad object is marked, so that nobody counts on it, and the next who registers its content puts it
// again. An upgraded map is compared with its backup. The error is a [*VerifyError] where anything is damaged, joined with one that
// matches [maps.ErrMissing] for each map that was named and is not there; other errors, of a store that cannot be read at
// all, end the run.
func Verify(ctx context.Context, st *store.Store, r VerifyRequest) (_ Verification, err error) {
	v := &verifying{st: st, r: r, versions: map[string]string{}, met: map[maps.ID]struct{}{}, bad: map[maps.Object]error{}, random: rand.New(rand.NewPCG(rand.New(seed()).Uint64(), 0))}
	if v.state, err = openVerifyState(r, st.Settings().ID.String()); err != nil {
		return Verification{}, err
	}
	if v.ids, err = newIDSet(r.Dir); err != nil {
		return Verification{}, err
	}
	defer func() { err = errors.Join(err, v.ids.close()) }()
	if err := v.maps(ctx); err != nil {
		return v.result, err
	}
	if err := v.blocks(ctx); err != nil {
		return v.result, err
	}
	if err := v.hurts(ctx); err != nil {
		return v.result, err
	}
	if err := v.mark(ctx); err != nil {
		return v.result, err
	}
	return v.result, errors.Join(v.state.end(), v.verdict())
}

func (v *verifying) verdict() error {
	e := &VerifyError{Objects: len(v.result.Bad)}
	for _, m := range v.result.Maps {
		if !m.Sound() {
			e.Maps++
		}
	}
	if *e == (VerifyError{}) {
		return errors.Join(v.missing...)
	}
	return errors.Join(append(v.missing, e)...)
}

// names are the maps that are to be looked at.
func (v *verifying) names(ctx context.Context) ([]string, error) {
	if v.r.Names != nil {
		return slices.Compact(slices.Sorted(slices.Values(v.r.Names))), nil
	}
	var names []string
	for info, err := range v.st.Maps(ctx, "") {
		if err != nil {
			return nil, err
		}
		names = append(names, info.Name)
	}
	return names, nil
}

// maps reads all maps, and collects the blocks that they need.
func (v *verifying) maps(ctx context.Context) error {
	names, err := v.names(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		one, err := v.one(ctx, name)
		for n := 1; n < tries && errors.Is(err, store.ErrChanged); n++ {
			one, err = v.one(ctx, name)
		}
		switch {
		case errors.Is(err, maps.ErrMissing) && v.r.Names == nil: // removed meanwhile
			continue
		case errors.Is(err, maps.ErrMissing): // it was named
			v.missing = append(v.missing, fmt.Errorf("verify %s: %w", name, err))
			continue
		case errors.Is(err, store.ErrChanged):
			one.Note = notVerified
		case err != nil:
			return fmt.Errorf("verify %s: %w", name, err)
		}
		v.result.Maps = append(v.result.Maps, one)
	}
	return nil
}

// notVerified is said of a map that was never the same for long enough.
const notVerified = "not verified: it was replaced again and again meanwhile"

// one reads one map. Errors match [store.ErrChanged] where it is changed meanwhile.
func (v *verifying) one(ctx context.Context, name string) (VerifiedMap, error) {
	one := VerifiedMap{Name: name}
	m, info, err := v.st.OpenMap(ctx, name)
	switch {
	case errors.Is(err, maps.ErrMissing):
		return one, err
	case damaged(err), errors.Is(err, errors.ErrUnsupported):
		one.Err = err
		return one, nil
	case err != nil:
		return one, err
	}
	one.Header = m.Header
	v.versions[name] = info.Version
	v.largest = max(v.largest, m.BlockSize)
	if err := v.objects(ctx, m, info, &one); err != nil {
		return one, err
	}
	return one, v.twin(ctx, m, info, &one)
}

// objects walks one map.
func (v *verifying) objects(ctx context.Context, m *maps.Map, info store.MapInfo, one *VerifiedMap) error {
	skip := func(o maps.Object) bool {
		_, met := v.met[o.ID]
		return met
	}
	lost := func(d damage) {
		if d.id.IsZero() {
			one.Err = d.err // of the map's own bytes
			return
		}
		v.found(maps.Node, d.id, d.err)
	}
	for o, err := range objects(ctx, v.st.Reading(info), m, skip, lost) {
		switch {
		case err != nil:
			return err
		case o.Kind == maps.Node:
			v.result.Nodes++
			if len(v.met) < nodesMet {
				v.met[o.ID] = struct{}{}
			}
		default:
			if err := v.ids.add(blockName{v.st.Name(maps.Block, o.ID), o.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// twin compares a v4 map with its backup. One that was registered anew since may differ.
func (v *verifying) twin(ctx context.Context, m *maps.Map, info store.MapInfo, one *VerifiedMap) error {
	if m.Version != 4 || one.Err != nil {
		return nil
	}
	name := BackupName(one.Name, 3)
	backup, kept, err := v.st.OpenMap(ctx, name)
	switch {
	case errors.Is(err, maps.ErrMissing):
		return nil
	case damaged(err), errors.Is(err, errors.ErrUnsupported):
		one.Note = fmt.Sprintf("not compared with its backup, which cannot be read: %v", err)
		return nil
	case err != nil:
		return err
	}
	err = sameVolume(ctx, v.st.Reading(kept), backup, v.st.Reading(info), m)
	switch e, changed := errors.AsType[*store.ChangedError](err); {
	case changed && e.Map == name:
		one.Note = fmt.Sprintf("not compared with its backup: %v", err)
	case err == nil:
		one.Note = "same as its backup " + name
	case errors.Is(err, ErrTwin) && !Created(m).Equal(Created(backup)):
		one.Note = "registered anew since its backup " + name
	case errors.Is(err, ErrTwin):
		one.Err = fmt.Errorf("compare with %s: %w", name, err)
	case damaged(err): // which is found elsewhere
		one.Note = fmt.Sprintf("not compared with its backup: %v", err)
	default:
		return err
	}
	return nil
}

// found notes a bad object.
func (v *verifying) found(kind maps.Kind, id maps.ID, err error) {
	o := maps.Object{Kind: kind, ID: id}
	if _, known := v.bad[o]; known {
		return
	}
	if len(v.bad) >= badKept {
		v.more++
		return
	}
	v.bad[o] = err
}

// step tells how far the blocks are gone through.
func (v *verifying) step(shard int) {
	if v.r.Progress != nil {
		v.r.Progress(Step{"blocks", units.Bytes(shard), 256})
	}
}

package composer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// Volume is a source, and the name of the map that it becomes.
type Volume struct {
	Source Source
	// Name is that of the map. A map of that name is replaced: it is a former state of the volume.
	Name string
	// Base is the map that the volume was like before; "" is the one of the same name, if there is one. Its
	// shape is that of the new map, unless another is asked for.
	Base string
	// BaseRoot is the root that the base must have, where it is not zero: that of the state which Changed
	// is about.
	BaseRoot maps.ID
	// Changed are the ranges that may differ from the base; nothing else is read where there is a base. Nil:
	// all is read, unless the source knows ([Tracked]).
	Changed []maps.Range
	// Labels are given to the map. Those of the base stay.
	Labels []Label
}

// RegisterRequest says what is to be registered, and how. Its zero value but for Volumes is what most want.
type RegisterRequest struct {
	// Volumes are published together, when all of them are complete.
	Volumes  []Volume
	Asked    Asked
	Defaults Defaults
	// AllowChanges publishes what was read of a source that changed meanwhile. It is of no one moment.
	AllowChanges bool
	// Unchanging says that nobody writes to the sources, as to a snapshot, so that a run after a kill needs not
	// read again what was read. It is found out for files.
	Unchanging bool
	// StateDir is where journals are, and what is too large for memory. "": there are none, and a v3 map of
	// a large volume is in memory.
	StateDir string
	// Workers are the blocks that are worked on at once. 0 is what processors and memory suggest.
	Workers int
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Progress is told how far the work has come; nil: nobody. It is called by one goroutine.
	Progress func(Step)
}

// Step is how far a call has come.
type Step struct {
	Object      string      // the map
	Done, Total units.Bytes // of its volume, or of what is to be read of it
}

// Registered is what became of a volume.
type Registered struct {
	Name     string
	Source   string // in words
	Header   maps.Header
	Base     string  // what it was compared with, or ""
	Previous maps.ID // the root of the map that was replaced; zero where there was none
	Group    string  // of several volumes; "" for one
	Resumed  bool    // published by what a killed run had prepared
	Read     ReadCounts
	// BaseErr is why the base, or a part of it, could not be used.
	BaseErr error
}

// ReadCounts says where the bytes of a volume came from. Together they are its size.
type ReadCounts struct {
	Data    units.Bytes // read and hashed, and another block than the base has
	Zero    units.Bytes // read: nothing but zeros
	Same    units.Bytes // read and hashed: as in the base
	Hole    units.Bytes // not read: the source says that there is nothing
	Base    units.Bytes // not read: not among the changed ranges
	Resumed units.Bytes // not read: a run that was killed had read it
}

// Read is how much was read.
func (c ReadCounts) Read() units.Bytes { return c.Data + c.Zero + c.Same }

// Result is what Register did.
type Result struct {
	Maps []Registered
	// Stored are the objects that were put, or there already.
	Stored store.Counts
}

// Register makes maps of volumes. Each is published in one step, and several one after the other once all are
// complete; the same call again finishes what was killed in between. A map that somebody else replaces
// meanwhile is an error, which matches [store.ErrChanged] or [store.ErrExists]; other errors match
// [ErrReserved], [ErrSourceChanged], [ErrBase], [ErrLabel], those of the store or the source. Then nothing was published, or,
// of several volumes, what Result says.
func Register(ctx context.Context, st *store.Store, r RegisterRequest) (Result, error) {
	if r.Now == nil {
		r.Now = time.Now
	}
	if err := r.check(); err != nil {
		return Result{}, err
	}
	session, err := st.Begin(ctx, store.SessionOptions{Purpose: "register " + r.Volumes[0].Name})
	if err != nil {
		return Result{}, err
	}
	result, err := r.run(ctx, session)
	result.Stored = session.Counts()
	// What was published stays; a lease that is not given back runs out.
	return result, errors.Join(err, session.End(context.WithoutCancel(ctx)))
}

// check finds what needs no store.
func (r *RegisterRequest) check() error {
	seen := map[string]bool{}
	for _, v := range r.Volumes {
		if err := checkNew(v.Name); err != nil {
			return err
		}
		if seen[v.Name] {
			return fmt.Errorf("composer: map %s is named twice: %w", v.Name, store.ErrName)
		}
		seen[v.Name] = true
		for _, l := range v.Labels {
			if err := CheckLabel(l); err != nil {
				return err
			}
		}
	}
	if len(seen) == 0 {
		return fmt.Errorf("composer: register: no volume: %w", store.ErrName)
	}
	return nil
}

func (r *RegisterRequest) run(ctx context.Context, session *store.Session) (Result, error) {
	p := publication{dir: r.StateDir, session: session, request: r}
	if len(r.Volumes) > 1 {
		p.group = uuid.NewString()
		done, err := p.resume(ctx)
		if err != nil || done != nil {
			return Result{Maps: done}, err
		}
	}
	defer p.close()
	for i := range r.Volumes {
		one := &registering{request: r, session: session, volume: &r.Volumes[i], group: p.group}
		prepared, err := one.prepare(ctx)
		if err != nil {
			return Result{}, fmt.Errorf("register %s: %w", r.Volumes[i].Name, err)
		}
		p.maps = append(p.maps, prepared)
	}
	published, err := p.publish(ctx)
	return Result{Maps: published}, err
}

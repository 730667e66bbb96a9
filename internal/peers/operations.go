package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/rok-storage/rok/dm"
)

// row is one operation of the report.
type row struct {
	name    string
	devices int // that must exist when it is measured
	// prepare makes the operation for one mapper.
	prepare func(m mapper, s *stand) operation

	ioctls   int  // that the operation consists of
	reused   bool // the reply goes into memory that is reused: no allocation
	segments int  // that are encoded
	twenty   bool // must be 20 times faster than dmsetup, others merely faster
	more     bool // rok makes requests or replies of values, which the bare ioctl does not
	nodes    bool // with the device's node: rok and dmsetup alone make one
}

// rows are the operations that the expression chooses, in the order in which
// the stand grows.
func rows(chosen *regexp.Regexp) []row {
	list := func(n int, twenty bool) row {
		return row{
			name: fmt.Sprintf("list of %d", n), devices: n, ioctls: 1, reused: true, twenty: twenty,
			prepare: func(m mapper, _ *stand) operation { return m.list(n) },
		}
	}
	load := func(n int, ready bool) row {
		r := row{name: fmt.Sprintf("load of %d", n), devices: 2, ioctls: 1, twenty: n == 1}
		if ready {
			r.name += ", encoded before"
		} else {
			r.segments, r.more = n, n > 1
		}
		r.prepare = func(m mapper, s *stand) operation {
			t, err := s.segments(n)
			if err != nil {
				return fails(err)
			}
			if m, ok := m.(*rok); ok && ready {
				return m.loadEncoded(deviceName(0), t)
			}
			return m.load(deviceName(0), t)
		}
		return r
	}
	cycle := func(m mapper, _ *stand) operation { return m.cycle(prefix+"cycle", zeros(2048)) }
	all := []row{
		{
			name: "version", ioctls: 1, reused: true, twenty: true,
			prepare: func(m mapper, _ *stand) operation { return m.version() },
		},
		list(1, true),
		{
			name: "info", devices: 1, ioctls: 1, reused: true, twenty: true,
			prepare: func(m mapper, _ *stand) operation { return m.info(deviceName(0)) },
		},
		{
			name: "status", devices: 1, ioctls: 1, reused: true,
			prepare: func(m mapper, _ *stand) operation { return m.status(deviceName(0)) },
		},
		load(1, false), load(100, false), load(10000, false),
		load(1, true), load(100, true), load(10000, true),
		{name: "cycle", devices: 2, ioctls: 4, twenty: true, prepare: cycle},
		{name: "cycle with node", devices: 2, ioctls: 4, twenty: true, nodes: true, prepare: cycle},
		list(100, false), list(1000, false),
		{
			name: "list of 1000, as values", devices: 1000, ioctls: 1, more: true,
			prepare: func(m mapper, _ *stand) operation {
				if r, ok := m.(*rok); ok {
					return r.values(1000)
				}
				return m.list(1000)
			},
		},
	}
	return slices.DeleteFunc(all, func(r row) bool { return !chosen.MatchString(r.name) })
}

// mappers are the contenders, rok first.
type mappers []mapper

func openMappers(nodes bool) (mappers, error) {
	r, err := openRok(nodes)
	if err != nil {
		return nil, err
	}
	if nodes {
		return mappers{r, dmsetup{}}, nil
	}
	b, err := openBare()
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return mappers{r, b, new(openClose), dmsetup{}}, nil
}

func (ms mappers) close() error {
	var errs []error
	for _, m := range ms {
		errs = append(errs, m.close())
	}
	return errors.Join(errs...)
}

// contenders prepares r's operation for each mapper, and carries each out once.
func (r row) contenders(ctx context.Context, ms mappers, s *stand) ([]contender, error) {
	if err := s.grow(ctx, r.devices); err != nil {
		return nil, err
	}
	var cs []contender
	for _, m := range ms {
		_, process := m.(dmsetup)
		c := contender{name: m.name(), do: r.prepare(m, s), process: process}
		if err := c.do(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", r.name, m.name(), err)
		}
		cs = append(cs, c)
	}
	return cs, nil
}

// onStand calls f for each row, on a stand that has what the row needs.
func onStand(ctx context.Context, rows []row, f func(row, []contender) error) (err error) {
	plain, err := openMappers(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.close()) }()
	withNodes, err := openMappers(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, withNodes.close()) }()
	s := &stand{conn: plain[0].(*rok).conn}
	defer func() { err = errors.Join(err, s.remove()) }()
	for _, r := range rows {
		ms := plain
		if r.nodes {
			ms = withNodes
		}
		cs, err := r.contenders(ctx, ms, s)
		if err != nil {
			return err
		}
		if err := f(r, cs); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

// removeLeftovers removes what a run that was killed has left.
func removeLeftovers() error {
	r, err := openRok(true)
	if err != nil {
		return err
	}
	defer r.close()
	left, err := r.conn.ListMatching(dm.Filter{Name: prefix})
	for _, e := range left {
		err = errors.Join(err, r.conn.Device(dm.ByName(e.Name)).Remove(context.Background(), dm.RemoveOptions{}))
	}
	return err
}

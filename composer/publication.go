package composer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// publication gives names to maps that are complete: one in one step, several one after the other, with what
// is planned written down first ([groupPlan]).
type publication struct {
	request *RegisterRequest
	dir     string
	session *store.Session
	group   string // "" for one map
	maps    []*prepared
}

// close ends what is open; journals of what was published go.
func (p *publication) close() {
	for _, m := range p.maps {
		_ = errors.Join(m.body.close(), m.journal.close(false)) // notes that save work at most
	}
}

// publish makes the maps what their names mean.
func (p *publication) publish(ctx context.Context) ([]Registered, error) {
	var plan *groupPlan
	if p.group != "" {
		if err := p.expected(ctx); err != nil {
			return nil, err
		}
		var err error
		if plan, err = p.write(); err != nil {
			return nil, err
		}
	}
	var published []Registered
	for _, m := range p.maps {
		if err := p.one(ctx, m); err != nil {
			if p.group != "" && len(published) > 0 {
				err = fmt.Errorf("group %s: %d of %d maps are published; the same command goes on: %w", p.group, len(published), len(p.maps), err)
			}
			return published, errors.Join(fmt.Errorf("publish %s: %w", m.Name, err), plan.end(final(err)))
		}
		published = append(published, m.Registered)
		err := m.journal.close(true)
		m.journal = nil
		if err != nil {
			return published, err
		}
	}
	return published, plan.end(true)
}

// final tells whether an error stays when the same is done again.
func final(err error) bool {
	return errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrExists)
}

// expected looks whether all maps are still as they were, before the first is published.
func (p *publication) expected(ctx context.Context) error {
	for _, m := range p.maps {
		switch f, err := p.session.OpenFile(ctx, m.Name); {
		case errors.Is(err, maps.ErrMissing):
			if m.expected.Absent {
				continue
			}
		case err != nil:
			return err
		case f.Version == m.expected.Version:
			continue
		}
		return fmt.Errorf("publish %s: %w", m.Name, store.ErrChanged)
	}
	return nil
}

// one publishes a map. One that is refused since the same map is there, was published by a request whose reply was
// lost.
func (p *publication) one(ctx context.Context, m *prepared) error {
	_, err := p.session.Publish(ctx, m.Name, m.body, m.expected)
	if !final(err) {
		return err
	}
	there, _, failed := p.session.OpenMap(ctx, m.Name)
	if failed == nil && there.Root() == m.Header.Root() && slices.Equal(there.Attributes, m.attributes) {
		return nil
	}
	return err
}

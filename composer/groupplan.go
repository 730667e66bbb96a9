package composer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// groupPlan is what is written down before the first map of a group is published, so that
// the rest can be after a kill. It is a directory with the bytes of all maps, and plan.json, which is written
// last. The nil plan is none.
type groupPlan struct {
	Group string      `json:"group"`
	Maps  []groupStep `json:"maps"`
	dir   string
}

// groupStep is one map of a group. Its bytes are in the file of its number.
type groupStep struct {
	Name    string `json:"name"`
	Source  string `json:"source"`
	Root    string `json:"root"`
	Stamp   string `json:"stamp"`
	Settled bool   `json:"settled"`
	Absent  bool   `json:"absent"`
	Version string `json:"version"`
}

func (g *groupPlan) body(i int) string { return filepath.Join(g.dir, fmt.Sprint("map-", i)) }

// planDir is where the plan of a group of these names is, in this store.
func (p *publication) planDir() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", p.session.Settings().ID)
	for _, v := range p.request.Volumes {
		fmt.Fprintf(h, "%q\n", v.Name)
	}
	return filepath.Join(p.dir, "group-"+hex.EncodeToString(h.Sum(nil)[:16]))
}

// write writes the plan down. It is nil where there is nowhere to.
func (p *publication) write() (*groupPlan, error) {
	if p.dir == "" {
		return nil, nil
	}
	g := &groupPlan{Group: p.group, dir: p.planDir()}
	if err := os.RemoveAll(g.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return nil, err
	}
	for i, m := range p.maps {
		_, settled, err := stampOf(p.request.Volumes[i].Source)
		if err != nil {
			return nil, err
		}
		g.Maps = append(g.Maps, groupStep{m.Name, m.Source, m.Header.Root().String(), m.stamp, settled, m.expected.Absent, m.expected.Version})
		if err := writeFile(g.body(i), io.NewSectionReader(m.body, 0, m.body.Size())); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	return g, writeWhole(filepath.Join(g.dir, "plan.json"), text)
}

// end forgets a plan that is done with.
func (g *groupPlan) end(done bool) error {
	if g == nil || !done {
		return nil
	}
	// The plan goes before the bytes that it needs.
	return errors.Join(os.RemoveAll(filepath.Join(g.dir, "plan.json")), os.RemoveAll(g.dir))
}

// resume publishes what a killed run had planned. It returns the maps where the sources are provably still as
// they were then, so that nothing is to be done; and nil where they are to be registered anew.
func (p *publication) resume(ctx context.Context) ([]Registered, error) {
	if p.dir == "" {
		return nil, nil
	}
	g := &groupPlan{dir: p.planDir()}
	text, err := os.ReadFile(filepath.Join(g.dir, "plan.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, g) != nil || len(g.Maps) != len(p.request.Volumes) {
		return nil, g.end(true)
	}
	var published []Registered
	current := true
	for i, step := range g.Maps {
		m, done, err := p.publishStep(ctx, g, i)
		if err != nil {
			return nil, err
		}
		if !done {
			return nil, g.end(true)
		}
		stamp, settled, err := stampOf(p.request.Volumes[i].Source)
		if err != nil {
			return nil, err
		}
		current = current && stamp != "" && settled && stamp == step.Stamp && step.Settled && step.Source == describe(p.request.Volumes[i].Source)
		published = append(published, Registered{Name: step.Name, Source: step.Source, Header: m.Header, Group: g.Group, Resumed: true})
	}
	if err := g.end(true); err != nil || !current {
		return nil, err
	}
	return published, nil
}

// publishStep publishes one map of a plan, unless it is; false where that cannot be done any more.
func (p *publication) publishStep(ctx context.Context, g *groupPlan, i int) (*maps.Map, bool, error) {
	step := g.Maps[i]
	f, err := os.Open(g.body(i))
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	m, err := maps.Open(f, info.Size())
	if err != nil || m.Root().String() != step.Root {
		return nil, false, nil
	}
	there, _, err := p.session.OpenMap(ctx, step.Name)
	switch {
	case err == nil && attribute(there.Attributes, AttributeGroup) == g.Group:
		return m, true, nil
	case err != nil && !damaged(err):
		return nil, false, err
	}
	for o, err := range m.Objects(ctx, p.session, nil) {
		switch {
		case damaged(err):
			return nil, false, nil
		case err != nil:
			return nil, false, err
		}
		has, err := p.session.Has(ctx, o.Kind, o.ID)
		if err != nil || !has {
			return nil, false, err
		}
	}
	_, err = p.session.Publish(ctx, step.Name, io.NewSectionReader(f, 0, info.Size()), store.Condition{Absent: step.Absent, Version: step.Version})
	if final(err) {
		return nil, false, nil
	}
	return m, err == nil, err
}

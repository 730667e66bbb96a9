package composertest

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// ours are the names of the maps that steps make. Some are of a series.
func ours() []string { return []string{"a", "b", "c", "s/1", "s/2", "s/3"} }

// shapes are those that are asked for.
func shapes() []composer.Asked {
	degree := func(n int) *int { return &n }
	return []composer.Asked{
		{Version: 3}, {Version: 4, Degree: degree(0)}, {Version: 4, Degree: degree(16)}, {Version: 4, Degree: degree(32)}, {Version: 4, Degree: degree(128)},
	}
}

// blockSizes are those that new maps have.
func blockSizes() []units.Bytes { return []units.Bytes{unit, unit, 2 * unit, 4 * unit} }

// of is a volume that is to be registered.
func (h *history) of(name string, data []byte) composer.Volume {
	return composer.Volume{Name: name, Source: h.source(name, data)}
}

func (h *history) request(volumes ...composer.Volume) composer.RegisterRequest {
	r := composer.RegisterRequest{
		Volumes: volumes, Defaults: composer.Defaults{BlockSize: one(h, blockSizes()...)},
		Workers: 1 + h.rng.IntN(2), Now: h.clock.Now,
	}
	if h.rng.IntN(3) > 0 {
		r.StateDir = h.state
	}
	if h.rng.IntN(2) == 0 {
		r.Asked = one(h, shapes()...)
	}
	if h.rng.IntN(3) == 0 && !slices.ContainsFunc(volumes, func(v composer.Volume) bool { return v.Changed != nil }) {
		r.Asked.BlockSize = one(h, blockSizes()...) // what changed goes with blocks as they were
	}
	return r
}

// counted notes what maps were made.
func (h *history) counted(j *job, result composer.Result) {
	j.made = map[string]composer.Registered{}
	for _, m := range result.Maps {
		j.made[m.Name] = m
		shape := fmt.Sprint("v", m.Header.Version)
		switch {
		case m.Header.Degree > 0:
			shape += fmt.Sprint(" of degree ", m.Header.Degree)
		case m.Header.Version == 4:
			shape += " flat"
		}
		h.did.add(shape, 1)
		h.did.add(fmt.Sprintf("blocks of %dKiB", m.Header.BlockSize/units.KiB), 1)
		if m.Resumed || m.Read.Resumed > 0 {
			h.did.add("resumed", 1)
		}
	}
}

func (h *history) registering(name string) *job {
	data := h.volume()
	return h.registeringAs("register", name, data, h.request(h.of(name, data)))
}

// update is a volume that differs from a base in few places, which are told, and may be as large as it likes. Where guarded, it
// is refused where the base is another by then.
func (h *history) update(name, base string, guarded bool) (composer.Volume, []byte) {
	data, ranges := h.changed(h.now(base))
	v := h.of(name, data)
	v.Base, v.Changed = base, ranges
	if guarded {
		m, _, err := h.calm.OpenMap(h.ctx, base)
		require.NoError(h.t, err)
		v.BaseRoot = m.Root()
	}
	return v, data
}

func (h *history) updating(name, base string, guarded bool) *job {
	v, data := h.update(name, base, guarded)
	return h.registeringAs("update", name, data, h.request(v))
}

func (h *history) registeringAs(what, name string, data []byte, r composer.RegisterRequest) *job {
	var j *job
	j = onto(what, name, data, func(ctx context.Context, st *store.Store) error {
		result, err := composer.Register(ctx, st, r)
		h.counted(j, result)
		return err
	})
	return j
}

// grouping registers several volumes together, one of them under that name. If that succeeds, all of them are maps of one group; if not, the result says
// which are, and the rest may be.
func (h *history) grouping(name string, guarded bool) *job {
	names := ours()
	h.rng.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	if i := slices.Index(names, name); i > 1 {
		names[1], names[i] = name, names[1]
	}
	names = names[:2+h.rng.IntN(2)]
	j := &job{what: "group", after: map[string][][]byte{}}
	var volumes []composer.Volume
	for _, name := range names {
		data := h.volume()
		v := h.of(name, data)
		if h.now(name) != nil && h.rng.IntN(3) == 0 {
			v, data = h.update(name, name, guarded)
		}
		volumes = append(volumes, v)
		j.after[name] = [][]byte{data}
	}
	r := h.request(volumes...)
	j.run = func(ctx context.Context, st *store.Store) error {
		result, err := composer.Register(ctx, st, r)
		h.counted(j, result)
		j.sure = map[string][]byte{}
		for _, m := range result.Maps {
			j.sure[m.Name] = j.after[m.Name][0]
		}
		return err
	}
	j.done = func() { h.requireGroup(names) }
	return j
}

// requireGroup has maps be all that there are of one group.
func (h *history) requireGroup(names []string) {
	groups := map[maps.Attribute]int{}
	for _, name := range names {
		m, _, err := h.calm.OpenMap(h.ctx, name)
		require.NoError(h.t, err)
		for _, a := range m.Attributes {
			if a.Key == composer.AttributeGroup || a.Key == composer.AttributeMembers {
				groups[a]++
			}
		}
	}
	require.Len(h.t, groups, 2)
	require.Equal(h.t, len(names), groups[maps.Attribute{Key: composer.AttributeMembers, Value: strconv.Itoa(len(names))}])
}

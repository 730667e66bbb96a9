package composertest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/store"
)

// retaining removes from the series what a policy does not keep.
func (h *history) retaining() *job {
	p := one(h, composer.Policy{Last: 1}, composer.Policy{Last: 2}, composer.Policy{Daily: 1}, composer.Policy{Daily: 2}, composer.Policy{Last: 1, Weekly: 1})
	j := &job{what: "retain", after: map[string][][]byte{}}
	kept := h.kept(p)
	for _, name := range h.there(func(name string) bool { return composer.InSeries(name, "s/") }) {
		if slices.Contains(kept, name) {
			h.did.add("retained", 1)
		} else {
			j.after[name] = [][]byte{nil}
			h.did.add("let go", 1)
		}
	}
	j.run = func(ctx context.Context, st *store.Store) error {
		var series []composer.Listed
		for l, err := range composer.List(ctx, st, "s/") {
			if err != nil {
				return err
			}
			if composer.InSeries(l.Name, "s/") {
				series = append(series, l)
			}
		}
		var failed []error
		for _, r := range composer.Retain(series, p) {
			if len(r.Keep) == 0 {
				failed = append(failed, st.Remove(ctx, r.Name, r.Version))
			}
		}
		return errors.Join(failed...)
	}
	return j
}

// kept are the maps that a policy keeps, found in another way: each that is the newest of all that are left, until there are
// enough of them.
func (h *history) kept(p composer.Policy) (kept []string) {
	made := map[string]time.Time{}
	series := h.there(func(name string) bool { return composer.InSeries(name, "s/") })
	for _, name := range series {
		m, _, err := h.calm.OpenMap(h.ctx, name)
		require.NoError(h.t, err)
		made[name] = composer.Created(m)
	}
	slices.SortFunc(series, func(a, b string) int { return cmp.Or(made[b].Compare(made[a]), cmp.Compare(a, b)) })
	for _, rule := range []struct {
		n      int
		period func(time.Time) any
	}{
		{p.Daily, func(t time.Time) any { return t.Unix() / 86400 }},
		{p.Weekly, func(t time.Time) any { return (t.Unix()/86400 + 3) / 7 }}, // the epoch began on a Thursday
	} {
		met := map[any]bool{}
		for _, name := range series {
			period := rule.period(made[name])
			if !met[period] && len(met) < rule.n {
				met[period] = true
				kept = append(kept, name)
			}
		}
	}
	return append(kept, series[:min(p.Last, len(series))]...)
}

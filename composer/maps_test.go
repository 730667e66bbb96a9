package composer_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store/storetest"
)

// writerAt collects the bytes of a map.
type writerAt struct{ bytes.Buffer }

func (w *writerAt) reader() *bytes.Reader { return bytes.NewReader(w.Bytes()) }

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

func TestListAndDiff(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 10, 8)
	w.registerAs("vm/a", data, 4, 16)
	data[2*block]++
	data[3*block]++
	clear(data[5*block : 6*block])
	w.registerAs("vm/b", data[:9*block], 4, 16)
	w.register("vm/c", data)
	w.damage("map/vm/c")
	var names []string
	listed := map[string]composer.Listed{}
	for l, err := range composer.List(t.Context(), w.store, "vm/") {
		require.NoError(t, err)
		names = append(names, l.Name)
		listed[l.Name] = l
	}
	require.Equal(t, []string{"vm/a", "vm/b", "vm/c"}, names)
	require.ErrorIs(t, listed["vm/c"].Err, maps.ErrCorrupt)
	var found []string
	for d, err := range composer.Diff(t.Context(), w.store, listed["vm/a"].Map, w.store, listed["vm/b"].Map) {
		require.NoError(t, err)
		found = append(found, fmt.Sprint(d.Start/block, "+", d.Length/block, d.Data))
	}
	require.Equal(t, []string{"2+2true", "5+1false", "9+1false"}, clean(found))
}

// A map that is replaced while it is listed is listed.
func TestListWhileMapsChange(t *testing.T) {
	for n := 1; ; n++ {
		w := newWorld(t)
		w.register("a", noise(1, 1))
		w.register("b", noise(2, 1))
		faulty := &storetest.Faulty{Bucket: w.bucket}
		st := w.open(faulty)
		before := faulty.Calls()
		faulty.Plan = storetest.Nth(before+n, storetest.Fault{Hook: func(ctx context.Context) {
			for _, name := range []string{"a", "b"} {
				if _, err := composer.Register(ctx, w.store, w.request(name, memorySource(noise(3, 2)))); err != nil {
					t.Error(err)
				}
			}
		}})
		var found []string
		for l, err := range composer.List(t.Context(), st, "") {
			require.NoError(t, err, "call %d", n)
			require.NoError(t, l.Err, "call %d", n)
			found = append(found, l.Name)
		}
		require.Equal(t, []string{"a", "b"}, found)
		if faulty.Calls() < before+n {
			return
		}
	}
}

func clean(all []string) []string {
	for i := range all {
		all[i] = strings.ReplaceAll(strings.ReplaceAll(all[i], "B", ""), " ", "")
	}
	return all
}

func TestSetLabels(t *testing.T) {
	for _, s := range shapes {
		w := newWorld(t)
		data := noise(1, 20, 3)
		before := w.registerAs("disk", data, s.version, s.degree)
		labels, err := composer.SetLabels(t.Context(), w.store, "disk", []composer.Label{{Key: "b", Value: "2"}, {Key: "a", Value: "1"}})
		require.NoError(t, err)
		require.Equal(t, []composer.Label{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}, labels)
		labels, err = composer.SetLabels(t.Context(), w.store, "disk", []composer.Label{{Key: "b"}})
		require.NoError(t, err)
		require.Equal(t, []composer.Label{{Key: "a", Value: "1"}}, labels)
		m, _, err := w.store.OpenMap(t.Context(), "disk")
		require.NoError(t, err)
		require.Equal(t, before.Header, m.Header)
		require.Equal(t, data, w.read("disk"))
		require.False(t, composer.Created(m).IsZero())
	}
	w := newWorld(t)
	_, err := composer.SetLabels(t.Context(), w.store, "a~v3.bak", nil)
	require.ErrorIs(t, err, composer.ErrReserved)
	_, err = composer.SetLabels(t.Context(), w.store, "none", nil)
	require.ErrorIs(t, err, maps.ErrMissing)
}

// series are maps that were made at those times.
func series(times ...string) []composer.Listed {
	var all []composer.Listed
	for _, text := range times {
		l := composer.Listed{Map: &maps.Map{}}
		l.Name = text
		if text != "never" {
			l.Map.Attributes = []maps.Attribute{{Key: composer.AttributeCreated, Value: text + ":00Z"}}
		}
		all = append(all, l)
	}
	return all
}

func TestRetain(t *testing.T) {
	all := series("2026-01-05T10:00", "2026-01-05T12:00", "2026-01-04T23:59", "2026-01-01T00:00", "2025-12-31T10:00", "2025-12-20T10:00", "never")
	tests := []struct {
		policy composer.Policy
		want   string
	}{
		{composer.Policy{Last: 2}, "2026-01-05T12:00 2026-01-05T10:00 never"},
		{composer.Policy{Daily: 2}, "2026-01-05T12:00 2026-01-04T23:59 never"},
		{composer.Policy{Daily: 100}, "2026-01-05T12:00 2026-01-04T23:59 2026-01-01T00:00 2025-12-31T10:00 2025-12-20T10:00 never"},
		// Of the week from 29 December to 4 January, the newest.
		{composer.Policy{Weekly: 2}, "2026-01-05T12:00 2026-01-04T23:59 never"},
		{composer.Policy{Last: 1, Weekly: 3}, "2026-01-05T12:00 2026-01-04T23:59 2025-12-20T10:00 never"},
		{composer.Policy{}, "never"},
	}
	for _, test := range tests {
		var kept []string
		for _, r := range composer.Retain(all, test.policy) {
			if len(r.Keep) > 0 {
				kept = append(kept, r.Name)
			}
		}
		require.Equal(t, test.want, strings.Join(kept, " "), "%+v", test.policy)
	}
	require.Equal(t, time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), composer.Retain(all, composer.Policy{})[0].Created)
}

func TestInSeries(t *testing.T) {
	for name, in := range map[string]bool{
		"vm/web": true, "vm/web-2026": true, "vm/web/1": true, "vm/website": false, "vm/web2": false, "vm/we": false, "vm/web~v3.bak": false,
	} {
		require.Equal(t, in, composer.InSeries(name, "vm/web"), name)
	}
	require.True(t, composer.InSeries("vm/web-a", "vm/web-"))
}

package model

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// settle collects until nothing changes, when everybody has ended, and looks at what is left.
func (m *model) settle() {
	if m.t.Failed() {
		m.fatal("broken")
	}
	m.unmark()
	for round := 0; ; round++ {
		m.now = m.now.Add(time.Hour)
		c, err := m.last.Collect(context.Background(), store.CollectOptions{})
		if err != nil {
			m.fatal("last collection: %v", err)
		}
		m.did.Freed += c.Freed.Objects
		if c.Condemned.Objects == 0 && c.Freed.Objects == 0 {
			break
		}
		if round == 3 || len(c.Waiting) > 0 {
			m.fatal("collections do not end: %+v", c)
		}
	}
	m.verify()
	// Whatever is between the bucket and its objects, has them too.
	outside, err := store.New(m.t.Context(), m.place.Bucket, store.Options{Key: m.key})
	require.NoError(m.t, err)
	m.verifyIn(outside)
	if m.t.Failed() {
		m.fatal("broken behind the last collection")
	}
	m.nothingElse()
}

// unmark is a verification that finds all objects sound.
func (m *model) unmark() {
	bucket := m.alone("verify").bucket()
	for info, err := range bucket.List(context.Background(), "bad/") {
		require.NoError(m.t, err)
		require.NoError(m.t, bucket.Delete(context.Background(), info.Key))
	}
}

// nothingElse looks for what is kept and no map needs.
func (m *model) nothingElse() {
	need := map[string]bool{}
	for info, err := range m.inside.Maps(context.Background(), "") {
		require.NoError(m.t, err)
		need["map/"+info.Name] = true
		mp, _, err := m.inside.OpenMap(context.Background(), info.Name)
		require.NoError(m.t, err)
		for o, err := range mp.Objects(context.Background(), m.inside, nil) {
			require.NoError(m.t, err)
			need[o.Kind.String()+m.inside.Name(o.Kind, o.ID).String()] = true
		}
	}
	may := map[string]bool{"store.json": true, "gc/epoch": true}
	keys, err := m.place.Keys()
	require.NoError(m.t, err)
	for _, key := range keys {
		needed := key
		if dir, rest, _ := strings.Cut(key, "/"); dir == "blk" || dir == "node" {
			_, name, _ := strings.Cut(rest, "/")
			name, _, _ = strings.Cut(name, "~")
			needed = map[string]string{"blk": "block", "node": "node"}[dir] + name
		}
		switch {
		case need[needed]: // and another of the same is one too many
			delete(need, needed)
		case may[key]:
			delete(may, key)
		default:
			m.fatal("left over: %s", key)
		}
	}
	if len(need) > 0 {
		m.fatal("%v are missing", need)
	}
}

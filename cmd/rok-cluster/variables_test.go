package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
)

// volumeWorld is one node with a volume, disk.img, and a store that is there.
func volumeWorld(t testing.TB) (w *clusterWorld, disk string) {
	w = newClusterWorld(t)
	disk = filepath.Join(w.dir, "disk.img")
	require.NoError(t, os.WriteFile(disk, append(make([]byte, 5<<20), 1), 0o600))
	w.must("rok-config get")
	w.must("rok-register -q " + disk + " first")
	return w, disk
}

// jsonOf runs a command and reads what it prints.
func jsonOf(w *clusterWorld, line string, to any) {
	w.t.Helper()
	require.NoError(w.t, json.Unmarshal([]byte(w.must(line+" -o json")), to))
}

// What new maps are made with follows the cluster, and only when it is applied.
func TestVariablesOfNewMaps(t *testing.T) {
	w, disk := volumeWorld(t)
	shape := func(name string) (m mapView) {
		jsonOf(w, "rok-composer-tool show "+name, &m)
		return m
	}
	first := shape("first")
	require.Equal(t, []any{3, 0, uint64(4 << 20)}, []any{first.Version, first.Degree, first.BlockSizeBytes})
	w.must("rok-config set composer.map_version=4 composerd.maptree_degree=64 composer.block_size=1MiB")
	w.must("rok-register -q " + disk + " unapplied")
	require.Equal(t, 3, shape("unapplied").Version)
	w.must("rok-config apply")
	w.must("rok-register -q " + disk + " tree")
	tree := shape("tree")
	require.Equal(t, []any{4, 64, uint64(1 << 20)}, []any{tree.Version, tree.Degree, tree.BlockSizeBytes})
	w.must("rok-config set composerd.maptree_degree=auto")
	w.must("rok-config apply")
	w.must("rok-register -q " + disk + " auto")
	require.Equal(t, 128, shape("auto").Degree)
	w.must("rok-config unset composerd.maptree_degree composer.map_version composer.block_size")
	w.must("rok-config apply")
	w.must("rok-register -q " + disk + " last")
	last := shape("last")
	require.Equal(t, []any{3, 0, uint64(4 << 20)}, []any{last.Version, last.Degree, last.BlockSizeBytes})

	w.memory.SetDown(true) // nothing local needs the store
	w.must("rok-register -q " + disk + " local")

	require.NoError(t, os.WriteFile(w.confPath(), []byte("[composer]\nblock_size = 64KiB\n"), 0o644))
	w.must("rok-register -q " + disk + " own")
	require.Equal(t, uint64(64<<10), shape("own").BlockSizeBytes, "daemons.conf wins")
}

// map-upgrade makes trees of the cluster's degree.
func TestDegreeOfUpgradedMaps(t *testing.T) {
	w, _ := volumeWorld(t)
	w.must("rok-config set composer.map_version=4 composerd.maptree_degree=32")
	w.must("rok-config apply")
	w.must("rok-composer-tool map-upgrade --all -q")
	var m mapView
	jsonOf(w, "rok-composer-tool show first", &m)
	require.Equal(t, []int{4, 32}, []int{m.Version, m.Degree})
}

type keptView struct {
	Maps []struct {
		Name string   `json:"name"`
		Keep []string `json:"keep"`
	} `json:"maps"`
}

func TestVariablesOfRetention(t *testing.T) {
	w, disk := volumeWorld(t)
	w.must("rok-register -q " + disk + " vm-1")
	w.must("rok-register -q " + disk + " vm-2")
	_, stderr, code := w.rok("rok-composer-tool retain vm")
	require.Equal(t, int(cli.Usage), code, "nothing says what stays")
	require.Contains(t, stderr, "--keep-last")
	kept := func(flags string) (all []string) {
		var v keptView
		jsonOf(w, "rok-composer-tool retain vm"+flags, &v)
		for _, m := range v.Maps {
			all = append(all, m.Keep...)
		}
		return all
	}
	for name, pattern := range map[string]string{"keep_last": "^last 1$", "keep_daily": "^daily ", "keep_weekly": "^weekly "} {
		w.must("rok-config set retention." + name + "=1")
		w.must("rok-config apply")
		why := kept("")
		require.Len(t, why, 1, name)
		require.Regexp(t, pattern, why[0])
		w.must("rok-config unset retention." + name)
	}
	w.must("rok-config set retention.keep_last=1")
	w.must("rok-config apply")
	require.Equal(t, []string{"last 1", "last 2"}, kept(" --keep-last 2"), "the flag wins")
}

// leases is a store whose leases are noted.
type leases struct {
	store.Bucket
	until map[string]time.Time // by purpose: the first
}

func (l *leases) Put(ctx context.Context, key string, body store.Body, c store.Condition) (store.Info, error) {
	if filepath.Dir(key) == "lease" || filepath.Dir(key) == "lock" {
		text, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
		if err != nil {
			return store.Info{}, err
		}
		var h struct {
			Purpose string    `json:"purpose"`
			Expires time.Time `json:"expires"`
		}
		if err := json.Unmarshal(text, &h); err != nil {
			return store.Info{}, err
		}
		if _, ok := l.until[h.Purpose]; !ok {
			l.until[h.Purpose] = h.Expires
		}
	}
	return l.Bucket.Put(ctx, key, body, c)
}

// gc.lease_ttl is how long the leases of those that write, and of the collector, last.
func TestVariableOfLeases(t *testing.T) {
	w, disk := volumeWorld(t)
	var seen *leases
	w.bucket = func(string) (store.Bucket, error) {
		dir, err := store.NewDir(filepath.Join(w.stateDir(), "store"), store.DirOptions{})
		seen = &leases{dir, map[string]time.Time{}}
		return seen, err
	}
	ttl := func(command, purpose string) time.Duration {
		began := time.Now()
		w.must(command)
		require.Contains(t, seen.until, purpose)
		return seen.until[purpose].Sub(began)
	}
	commands := map[string]string{"rok-register -q " + disk + " vm": "register vm", "rok-cluster-gc -q": "collect", "rok-composer-tool label first a=b": "label first"}
	for command, purpose := range commands {
		require.Less(t, ttl(command, purpose), 30*time.Minute)
	}
	w.must("rok-config set gc.lease_ttl=1h")
	w.must("rok-config apply")
	commands["rok-composer-tool label first a=c"] = "label first"
	for command, purpose := range commands {
		require.GreaterOrEqual(t, ttl(command, purpose), time.Hour, command)
	}
}

// writer is a session of another process on the store of w.
func writer(w *clusterWorld) *store.Session {
	dir, err := store.NewDir(filepath.Join(w.stateDir(), "store"), store.DirOptions{})
	require.NoError(w.t, err)
	st, err := store.New(w.t.Context(), dir, store.Options{})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, st.Close()) })
	s, err := st.Begin(w.t.Context(), store.SessionOptions{Purpose: "writer", Timing: store.Timing{TTL: 10 * time.Hour}})
	require.NoError(w.t, err)
	return s
}

func TestVariableOfClockMargin(t *testing.T) {
	w, _ := volumeWorld(t)
	w.must("rok-composer-tool rm first")
	s := writer(w)
	until := func() time.Time {
		var v gcView
		jsonOf(w, "rok-cluster-gc -q", &v)
		require.Len(t, v.Waiting, 1)
		return v.Waiting[0].Until
	}
	before := until()
	for value, more := range map[string]time.Duration{"11m": 10 * time.Minute, "0s": -time.Minute + time.Nanosecond} {
		w.must("rok-config set gc.clock_margin=" + value)
		w.must("rok-config apply")
		require.Equal(t, more, until().Sub(before), "the default is a minute")
	}
	require.NoError(t, s.End(t.Context()))
}

func TestVariableOfWait(t *testing.T) {
	w, _ := volumeWorld(t)
	w.must("rok-composer-tool rm first")
	s := writer(w)
	var v gcView
	jsonOf(w, "rok-cluster-gc -q", &v)
	require.Len(t, v.Waiting, 1, "it does not wait")
	require.Zero(t, v.Freed.Count)
	w.must("rok-config set gc.wait=1h")
	w.must("rok-config apply")
	jsonOf(w, "rok-cluster-gc -q --wait 0s", &v)
	require.Len(t, v.Waiting, 1, "the flag wins")

	// The writer ends when the collector has looked at its lease.
	var ended error
	w.bucket = func(string) (store.Bucket, error) {
		dir, err := store.NewDir(filepath.Join(w.stateDir(), "store"), store.DirOptions{})
		return &endWriter{dir, func() { ended = s.End(context.WithoutCancel(t.Context())) }}, err
	}
	v = gcView{}
	jsonOf(w, "rok-cluster-gc -q", &v)
	require.NoError(t, ended)
	require.Empty(t, v.Waiting)
	require.Positive(t, v.Freed.Count)
}

// endWriter ends a writer once its lease was read.
type endWriter struct {
	store.Bucket
	end func()
}

func (b *endWriter) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	n, info, err := b.Bucket.Get(ctx, key, off, dst)
	if filepath.Dir(key) == "lease" && b.end != nil {
		b.end()
		b.end = nil
	}
	return n, info, err
}

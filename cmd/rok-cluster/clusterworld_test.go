package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
	"github.com/rok-storage/rok/internal/cli/clitest"
	"github.com/rok-storage/rok/store"
)

// code011 is what a build of 0.11 knows.
func code011() cluster.Code {
	return cluster.Code{Version: "0.11.3", MinSchema: 11, MaxSchema: 11, MapVersion: 3}
}

// clusterWorld is hosts with a store in common. Each has a state directory and a
// daemons.conf, and runs its own code.
type clusterWorld struct {
	t      testing.TB
	dir    string
	store  kv.Store // that all have
	memory *kvtest.Memory
	host   string // that commands run on
	code   map[string]cluster.Code
	wrap   func(kv.Store) kv.Store
	stops  map[string]func()
	bucket func(address string) (store.Bucket, error) // nil: as the addresses say
}

func newClusterWorld(t testing.TB) *clusterWorld {
	memory := kvtest.NewMemory()
	w := &clusterWorld{t: t, dir: t.TempDir(), store: memory, memory: memory, host: "rok1", code: map[string]cluster.Code{}, stops: map[string]func(){}}
	t.Cleanup(func() {
		for _, stop := range w.stops {
			stop()
		}
	})
	return w
}

func (w *clusterWorld) stateDir() string { return filepath.Join(w.dir, w.host, "state") }
func (w *clusterWorld) confPath() string { return filepath.Join(w.dir, w.host, "daemons.conf") }

func (w *clusterWorld) env(stdout, stderr *bytes.Buffer) *env {
	host, store := w.host, w.store
	if w.wrap != nil {
		store = w.wrap(store)
	}
	vars := map[string]string{"ROK_STATE_DIR": w.stateDir(), "ROK_CONFIG": w.confPath()}
	return &env{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		getenv:   func(name string) string { return vars[name] },
		hostname: func() (string, error) { return host, nil },
		code:     w.code[host],
		now:      time.Now,
		bucket:   w.bucket,
		openKV:   func(context.Context, *env) (kv.Store, error) { return store, nil },
		signals:  func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
	}
}

// Run shows paths without the test's directory, and times as "TIME".
func (w *clusterWorld) Run(args []string, stdout, stderr *bytes.Buffer) int {
	touch(w.t, w.confPath())
	var out, errs bytes.Buffer
	code := run(w.t.Context(), args, w.env(&out, &errs))
	clean := strings.NewReplacer(w.dir, "")
	stdout.WriteString(clean.Replace(out.String()))
	stderr.WriteString(clean.Replace(errs.String()))
	return code
}

// touch makes an empty file where there is none: a file that ROK_CONFIG names must be there.
func touch(t testing.TB, path string) {
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// rok runs a command and returns what it prints.
func (w *clusterWorld) rok(line string) (stdout, stderr string, code int) {
	w.t.Helper()
	args, err := clitest.Words(line)
	require.NoError(w.t, err)
	var out, errs bytes.Buffer
	code = w.Run(args, &out, &errs)
	return out.String(), errs.String(), code
}

// must runs a command, which must succeed.
func (w *clusterWorld) must(line string) string {
	w.t.Helper()
	stdout, stderr, code := w.rok(line)
	require.Zero(w.t, code, "%s: %s", line, stderr)
	return stdout
}

// Do knows:
//
//	host NAME           commands run there from now on
//	v0.11 HOST…         a cluster of 0.11 of these hosts
//	boot                the present host gets the new boot disk: today's code
//	agent, stop         the present host's agent runs, or ends
//	empty               the present host's state directory is emptied
//	down, up            the store cannot be reached, or can
//	advance DURATION    time passes for leases
func (w *clusterWorld) Do(args []string) error {
	switch args[0] {
	case "host":
		w.host = args[1]
	case "v0.11":
		w.old(args[1:]...)
	case "boot":
		w.code[w.host] = cluster.Current()
	case "agent":
		w.agent("rok-cluster-ctl", "agent", "-q")
	case "stop":
		w.stops[w.host]()
		delete(w.stops, w.host)
	case "empty":
		return os.RemoveAll(w.stateDir())
	case "down", "up":
		w.memory.SetDown(args[0] == "down")
	case "advance":
		d, err := time.ParseDuration(args[1])
		w.memory.Advance(d)
		return err
	default:
		return fmt.Errorf("%s: not known", args[0])
	}
	return nil
}

// agent runs the present host's agent, and waits until it shows. It must end well when it is stopped.
func (w *clusterWorld) agent(args ...string) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var out, errs bytes.Buffer
	touch(w.t, w.confPath())
	e := w.env(&out, &errs)
	code := 0
	var done sync.WaitGroup
	done.Go(func() { code = run(ctx, args, e) })
	w.stops[w.host] = func() {
		cancel()
		done.Wait()
		require.Zero(w.t, code, errs.String())
	}
	host := w.host
	require.Eventually(w.t, func() bool {
		for _, key := range []string{"/rok/alive/", "/rok/applied/"} { // a round's first, and its last
			if entry, err := w.store.Get(ctx, key+host); err != nil || entry.Modified == 0 {
				return false
			}
		}
		return true
	}, 10*time.Second, 5*time.Millisecond)
}

// old makes the state of a cluster of 0.11: that of testdata/v0.11, or the same of other hosts.
func (w *clusterWorld) old(hosts ...string) {
	state := state011(hosts)
	if slices.Equal(hosts, hosts011()) {
		require.NoError(w.t, json.Unmarshal(fixture011(w.t, "store.json"), &state))
	}
	for key, value := range state {
		_, err := w.store.Txn(w.t.Context(), kv.Txn{Then: []kv.Op{kv.Put(key, []byte(value))}})
		require.NoError(w.t, err)
	}
	here := w.host
	for _, h := range hosts {
		w.host = h
		w.code[h] = code011()
		require.NoError(w.t, os.MkdirAll(w.stateDir(), 0o755))
		require.NoError(w.t, os.WriteFile(w.confPath(), fixture011(w.t, "daemons.conf"), 0o644))
		require.NoError(w.t, os.WriteFile(filepath.Join(w.stateDir(), cluster.AppliedFile), []byte(applied011(h)), 0o600))
		if _, err := os.Stat(filepath.Join(w.stateDir(), "store")); err != nil {
			require.NoError(w.t, os.CopyFS(filepath.Join(w.stateDir(), "store"), os.DirFS(filepath.Join(fixtures011, "maps"))))
		}
	}
	w.host = here
}

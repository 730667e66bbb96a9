package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// doPool carries out those lines of a script that are about thin pools:
//
//	pool NAME used METADATA DATA      in blocks
//	pool NAME mode MODE               rw, data, ro, fail
//	pool NAME needs-check yes|no
//	config TEXT                       what daemons.conf says, \n being a new line
func (m *machine) doPool(args []string) (known bool, err error) {
	switch args[0] {
	case "config":
		if m.cwd == "" {
			m.cwd = m.t.TempDir()
			m.t.Chdir(m.cwd)
		}
		const path = "daemons.conf"
		m.env.getenv = func(name string) string { return map[string]string{"ROK_CONFIG": path}[name] }
		return true, os.WriteFile(path, []byte(strings.ReplaceAll(args[1], `\n`, "\n")), 0o600)
	case "pool":
	default:
		return false, nil
	}
	p := m.kernel.Pool(args[1])
	if p == nil {
		return true, fmt.Errorf("no pool %s", args[1])
	}
	switch args[2] {
	case "used":
		metadata, err1 := strconv.ParseUint(args[3], 10, 64)
		data, err2 := strconv.ParseUint(args[4], 10, 64)
		p.SetUsed(metadata, data)
		if err1 != nil {
			return true, err1
		}
		return true, err2
	case "mode":
		p.SetMode(map[string]dmtest.PoolMode{
			"rw": dmtest.PoolWrite, "data": dmtest.PoolOutOfDataSpace, "ro": dmtest.PoolReadOnly, "fail": dmtest.PoolFail,
		}[args[3]])
	case "needs-check":
		p.SetNeedsCheck(args[3] == "yes")
	}
	return true, nil
}

// watchingPools is "rok pool watch" on its way.
type watchingPools struct{ *running }

func (m *machine) watchPools(t *testing.T, args ...string) *watchingPools {
	t.Helper()
	return &watchingPools{m.start(t, append([]string{"pool", "watch"}, args...)...)}
}

// event returns the next event that has the name, without its time.
func (w *watchingPools) event(name string) string {
	w.t.Helper()
	for w.stdout.Scan() {
		if _, event, ok := strings.Cut(w.stdout.Text(), "Z  "); ok && strings.Contains(event, "  "+name+": ") {
			return event
		}
	}
	require.Fail(w.t, "no event "+name)
	return ""
}

// end sends this process what ends the watcher, and returns its code.
func (w *watchingPools) end(sig syscall.Signal) int {
	w.t.Helper()
	require.NoError(w.t, syscall.Kill(os.Getpid(), sig))
	for w.stdout.Scan() {
	}
	return <-w.code
}

func tankMachine(t *testing.T, config string) *machine {
	m := newMachine(t)
	m.do("pv sda 512MiB", "config '"+config+"'")
	m.must("vg", "create", "data", "/dev/sda")
	m.must("lv", "create", "data/tank", "--thin-pool", "--size", "100M")
	m.must("lv", "create", "data/home", "--pool", "tank", "--size", "1G")
	return m
}

// A watcher extends, reads its configuration again at SIGHUP, tells its metrics in
// both ways, runs hooks, and ends at SIGTERM.
func TestPoolWatch(t *testing.T) {
	dir := t.TempDir()
	heard := filepath.Join(dir, "heard")
	metrics := filepath.Join(dir, "rok.prom")
	m := tankMachine(t, `[pool.data/tank]\ndata_step = 40MiB\nhook = cat >> `+heard+`; echo "$ROK_EVENT $ROK_VG/$ROK_POOL" >> `+heard)
	w := m.watchPools(t, "--metrics", "127.0.0.1:0", "--metrics-file", metrics, "--interval", "100ms")
	require.True(t, w.stderr.Scan())
	_, address, ok := strings.Cut(w.stderr.Text(), "http://")
	require.True(t, ok, w.stderr.Text())
	address = strings.TrimSuffix(address, "/metrics")
	go func() {
		for w.stderr.Scan() {
			t.Log(w.stderr.Text())
		}
	}()
	require.Equal(t, "data/tank  watched: by pool.data/tank", w.event("watched"))
	m.do("pool data-tank-tpool used 20 1400")
	require.Equal(t, "data/tank  data-extended: from 100MiB to 140MiB", w.event("data-extended"))

	require.NoError(t, os.WriteFile(m.env.getenv("ROK_CONFIG"), []byte("[pool.data/tank]\ndata_hgih = 3%\n"), 0o600))
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	require.Contains(t, w.event("configuration-failed"), "data_hgih: unknown key; did you mean data_high?")
	require.NoError(t, os.WriteFile(m.env.getenv("ROK_CONFIG"), []byte("[pool.data/tank]\ndata_high = 50%\ndata_step = 200MiB\n"), 0o600))
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	require.Equal(t, "rok  reconfigured: policies of pools: 1", w.event("reconfigured"))
	require.Equal(t, "data/tank  data-extended: from 140MiB to 340MiB", w.event("data-extended"))

	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(c, "GET /metrics HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(answer), "200 OK")
	require.Contains(t, string(answer), `rok_pool_events_total{vg="data",pool="tank",event="data-extended"} 2`)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(metrics)
		return err == nil && strings.Contains(string(text), `rok_pool_data_size_bytes{vg="data",pool="tank"} 356515840`)
	}, 10*time.Second, 50*time.Millisecond)

	require.Equal(t, int(cli.Done), w.end(syscall.SIGTERM))
	text, err := os.ReadFile(heard)
	require.NoError(t, err)
	require.Contains(t, string(text), "data-extended data/tank\n")
	require.Contains(t, string(text), `"message":"from 100MiB to 140MiB"`)
}

func TestPoolWatchJSON(t *testing.T) {
	m := tankMachine(t, "")
	stdout, stderr, code := m.rok("pool", "watch", "--timeout", "200ms", "-o", "json")
	require.Zero(t, code, stderr)
	var event poolEventView
	require.NoError(t, json.Unmarshal([]byte(stdout), &event))
	require.Equal(t, "watched", event.Event)
	require.Equal(t, "writable", event.State)
	require.EqualValues(t, 100<<20, *event.Size)
}

// Hooks that do not end are ended, and keep nobody.
func TestPoolHookEnds(t *testing.T) {
	var stderr strings.Builder
	k := hook{command: "sleep 1000"}
	h := newHooks(&stderr)
	h.queue <- k
	began := time.Now()
	h.cancel()
	h.close()
	require.Less(t, time.Since(began), 4*time.Second)
	require.Contains(t, stderr.String(), `rok: hook "sleep 1000": `)
}

func TestPoolWatchErrors(t *testing.T) {
	m := tankMachine(t, "")
	_, stderr, code := m.rok("pool", "watch", "--metrics", "nowhere:nothing")
	require.Equal(t, int(cli.Failed), code)
	require.Contains(t, stderr, "rok: answer with metrics: listen tcp: ")
	_, stderr, code = m.rok("pool", "watch", "--metrics-file", filepath.Join(t.TempDir(), "no", "file"))
	require.Equal(t, int(cli.NotFound), code)
	require.Contains(t, stderr, "rok: write metrics: open ")
}

func TestParseMounts(t *testing.T) {
	got := parseMounts(strings.NewReader(`22 27 0:20 / /proc rw,nosuid shared:12 - proc proc rw
36 27 253:4 / /srv/two\040words rw shared:2 - ext4 /dev/mapper/data-home rw
37 27 253:4 /sub /elsewhere rw - ext4 /dev/mapper/data-home rw
38 27 8:1 / /boot rw - vfat /dev/sda1 rw
short line
39 27 x:y / /z rw - ext4 /dev/z rw
`))
	require.Equal(t, []mountPoint{{dm.Dev{Major: 253, Minor: 4}, "/srv/two words"}, {dm.Dev{Major: 8, Minor: 1}, "/boot"}}, got)
}

func TestPoolStatusTrim(t *testing.T) {
	m := tankMachine(t, "")
	info, err := m.conn.Device(dm.ByName("data-home")).Info()
	require.NoError(t, err)
	m.env.mounts = func() []pool.FileSystem { return []pool.FileSystem{{Dev: info.Dev, Used: units.MiB}} }
	m.kernel.Pool("data-tank-tpool").SetMapped(1, 160)
	require.Regexp(t, `\n?POOL +STATE +SIZE +DATA% +META% +ROOM +TRIM .*\ndata/tank +writable +100MiB +0.00 +\S+ +\S+ +9MiB `, m.must("pool", "status"))
}

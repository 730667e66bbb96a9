package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/cli/clitest"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/s3"
	"github.com/rok-storage/rok/store/storetest"
)

// s3dWorld is a machine with a daemons.conf.
type s3dWorld struct {
	*testing.T
	dir    string
	env    env
	stderr safeBuffer
}

// safeBuffer is written by a daemon and read by its test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newS3dWorld(t *testing.T, section string) *s3dWorld {
	w := &s3dWorld{T: t, dir: t.TempDir()}
	vars := map[string]string{"ROK_STATE_DIR": w.dir + "/state", "ROK_CONFIG": w.dir + "/daemons.conf",
		"AWS_ACCESS_KEY_ID": "test-access", "AWS_SECRET_ACCESS_KEY": "test-secret-key", "AWS_EC2_METADATA_DISABLED": "true"}
	require.NoError(t, os.WriteFile(w.dir+"/daemons.conf", []byte(strings.ReplaceAll(section, "DIR", w.dir)), 0o600))
	w.env = env{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &w.stderr, getenv: func(name string) string { return vars[name] }}
	return w
}

// start runs rok-s3d until the test's end, or stop, which returns its exit code.
func (w *s3dWorld) start(args ...string) (stop func() int) {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := w.env
	e.signals = func(context.Context) (context.Context, context.CancelFunc) { return ctx, cancel }
	done := make(chan int, 1)
	go func() { done <- run(w.Context(), append([]string{"rok-s3d"}, args...), &e) }()
	stop = sync.OnceValue(func() int { cancel(); return <-done })
	w.Cleanup(func() { stop() })
	return stop
}

// dial waits until the daemon answers.
func (w *s3dWorld) dial() *daemon.Client {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		c, err := daemon.Dial(w.Context(), w.dir+"/s")
		if err == nil {
			w.Cleanup(func() { _ = c.Close() })
			return c
		}
		if time.Now().After(deadline) {
			w.Fatal(err, w.stderr.String())
		}
	}
}

const s3dSection = `
[s3d.0]
bucket = bucket
socket = DIR/s
socket-mode = 0600
cache-size = 1MiB
journal_size = 10MiB
assume-no-versioning = true
`

// A store behind the daemon is used as any other, also by the next daemon.
func TestS3d(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, port.Close())
	w := newS3dWorld(t, s3dSection+"metrics = "+port.Addr().String()+"\n")
	memory := &storetest.Memory{}
	var asked string
	w.env.bucket = func(address string) (store.Bucket, error) { asked = address; return memory, nil }
	stop := w.start()
	c := w.dial()
	require.Equal(t, "s3://bucket", asked)
	info, err := os.Stat(w.dir + "/s")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = c.Put(t.Context(), "blk/00/x", strings.NewReader("block"), store.Condition{})
	require.NoError(t, err)

	e := w.env
	e.bucket = nil
	s, err := openStore(t.Context(), &e, settingsOf(t, &e), "unix://"+w.dir+"/s", true)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = memory.Stat(t.Context(), "store.json")
	require.NoError(t, err)

	// A request is counted when it has been answered.
	for _, line := range []string{
		`rok_s3d_requests_total{instance="s3d.0",op="put",result="ok"} `,
		`rok_s3d_requests_total{instance="s3d.0",op="get",result="missing"}`,
		`rok_s3d_journal_accepted_total{instance="s3d.0"} 1`,
		`rok_s3d_cache_bytes{instance="s3d.0"} 0`,
		`rok_s3d_request_seconds_bucket{instance="s3d.0",op="put",le="+Inf"} `,
	} {
		require.Eventually(t, func() bool { return strings.Contains(fetched(t, "http://"+port.Addr().String()+"/metrics"), line) },
			10*time.Second, 10*time.Millisecond, line)
	}

	other := w.env
	other.signals = func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	require.Equal(t, int(cli.Refused), run(t.Context(), []string{"rok-s3d"}, &other), w.stderr.String())
	require.Contains(t, w.stderr.String(), "another daemon has it")
	if code := stop(); code != 0 {
		t.Fatal(code, w.stderr.String())
	}
	require.Contains(t, w.stderr.String(), "serving memory: at unix://"+w.dir+"/s\n")
	require.NoFileExists(t, w.dir+"/s")
	_, err = memory.Stat(t.Context(), "blk/00/x")
	require.NoError(t, err)

	code := func() cli.Code {
		_, err := openStore(t.Context(), &e, settingsOf(t, &e), "unix://"+w.dir+"/s", true)
		return cli.CodeOf(err, rules()...)
	}
	require.Equal(t, cli.Unreachable, code())
	stop = w.start("-q")
	w.dial()
	require.Equal(t, cli.Done, code())
	require.Zero(t, stop())
}

// noVersioning is a service that has a bucket and does not implement the versioning calls, which it counts.
func noVersioning(t *testing.T, asked *atomic.Int64) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, key := range []string{"versioning", "versions", "versionId"} {
			if r.URL.Query().Has(key) {
				asked.Add(1)
				w.WriteHeader(http.StatusNotImplemented)
				_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>NotImplemented</Code><Message>not implemented</Message></Error>`)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Where the line is missing, the error names it, its section and the file; with it, or the flag, nothing is asked.
func TestS3dVersioning(t *testing.T) {
	var asked atomic.Int64
	section := "[s3d.3]\nbucket = bucket\nregion = us-east-1\npath-style = yes\nsocket = DIR/s\nendpoint = " + noVersioning(t, &asked) + "\n"
	w := newS3dWorld(t, section)
	for _, args := range [][]string{{}, {"--no-versioning"}} {
		asked.Store(0)
		require.Equal(t, int(cli.Refused), run(t.Context(), append([]string{"rok-s3d", "--instance", "3"}, args...), w.signalled()))
		require.Contains(t, w.stderr.String(), `add the line "assume-no-versioning = true" to the section [s3d.3] of `+w.dir+"/daemons.conf")
		require.NotContains(t, w.stderr.String(), "test-secret-key")
		require.Equal(t, int64(1), asked.Load())
	}
	asked.Store(0)
	stop := w.start("--instance", "3", "--assume-no-versioning")
	w.dial()
	require.Zero(t, stop())
	for _, line := range []string{"assume-no-versioning = true\n", "assume_no_versioning = true\nno-versioning = false\n"} {
		w = newS3dWorld(t, section+line)
		stop := w.start("--instance", "3")
		w.dial()
		require.Zero(t, stop())
	}
	require.Zero(t, asked.Load())
}

func (w *s3dWorld) signalled() *env {
	e := w.env
	e.signals = func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	return &e
}

// An address says what a daemon's section says.
func TestOpenS3(t *testing.T) {
	var asked atomic.Int64
	w := newS3dWorld(t, "")
	address := "s3://bucket/p?region=us-east-1&path-style=yes&endpoint=" + noVersioning(t, &asked)
	a, err := store.ParseAddress(address)
	require.NoError(t, err)
	_, err = openBucket(t.Context(), &w.env, a, true)
	require.ErrorContains(t, err, "add versioning=assume to the store's address")
	require.Equal(t, cli.Refused, cli.CodeOf(err, rules()...))
	asked.Store(0)
	a.Versioning = "assume"
	b, err := openBucket(t.Context(), &w.env, a, true)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	require.Zero(t, asked.Load())
	_, err = openStore(t.Context(), &w.env, settingsOf(t, &w.env), "s3://b/p?versioning=assume", true)
	require.Equal(t, cli.Usage, cli.CodeOf(err, rules()...), "no bucket has such a name")
	a.CA = w.dir + "/none"
	_, err = openBucket(t.Context(), &w.env, a, true)
	require.Equal(t, cli.NotFound, cli.CodeOf(err, rules()...))
	a.CA = ""
	e := w.env
	e.getenv = func(name string) string { return map[string]string{"AWS_EC2_METADATA_DISABLED": "true"}[name] }
	_, err = openBucket(t.Context(), &e, a, true)
	require.ErrorIs(t, err, store.ErrDenied)
}

// The keys come from where Amazon's tools have them.
func TestS3Credentials(t *testing.T) {
	for _, test := range []struct {
		vars            map[string]string
		file, profile   string
		home            string // as the list of users has it
		want            s3.Credentials
		region, region2 string
	}{
		{vars: map[string]string{"HOME": "/h", "AWS_REGION": "r1", "AWS_DEFAULT_REGION": "r2"}, want: s3.Credentials{File: "/h/.aws/credentials", Role: true}, region2: "r1"},
		{vars: map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/f", "HOME": "/h", "AWS_PROFILE": "p", "AWS_DEFAULT_REGION": "r2"}, want: s3.Credentials{File: "/f", Profile: "p", Role: true}, region2: "r2"},
		{vars: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "AWS_EC2_METADATA_DISABLED": "true"}, want: s3.Credentials{AccessKey: "a", SecretKey: "s", SessionToken: "t"}},
		{vars: map[string]string{"AWS_REGION": "r1"}, home: "/r", want: s3.Credentials{File: "/r/.aws/credentials", Role: true}, region2: "r1"},
		{vars: map[string]string{"HOME": "/h"}, home: "/r", want: s3.Credentials{File: "/h/.aws/credentials", Role: true}},
		{vars: map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "r1"}, file: "/own", profile: "q", want: s3.Credentials{File: "/own", Profile: "q"}, region: "mine", region2: "mine"},
	} {
		e := &env{getenv: func(name string) string { return test.vars[name] }, home: func() string { return test.home }}
		c := s3.Config{Region: test.region}
		require.NoError(t, e.completeS3(&c, "", s3Keys{File: test.file, Profile: test.profile}))
		require.True(t, test.want == c.Credentials, fmt.Sprint(c.Credentials))
		require.Equal(t, test.region2, c.Region)
	}
}

func TestHomeOf(t *testing.T) {
	require.Equal(t, "/root", homeOf(0))
	require.Empty(t, homeOf(1<<30))
}

// What systemd gives must be one socket at which the kernel says who connects.
func TestGivenSocket(t *testing.T) {
	listen := func(network, address string) net.Listener {
		l, err := net.Listen(network, address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	stream := listen("unix", t.TempDir()+"/s")
	got, err := givenSocket([]net.Listener{stream})
	require.NoError(t, err)
	require.Equal(t, stream, got)
	got, err = givenSocket(nil)
	require.NoError(t, err)
	require.Nil(t, got)
	for _, bad := range [][]net.Listener{
		{nil}, {stream, stream}, {listen("tcp", "127.0.0.1:0")}, {listen("unixpacket", t.TempDir()+"/s")},
	} {
		_, err = givenSocket(bad)
		require.ErrorContains(t, err, "unix stream socket")
	}
}

func TestS3dConfig(t *testing.T) {
	w := newS3dWorld(t, "[s3d.0]\nbucket = bucket\nallow = 7, root 9\nprefix = /p/q/\nno-versioning = yes\n[s3d.1]\nsocket = s\nsocket-mode = 9\nallow = nobody-at-all\nmetrics = 0.0.0.0:1\nstate = x\nbuckte = b\n")
	c, err := readS3d(&w.env, "s3d.0", s3dFlags{})
	require.NoError(t, err)
	require.Equal(t, s3.Config{Bucket: "bucket", Prefix: "p/q", Versioning: s3.Off}, c.s3)
	require.Equal(t, []int{7, 0, 9}, c.allow)
	require.Equal(t, "/run/rok/s3d.0.sock", c.socket)
	require.Equal(t, os.FileMode(0o660), c.mode)
	require.Equal(t, filepath.Join(w.dir, "state", "s3d.0"), c.dir)
	require.Equal(t, "1GiB", c.journal.String())
	require.Zero(t, c.cache)
	c, err = readS3d(&w.env, "s3d.0", s3dFlags{assumeOff: true})
	require.NoError(t, err)
	require.Equal(t, s3.Assume, c.s3.Versioning)
	_, err = readS3d(&w.env, "s3d.1", s3dFlags{})
	for _, text := range []string{"bucket", "absolute path", "0660", "nobody-at-all", "127.0.0.1", "did you mean bucket?"} {
		require.ErrorContains(t, err, text)
	}
	_, err = readS3d(&w.env, "s3d.2", s3dFlags{})
	require.Equal(t, cli.NotFound, cli.CodeOf(err, rules()...))
	require.ErrorContains(t, err, "has no section [s3d.2]")
}

// A file that cannot be read is told as every command tells it.
func TestS3dDamagedConfig(t *testing.T) {
	for text, want := range map[string]cli.Code{
		"[s3d.0\n":                          cli.Usage,
		"[s3d.0]\nbucket = b\nbucket = c\n": cli.Usage,
		"[s3d.0]\nbuckte = b\n":             cli.Usage,
		"[s3d.0]\nbucket = b\n" + strings.Repeat("# all too long\n", conf.MaxSize/15+1): cli.Usage,
		"[s3d.1]\nbucket = b\n": cli.NotFound,
	} {
		w := newS3dWorld(t, text)
		require.Equal(t, int(want), run(t.Context(), []string{"rok-s3d"}, w.signalled()), w.stderr.String())
		require.Contains(t, w.stderr.String(), w.dir+"/daemons.conf")
	}
	w := newS3dWorld(t, "")
	require.NoError(t, os.Remove(w.dir+"/daemons.conf"))
	require.Equal(t, int(cli.NotFound), run(t.Context(), []string{"rok-s3d"}, w.signalled()))
	_, err := readS3d(&env{conf: "/dev/zero", getenv: func(string) string { return "" }}, "s3d.0", s3dFlags{})
	require.Equal(t, cli.Usage, cli.CodeOf(err, rules()...), "it has no end")
}

// s3dExample runs an example of a daemon that is told to stop when it has begun.
func s3dExample(t *testing.T, line string) {
	w := newS3dWorld(t, s3dSection+strings.Replace(s3dSection, "s3d.0", "s3d.1", 1))
	w.env.bucket = func(string) (store.Bucket, error) { return &storetest.Memory{}, nil }
	args, err := clitest.Words(line)
	require.NoError(t, err)
	stop := w.start(args[1:]...)
	w.dial()
	require.Zero(t, stop(), w.stderr.String())
}

func fetched(t *testing.T, url string) string {
	r, err := http.Get(url)
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(text)
}

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

// running is a command on its way.
type running struct {
	t              *testing.T
	stdout, stderr *bufio.Scanner
	code           chan int // sent before the streams end
}

// start starts a command.
func (m *machine) start(t *testing.T, args ...string) *running {
	t.Helper()
	outReader, out := io.Pipe()
	errReader, stderr := io.Pipe()
	r := &running{t, bufio.NewScanner(outReader), bufio.NewScanner(errReader), make(chan int, 1)}
	e := m.env
	e.stdout, e.stderr = out, stderr
	go func() {
		r.code <- run(t.Context(), args, &e)
		out.Close()
		stderr.Close()
	}()
	return r
}

// following is "rok dm events" on its way.
type following struct{ *running }

// follow starts "rok dm events" and returns when it watches.
func (m *machine) follow(t *testing.T, args ...string) *following {
	t.Helper()
	f := &following{m.start(t, append([]string{"dm", "events"}, args...)...)}
	require.True(t, f.stderr.Scan())
	require.Contains(t, f.stderr.Text(), "rok: watching ")
	return f
}

// line returns the next event without its time.
func (f *following) line() string {
	f.t.Helper()
	require.True(f.t, f.stdout.Scan())
	_, event, ok := strings.Cut(f.stdout.Text(), "Z  ")
	require.True(f.t, ok, f.stdout.Text())
	return event
}

// end returns the exit code, and what else was printed.
func (f *following) end() (code int, stdout, stderr []string) {
	for f.stdout.Scan() {
		stdout = append(stdout, f.stdout.Text())
	}
	for f.stderr.Scan() {
		stderr = append(stderr, f.stderr.Text())
	}
	return <-f.code, stdout, stderr
}

func TestEvents(t *testing.T) {
	m := exampleMachine(t)
	f := m.follow(t, "--count", "3")
	require.Equal(t, "rok: watching 3 devices; Ctrl-C ends it", f.stderr.Text())
	m.do("event pool")
	require.Equal(t, "changed  pool (253:2)  event 1", f.line())
	m.do("create new UUID '0 8 zero'")
	require.Equal(t, "created  new (253:3)  event 0", f.line())
	m.do("rename new old")
	require.Equal(t, "renamed  old (253:3)  event 1  was new", f.line())
	code, stdout, stderr := f.end()
	require.Zero(t, code)
	require.Empty(t, stdout)
	require.Empty(t, stderr)
}

func TestEventsOfSomeDevices(t *testing.T) {
	m := exampleMachine(t)
	f := m.follow(t, "--count", "3", "later", "/dev/dm-0", "253:1")
	require.Equal(t, `rok: watching ["later" "/dev/dm-0" "253:1"]; Ctrl-C ends it`, f.stderr.Text())
	m.do("event pool", "event data")
	require.Equal(t, "changed  data (253:0)  event 1", f.line())
	m.do("event meta")
	require.Equal(t, "changed  meta (253:1)  event 1", f.line())
	m.do("create other '' '0 8 zero'", "create later '' '0 8 zero'")
	require.Equal(t, "created  later (253:4)  event 0", f.line())
	code, _, _ := f.end()
	require.Zero(t, code)
}

func TestEventsAsJSON(t *testing.T) {
	m := exampleMachine(t)
	f := m.follow(t, "--count", "1", "-o", "json")
	m.do("rename data name")
	code, stdout, _ := f.end()
	require.Zero(t, code)
	require.Len(t, stdout, 1)
	var event map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout[0]), &event))
	delete(event, "time")
	require.Equal(t, map[string]any{
		"kind": "renamed", "name": "name", "old_name": "data", "number": "253:0", "uuid": "LVM-data", "event_nr": 1.0, // a rename is an event of the table
	}, event)
}

func TestEventsEnd(t *testing.T) {
	m := exampleMachine(t)
	stdout, stderr, code := m.rok("dm", "events", "-q", "--timeout", "10ms")
	require.Zero(t, code)
	require.Empty(t, stdout)
	require.Empty(t, stderr)

	_, stderr, code = m.rok("dm", "events", "-q", "--timeout", "10ms", "--count", "1")
	require.Equal(t, int(cli.Failed), code)
	require.Equal(t, "rok: follow events: 0 of 1 came within 10ms\n", stderr)

	// Ctrl-C is how it is meant to end, also where more was asked for.
	f := m.follow(t, "--count", "1")
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	code, _, stderrLines := f.end()
	require.Zero(t, code, stderrLines)
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli/clitest"
	"github.com/rok-storage/rok/units"
)

// machine runs rok-cluster in this process, in a directory of its own, with a store in a directory.
type machine struct {
	t   testing.TB
	dir string
	env env
	now time.Time
}

// newMachine is one whose current directory is the test's: tests of commands are not parallel.
func newMachine(t testing.TB) *machine {
	t.Helper()
	m := &machine{t: t, dir: t.TempDir(), now: time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}
	t.Chdir(m.dir)
	require.NoError(t, os.WriteFile("daemons.conf", nil, 0o600))
	m.env = env{
		stdin: strings.NewReader(""),
		getenv: func(name string) string {
			return map[string]string{"ROK_STATE_DIR": filepath.Join(m.dir, "state"), "ROK_CONFIG": filepath.Join(m.dir, "daemons.conf")}[name]
		},
		hostname: func() (string, error) { return "node1", nil },
		now: func() time.Time {
			m.now = m.now.Add(time.Second)
			return m.now
		},
	}
	return m
}

// Run runs a command by any of its names.
func (m *machine) Run(args []string, stdout, stderr *bytes.Buffer) int {
	e := m.env
	var out, err bytes.Buffer
	e.stdout, e.stderr = &out, &err
	code := run(m.t.Context(), args, &e)
	// The directory is another one each time.
	stdout.WriteString(strings.ReplaceAll(out.String(), m.dir, "DIR"))
	stderr.WriteString(strings.ReplaceAll(err.String(), m.dir, "DIR"))
	return code
}

// rok runs a command and returns what it prints.
func (m *machine) rok(args ...string) (stdout, stderr string, code int) {
	var out, err bytes.Buffer
	code = m.Run(args, &out, &err)
	return out.String(), err.String(), code
}

func (m *machine) must(args ...string) string {
	m.t.Helper()
	stdout, stderr, code := m.rok(args...)
	require.Zero(m.t, code, "%q: %s", args, stderr)
	return stdout
}

// Do knows:
//
//	disk FILE SIZE           a file of zeros, with holes
//	write FILE OFFSET SIZE N bytes that follow from N
//	text FILE LINE…
//	rm PATTERN               files, below the directory
//	damage PATTERN           the first byte of the first file that matches
//	days N                   go by
func (m *machine) Do(args []string) error {
	switch args[0] {
	case "disk":
		size, err := units.ParseBytes(args[2])
		if err != nil {
			return err
		}
		f, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Truncate(int64(size))
	case "write":
		return writePattern(args[1], args[2], args[3], args[4])
	case "text":
		return os.WriteFile(args[1], []byte(strings.Join(args[2:], "\n")+"\n"), 0o600)
	case "rm", "damage":
		paths, err := filepath.Glob(args[1])
		if err != nil || len(paths) == 0 {
			return fmt.Errorf("no file %s: %w", args[1], os.ErrNotExist)
		}
		if args[0] == "rm" {
			for _, path := range paths {
				if err := os.RemoveAll(path); err != nil {
					return err
				}
			}
			return nil
		}
		text, err := os.ReadFile(paths[0])
		if err != nil {
			return err
		}
		text[0] ^= 1
		return os.WriteFile(paths[0], text, 0o600)
	case "days":
		n, err := strconv.Atoi(args[1])
		m.now = m.now.AddDate(0, 0, n)
		return err
	}
	return fmt.Errorf("no such thing to do: %q", args[0])
}

func writePattern(path, offset, length, seed string) error {
	var n [2]units.Bytes
	for i, text := range []string{offset, length} {
		var err error
		if n[i], err = units.ParseBytes(text); err != nil {
			return err
		}
	}
	s, err := strconv.ParseUint(seed, 10, 32)
	if err != nil {
		return err
	}
	data := make([]byte, n[1])
	for i := range data {
		s = s*6364136223846793005 + 1442695040888963407
		data[i] = byte(s>>56) | 1
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(data, int64(n[0]))
	return err
}

func (m *machine) do(lines ...string) {
	m.t.Helper()
	for _, l := range lines {
		args, err := clitest.Words(l)
		require.NoError(m.t, err)
		require.NoError(m.t, m.Do(args), l)
	}
}

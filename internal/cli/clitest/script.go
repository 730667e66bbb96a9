// Package clitest runs the scripts that test rok's commands.
//
// A script is a text of lines. "$ rok ls" runs a command, and what follows, up
// to the next line that begins with "$ ", "@ " or "# ", is what it must print:
// standard output as it is, each line of standard error behind "2> ", and the
// exit code, unless it is zero, as "[2]". "@ create data" changes the machine
// that the commands run on. "# " is a comment. The flag -update writes what
// the commands really print into the scripts; read the difference then.
package clitest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts and goldens")

// Updating reports whether goldens are to be rewritten.
func Updating() bool { return *update }

// Machine is what a script's commands run on.
type Machine interface {
	// Run runs a command, of which args[0] is the program, and returns its
	// exit code.
	Run(args []string, stdout, stderr *bytes.Buffer) int
	// Do carries out a line that begins with "@".
	Do(args []string) error
}

// Scripts runs each script that matches the pattern, as a test of its own on a
// machine of its own.
func Scripts(t *testing.T, pattern string, machine func(testing.TB) Machine) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, paths, "no script matches %s", pattern)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			got := run(t, string(want), machine(t))
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				return
			}
			require.Equal(t, string(want), got)
		})
	}
}

// run returns the script with what its commands print now.
func run(t *testing.T, script string, m Machine) string {
	t.Helper()
	var b strings.Builder
	expected := false // between a command and the next line that is not its output
	for n, line := range strings.Split(strings.TrimRight(script, "\n"), "\n") {
		kind, rest, _ := strings.Cut(line, " ")
		switch {
		case kind == "$":
			fmt.Fprintf(&b, "%s\n%s", line, command(t, m, rest))
			expected = true
		case kind == "@":
			args, err := Words(rest)
			require.NoError(t, err, "line %d", n+1)
			require.NoError(t, m.Do(args), "line %d: %s", n+1, line)
			fallthrough
		case kind == "#":
			b.WriteString(line + "\n")
			expected = false
		case !expected:
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// command returns what a command prints, as a script shows it.
func command(t *testing.T, m Machine, line string) string {
	t.Helper()
	args, err := Words(line)
	require.NoError(t, err, line)
	var stdout, stderr bytes.Buffer
	code := m.Run(args, &stdout, &stderr)
	out := stdout.String()
	if out != "" && !strings.HasSuffix(out, "\n") {
		t.Errorf("%s: the last line of its output does not end", line)
	}
	for l := range strings.Lines(stderr.String()) {
		out += "2> " + l
	}
	if code != 0 {
		out += fmt.Sprintf("[%d]\n", code)
	}
	return out + "\n"
}

// Words splits a line at blanks, as a shell does, with quoted words kept
// together. There is no escape.
func Words(line string) ([]string, error) {
	var words []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		var word string
		for line != "" && line[0] != ' ' {
			if quote := line[:1]; quote == "'" || quote == `"` {
				inside, rest, ok := strings.Cut(line[1:], quote)
				if !ok {
					return nil, fmt.Errorf("no closing %s", quote)
				}
				word, line = word+inside, rest
				continue
			}
			end := strings.IndexAny(line, ` '"`)
			if end < 0 {
				end = len(line)
			}
			word, line = word+line[:end], line[end:]
		}
		words = append(words, word)
	}
	return words, nil
}

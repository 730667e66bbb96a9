package main

import (
	"path/filepath"
	"strings"
	"time"
)

// A Go test binary is known by its flags, -test.NAME=VALUE, as go test writes
// them (cmd/go/internal/test/test.go, testing/testing.go).

// profileFlags are the flags that name a file to write, relative to
// -test.outputdir; the two of coverage are relative to nothing else.
var profileFlags = map[string]bool{
	"coverprofile": true, "cpuprofile": true, "memprofile": true,
	"blockprofile": true, "mutexprofile": true, "trace": true,
	"testlogfile": true, "gocoverdir": true,
}

// slack is the time a test binary has to print its own time-out's stacks.
const slack = 30 * time.Second

// testOutputs returns the files and directories that a test binary called with
// args from dir writes beside its temporary files.
func testOutputs(args []string, dir string) []string {
	base := dir
	if out := testFlag(args, "outputdir"); out != "" {
		base = absolute(out, dir)
	}
	var paths []string
	for _, arg := range args {
		if name, value, ok := cutTestFlag(arg); ok && profileFlags[name] && value != "" {
			paths = append(paths, filepath.Clean(absolute(value, base)))
		}
	}
	return paths
}

// testTimeout returns the machine's time limit for a test binary that has one.
func testTimeout(args []string) (time.Duration, bool) {
	d, err := time.ParseDuration(testFlag(args, "timeout"))
	if err != nil {
		return 0, false
	}
	if d == 0 {
		return 0, true
	}
	return d + slack, true
}

func testFlag(args []string, want string) (last string) {
	for _, arg := range args {
		if name, value, ok := cutTestFlag(arg); ok && name == want {
			last = value
		}
	}
	return last
}

func cutTestFlag(arg string) (name, value string, ok bool) {
	arg, ok = strings.CutPrefix(strings.TrimPrefix(arg, "-"), "-test.")
	if !ok {
		arg, ok = strings.CutPrefix(arg, "test.")
	}
	name, value, found := strings.Cut(arg, "=")
	return name, value, ok && found
}

package testenv

import (
	"fmt"
	"io"
	"os"
	"testing"
)

// Main runs a package's tests and ends the process. Where kernel tests run, it
// first removes what an earlier run left in the kernel, and fails if this one
// leaves a device, a loop or a mount. Everywhere, it fails if goroutines or file
// descriptors are left.
func Main(m *testing.M) { os.Exit(run(m, os.Stderr)) }

func run(m *testing.M, stderr io.Writer) int {
	if Inside() {
		if err := removeLeftovers(); err != nil {
			fmt.Fprintf(stderr, "testenv: clean up before the tests: %v\n", err)
			return 1
		}
	}
	files, err := openFiles()
	if err != nil {
		fmt.Fprintf(stderr, "testenv: %v\n", err)
		return 1
	}
	goroutines := stacks()
	status := m.Run()
	if status != 0 {
		// A failed test may leave things; the next run removes them, and its
		// own message is the one to read.
		if Inside() {
			_ = removeLeftovers()
		}
		return status
	}
	left := newGoroutines(goroutines)
	left = append(left, newFiles(files)...)
	if Inside() {
		found, err := leftovers()
		if err != nil {
			fmt.Fprintf(stderr, "testenv: look for leftovers: %v\n", err)
			return 1
		}
		left = append(left, found.list()...)
	}
	if len(left) == 0 {
		return 0
	}
	fmt.Fprintln(stderr, "testenv: the tests passed, but left:")
	for _, l := range left {
		fmt.Fprintln(stderr, "  "+l)
	}
	return 1
}

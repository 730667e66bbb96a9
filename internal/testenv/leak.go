package testenv

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// patience is how long a goroutine that was told to end may take.
const patience = 3 * time.Second

// stacks returns the stack of each goroutine but the caller's, by the line that
// names it: "goroutine 12 [select]:" without the state.
func stacks() map[string]string {
	buf := make([]byte, 1<<20)
	all := map[string]string{}
	for i, s := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if i > 0 {
			name, _, _ := strings.Cut(s, " [")
			all[name] = s
		}
	}
	return all
}

// newGoroutines returns the stacks of goroutines that were not there before and
// do not end.
func newGoroutines(before map[string]string) []string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		var left []string
		for name, stack := range stacks() {
			// The runtime's own for signals lives as long as the process.
			if _, old := before[name]; !old && !strings.Contains(stack, "os/signal.loop") {
				left = append(left, strings.ReplaceAll(stack, "\n", "\n    "))
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

// openFiles returns this process's open files, by descriptor; it is empty where
// there is no /proc.
func openFiles() (map[string]string, error) {
	const dir = "/proc/self/fd"
	names, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, n := range names {
		// Without ReadDir's own, which is closed by now.
		if target, err := os.Readlink(filepath.Join(dir, n.Name())); err == nil {
			files[n.Name()] = target
		}
	}
	return files, nil
}

// newFiles returns what is open and was not before.
func newFiles(before map[string]string) []string {
	files, err := openFiles()
	if err != nil {
		return []string{err.Error()}
	}
	var left []string
	for fd, target := range files {
		switch {
		case before[fd] != "":
		case target == "anon_inode:[eventpoll]", target == "anon_inode:[eventfd]":
			// The runtime's poller, made at its first use.
		default:
			left = append(left, "descriptor "+fd+": "+target)
		}
	}
	return left
}

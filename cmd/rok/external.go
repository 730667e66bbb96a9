package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/nearest"
)

// runExternal runs "rok-NAME" in place of rok, with args as they are.
func runExternal(name string, args []string, e *env) int {
	program := "rok-" + name
	path := findProgram(program, e)
	if path == "" {
		fmt.Fprintln(e.stderr, "rok:", missing(name))
		return int(cli.Usage)
	}
	err := e.exec(path, append([]string{program}, args...))
	if err == nil { // only in tests: the process is another program now
		return int(cli.Done)
	}
	fmt.Fprintf(e.stderr, "rok: run %s: %v\n", path, err)
	return int(cli.Failed)
}

// findProgram looks beside rok's own file, as it was called and as it is
// installed, and then in PATH. It returns "" where the program is not found.
func findProgram(program string, e *env) string {
	if strings.Contains(program, "/") {
		return ""
	}
	var dirs []string
	if self, err := e.executable(); err == nil {
		dirs = append(dirs, filepath.Dir(self))
		if real, err := filepath.EvalSymlinks(self); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	dirs = append(dirs, filepath.SplitList(e.getenv("PATH"))...)
	for _, dir := range dirs {
		// A relative directory is whatever the current one makes of it.
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, program)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// missing says why there is no command called name, and what would help.
func missing(name string) string {
	if pkg := installedWith(name); pkg != "" {
		return fmt.Sprintf("%q is a command of %s, which is neither beside rok nor in PATH; install %s", name, pkg, pkg)
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	names = append(names, clusterCommands()...)
	next := "did you mean %s?"
	best, near := nearest.Of(name, names)
	if !near {
		next = "the nearest one is %s"
	}
	return fmt.Sprintf("no command %q, and no program rok-%s beside rok or in PATH; "+next, name, name, best)
}

// clusterCommands are the names that rok-cluster answers to.
func clusterCommands() []string {
	return []string{
		"register", "present", "composer-tool", "cluster-gc", "config", "cluster-ctl", "cluster-upgrade", "s3d", "csi-node",
	}
}

// installedWith returns the program that answers to a name which is not rok's
// own, or "". A suffix of cluster-upgrade is the version to upgrade to.
func installedWith(name string) string {
	if slices.Contains(clusterCommands(), name) || strings.HasPrefix(name, "cluster-upgrade-v") || name == "cluster" {
		return "rok-cluster"
	}
	return ""
}

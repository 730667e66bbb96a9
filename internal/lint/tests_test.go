package lint

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// functions are the names of a file's functions that are no methods.
func (s *source) functions() (names []string) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

// kernelTests gets the test files of one folder: tests of a real kernel have a
// TestMain that finds what they left, and ask testenv whether they may run.
func kernelTests(tests []*source) (faults []string) {
	var kernel, main *source
	for _, s := range tests {
		for _, name := range s.functions() {
			if strings.HasPrefix(name, "TestKernel") {
				kernel = s
			}
		}
		for _, sel := range s.selections() {
			if sel.pkg == module+"/internal/testenv" && sel.name == "Main" {
				main = s
			}
		}
		faults = append(faults, asksForKernel(s)...)
	}
	// The tests of testenv call its Main under its own name.
	if kernel != nil && main == nil && kernel.dir != "internal/testenv" {
		faults = append(faults, fmt.Sprintf("%s has TestKernel functions, and %s no TestMain: add func TestMain(m *testing.M) { testenv.Main(m) }", kernel.path, kernel.dir))
	}
	return faults
}

// asksForKernel: a file of kernel tests calls testenv.Kernel somewhere, so
// that go test without a machine skips them.
func asksForKernel(s *source) []string {
	kernel := ""
	for _, name := range s.functions() {
		if strings.HasPrefix(name, "TestKernel") {
			kernel = name
		}
	}
	if kernel == "" || s.dir == "internal/testenv" || strings.Contains(string(s.text), "testenv.") {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s does not ask testenv.Kernel whether it may run here", s.path, kernel)}
}

// fuzzCorpus: a fuzz target is run over its committed corpus by each go test.
func fuzzCorpus(s *source, exists func(dir string) bool) (faults []string) {
	for _, name := range s.functions() {
		if strings.HasPrefix(name, "Fuzz") && s.test() {
			dir := filepath.Join(s.dir, "testdata/fuzz", name)
			if !exists(dir) {
				faults = append(faults, fmt.Sprintf("%s: %s has no corpus: commit seeds in %s", s.path, name, dir))
			}
		}
	}
	return faults
}

func TestTests(t *testing.T) {
	tests := map[string][]*source{}
	for _, s := range tree(t) {
		if s.test() {
			tests[s.dir] = append(tests[s.dir], s)
		}
		report(t, fuzzCorpus(s, func(dir string) bool {
			seeds, err := os.ReadDir(filepath.Join(root, dir))
			return err == nil && len(seeds) > 0
		}))
	}
	for _, dir := range tests {
		report(t, kernelTests(dir))
	}
}

package lint

import (
	"slices"
	"strings"
	"testing"
)

// TestRulesBite shows that each rule finds what it is there for, and lets the
// nearest allowed thing pass.
func TestRulesBite(t *testing.T) {
	one := func(rule func([]*source) []string) func(*source) []string {
		return func(s *source) []string { return rule([]*source{s}) }
	}
	corpus := func(s *source) []string {
		return fuzzCorpus(s, func(dir string) bool { return dir == "dm/testdata/fuzz/FuzzGood" })
	}
	tests := []struct {
		name string
		rule func(*source) []string
		path string
		text string
		want string // a part of the only fault; empty: no fault
	}{
		{"layer to the right", layering, "dm/a.go", `package dm; import _ "` + module + `/thin"`, "dm imports thin"},
		{"layer to the left", layering, "dm/a.go", `package dm; import _ "` + module + `/units"`, ""},
		{"siblings", layering, "linear/a.go", `package linear; import _ "` + module + `/thin"`, "linear imports thin"},
		{"pure metadata", layering, "thin/metadata/a.go", `package metadata; import _ "` + module + `/dm"`, "thin/metadata imports dm"},
		{"test support in a test", layering, "thin/a_test.go", `package thin; import _ "` + module + `/dm/dmtest"`, ""},
		{"test support outside", layering, "thin/a.go", `package thin; import _ "` + module + `/dm/dmtest"`, "for tests"},
		{"unknown package", layering, "unknown/a.go", `package unknown`, "no layer"},

		{"unsafe", forbiddenImports, "dm/a.go", `package dm; import "unsafe"`, "dm imports unsafe"},
		{"unsafe in ioctl", forbiddenImports, "ioctl/a.go", `package ioctl; import "unsafe"`, ""},
		{"unsafe in a test", forbiddenImports, "dm/a_test.go", `package dm; import "unsafe"`, "dm imports unsafe"},
		{"exec", forbiddenImports, "dm/a.go", `package dm; import "os/exec"`, "os/exec"},
		{"exec in a test", forbiddenImports, "dm/a_test.go", `package dm; import "os/exec"`, ""},
		{"log", forbiddenImports, "thin/a.go", `package thin; import "log/slog"`, "log/slog"},
		{"http", forbiddenImports, "cmd/rok/a.go", `package main; import "net/http"`, "net/http"},
		{"cobra", forbiddenImports, "bench/a.go", `package bench; import "github.com/spf13/cobra"`, "no flags"},
		{"testify outside", forbiddenImports, "units/a.go", `package units; import "github.com/stretchr/testify/require"`, "_test.go"},
		{"math/rand", forbiddenImports, "units/a_test.go", `package units; import "math/rand"`, ""},
		{"math/rand outside", forbiddenImports, "units/a.go", `package units; import "math/rand"`, "math/rand/v2"},
		{"math/rand/v2", forbiddenImports, "units/a.go", `package units; import "math/rand/v2"`, ""},

		{"printing", forbiddenSelections, "dm/a.go", `package dm; import "fmt"; func f() { fmt.Println() }`, "io.Writer"},
		{"printing in a command", forbiddenSelections, "cmd/rok/a.go", `package main; import "fmt"; func f() { fmt.Println() }`, ""},
		{"printing to a writer", forbiddenSelections, "dm/a.go", `package dm; import ("fmt"; "io"); func f(w io.Writer) { fmt.Fprintln(w) }`, ""},
		{"standard error", forbiddenSelections, "dm/a.go", `package dm; import "os"; var f = os.Stderr`, "io.Writer"},
		{"environment", forbiddenSelections, "dm/a.go", `package dm; import o "os"; var f = o.Getenv`, "environment"},
		{"environment in a command", forbiddenSelections, "cmd/rok/a.go", `package main; import "os"; var f = os.Getenv`, ""},
		{"sleep", forbiddenSelections, "cmd/rok/a.go", `package main; import "time"; func f() { time.Sleep(1) }`, "wait on the event"},
		{"sleep in a test", forbiddenSelections, "dm/a_test.go", `package dm; import "time"; func f() { time.Sleep(1) }`, ""},
		{"raw system call", forbiddenSelections, "dm/a.go", `package dm; import "golang.org/x/sys/unix"; var f = unix.RawSyscall6`, "into ioctl"},
		{"raw system call of syscall", forbiddenSelections, "bench/a.go", `package bench; import "syscall"; var f = syscall.Syscall`, "into ioctl"},
		{"errno", forbiddenSelections, "dm/a.go", `package dm; import "golang.org/x/sys/unix"; var f = unix.ENOSPC`, ""},
		{"println", builtinPrints, "dm/a.go", `package dm; func f() { println() }`, "only a command prints"},

		{"init", one(packageState), "dm/a.go", `package dm; func init() {}`, "init function"},
		{"no value", one(packageState), "dm/a.go", `package dm; var n int`, "no value"},
		{"counter", one(packageState), "dm/a.go", `package dm; var n = 1; func f() { n++ }`, "n is changed"},
		{"field of a table", one(packageState), "dm/a.go", `package dm; var n = []struct{ a int }{{1}}; func f() { n[0].a = 2 }`, "n is changed"},
		{"entry of a map", one(packageState), "dm/a.go", `package dm; var n = map[int]int{}; func f() { delete(n, 1) }`, "n is changed"},
		{"address", one(packageState), "dm/a.go", `package dm; var n = [2]int{}; func f() *int { return &n[0] }`, "n is changed"},
		{"mutex", one(packageState), "dm/a.go", `package dm; import "sync"; var n = sync.Mutex{}`, "no error and no table"},
		{"channel", one(packageState), "dm/a.go", `package dm; var n = make(chan int)`, "no error and no table"},
		{"sentinel", one(packageState), "dm/a.go", `package dm; import "errors"; var ErrN = errors.New("n")`, ""},
		{"sentinel's name", one(packageState), "dm/a.go", `package dm; import "errors"; var Nope = errors.New("n")`, "Nope is no error"},
		{"table", one(packageState), "dm/a.go", `package dm; var n = map[int]string{1: "a"}; func f() string { return n[1] }`, ""},
		{"shadow", one(packageState), "dm/a.go", `package dm; var n = [1]int{1}; func f() { n := 1; n = 2; _ = n }`, ""},
		{"interface check", one(packageState), "dm/a.go", `package dm; var _ error = (*E)(nil)`, ""},

		{"600 lines", fileSize, "dm/a.go", "package dm" + strings.Repeat("\n", 601), "at most 600"},
		{"400 lines", fileSize, "dm/a.go", "package dm" + strings.Repeat("\n", 401), "more than 400"},
		{"gofmt", formatted, "dm/a.go", "package  dm\n", "not gofmt-ed"},
		{"gofmt-ed", formatted, "dm/a.go", "package dm\n", ""},
		{"vague file", fileName, "dm/utils.go", "package dm", "name it after"},
		{"vague package", fileName, "internal/common/a.go", "package common", "name it after"},
		{"no package comment", one(packageComment), "dm/a.go", "package dm", "no package comment"},
		{"package comment", one(packageComment), "dm/a.go", "// Package dm is.\npackage dm", ""},
		{"command's comment", one(packageComment), "cmd/rok/main.go", "// Command rok does.\npackage main", ""},
		{"comment of another", one(packageComment), "cmd/rok/main.go", "// Package main does.\npackage main", "begins with"},

		{"exported function", exportedComments, "dm/a.go", "package dm\nfunc F() {}", "F is exported"},
		{"exported method", exportedComments, "dm/a.go", "package dm\nfunc (t *T[int]) F() {}", "F is exported"},
		{"exported type", exportedComments, "dm/a.go", "package dm\ntype T int", "T is exported"},
		{"exported constant", exportedComments, "dm/a.go", "package dm\nconst C = 1", "C is exported"},
		{"constants of a type", exportedComments, "dm/a.go", "package dm\nconst (\n\tA T = iota\n\tB\n)", ""},
		{"method of a private type", exportedComments, "dm/a.go", "package dm\nfunc (t *t) F() {}", ""},
		{"commented", exportedComments, "dm/a.go", "package dm\n// F does.\nfunc F() {}", ""},

		{"failed to", errorText, "dm/a.go", `package dm; import "errors"; var err = errors.New("failed to open")`, "that it failed is known"},
		{"sentence", errorText, "dm/a.go", `package dm; import "fmt"; var err = fmt.Errorf("Cannot open %s", "x")`, "lower case"},
		{"full stop", errorText, "dm/a.go", `package dm; import "errors"; var err = errors.New("cannot open.")`, "full stop"},
		{"name first", errorText, "dm/a.go", `package dm; import "errors"; var err = errors.New("UUID is taken")`, ""},
		{"matched by text", matchedByText, "dm/a.go", `package dm; import "strings"; func f(err error) bool { return strings.Contains(err.Error(), "busy") }`, "errors.Is"},
		{"printed by lines", matchedByText, "dm/a.go", `package dm; import "strings"; func f(err error) any { return strings.Lines(err.Error()) }`, ""},

		{"kernel test without TestMain", one(kernelTests), "dm/a_test.go", "package dm\nfunc TestKernelA() { testenv.Kernel() }", "no TestMain"},
		{"kernel test that does not ask", one(kernelTests), "dm/a_test.go", `package dm; import te "` + module + `/internal/testenv"; func TestKernelA() { te.Main() }`, "does not ask"},
		{"kernel test", one(kernelTests), "dm/a_test.go", `package dm; import "` + module + `/internal/testenv"; func TestKernelA() { testenv.Main() }`, ""},
		{"fuzz without corpus", corpus, "dm/a_test.go", "package dm; func FuzzBad() {}", "no corpus"},
		{"fuzz with corpus", corpus, "dm/a_test.go", "package dm; func FuzzGood() {}", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := parse(test.path, []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			faults := test.rule(s)
			switch {
			case test.want == "" && len(faults) > 0:
				t.Errorf("found what is allowed: %q", faults)
			case test.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], test.want)):
				t.Errorf("got %q, want one fault with %q", faults, test.want)
			}
		})
	}
}

// The rules about texts.
func TestTextRulesBite(t *testing.T) {
	const makefile = "all:\nbuild: go ## build\ntest-race: ## race\n"
	tests := []struct {
		name string
		got  []string
		want []string
	}{
		{"mark", marks("a", "x\n// TO"+"DO: later"), []string{`a:2: "TO` + `DO": do it, or open an issue`}},
		{"no mark", marks("a", "TO"+"DOS mktemp XX"+"XXXX"), nil},
		{"path", marks("a", "cd /wo"+"rk/main"), []string{`a:1: "/wo` + `rk/": no path of one machine`}},
		{"end of a path", marks("a", "$dir/wo"+"rk/main.go x/ro"+"ot/y {}/ho"+"me/"), nil},
		{"targets", makeTargets(makefile), []string{"build", "test-race"}},
		{"missing target", missingTargets("    make tset\n\n`make build` and `sudo make test-race`; to make sure", makeTargets(makefile)), []string{"tset"}},
		{"dead link", deadLinks("[a](b.md#c) [d](https://e.example/f) [g](../h)", "docs", func(n string) bool { return n == "h" }), []string{"b.md"}},
		{"go.mod", required("module m.example/m\n\ngo 1.26.0\n\nrequire b.example/b v1.0.0\n\nrequire (\n\ta.example/a/v2 v2.0.0 // indirect\n)\n"), []string{"a.example/a/v2", "b.example/b"}},
		{"explained", explained("| `a.example/a` | 1 | makes the figures right |\n| `b.example/b` | 1 |  |\n"), []string{"a.example/a"}},
		{"light", heavy([]string{"fmt ", module + "/dm " + module, "github.com/spf13/cobra github.com/spf13/cobra"}), nil},
		{"heavy", heavy([]string{"net/http ", "x.example/y x.example"}), []string{
			"cmd/rok links net/http, which costs each start: put what needs a network into cmd/rok-cluster",
			"cmd/rok links x.example/y of x.example: it may link only golang.org/x/sys, github.com/spf13/cobra, github.com/spf13/pflag",
		}},
		{"code", []string{codeBlock("a\n```sh\nb\n```\n```go\nc\n```\n")}, []string{"c\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !slices.Equal(test.got, test.want) {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}

package lint

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// restricted is an imported package that only some places may import.
type restricted struct {
	pkg     string // a trailing slash: and all below it
	allowed []string
	tests   bool // any test may
	instead string
}

// pool answers one kind of request, with net alone, which pflag links in any case.
// internal/peers measures what others do, bare ioctls among it, as they do it.
var restrictedImports = []restricted{
	{"unsafe", []string{"ioctl", "bench/engine", "internal/peers"}, false, "put the layout into ioctl, bytes in and bytes out"},
	{"os/exec", []string{"cmd", "internal/vm", "internal/testenv", "internal/peers"}, true, "rok needs no external program; call the kernel through ioctl or dm"},
	{"plugin", nil, false, "link it"},
	{"log/", nil, true, "return the error; only a command prints"},
	{"net/http/", []string{"store/s3", "cmd/rok-cluster"}, true, "what uses a network goes below rok-cluster, not into what rok links"},
	{"net/", []string{"internal/vm", "pool", "store", "store/s3", "store/daemon", "cmd/rok-cluster"}, true, "what uses a network goes below rok-cluster, not into what rok links"},
	{"testing/", []string{"internal/testenv", "internal/cli/clitest", "dm/dmtest", "store/storetest", "composer/composertest", "cluster/kv/kvtest"}, true, "move it into a _test.go file"},
	{"github.com/stretchr/testify/", []string{"internal/testenv", "internal/cli/clitest", "dm/dmtest", "store/storetest", "composer/composertest", "cluster/kv/kvtest"}, true, "move it into a _test.go file"},
	{"github.com/spf13/", []string{"cmd/rok", "cmd/rok-cluster", "internal/cli", "internal/peers"}, true, "the library has no flags: take a config struct"},
	{"math/rand/", nil, true, "use math/rand/v2, with a seed that is printed"},
	{"io/ioutil", nil, false, "use io and os"},
}

func forbiddenImports(s *source) (faults []string) {
	for p, at := range s.imports() {
		for _, r := range restrictedImports {
			base, below := strings.CutSuffix(r.pkg, "/")
			if p != base && !(below && strings.HasPrefix(p, r.pkg)) || p == "math/rand/v2" {
				continue
			}
			if within(s.dir, r.allowed...) || r.tests && s.test() {
				continue
			}
			faults = append(faults, s.fault(at, "%s imports %s: %s", s.dir, p, r.instead))
			break
		}
	}
	return faults
}

// forbidden is a name of an imported package that only some places may use.
type forbidden struct {
	pkg     string
	names   string // a regular expression, for the whole name
	allowed []string
	program bool // any command may
	tests   bool // any test may
	instead string
}

var forbiddenNames = []forbidden{
	{"fmt", `Print|Printf|Println`, []string{"internal/testenv"}, true, true, "return a value, or write to an io.Writer that the caller gave"},
	{"os", `Stdin|Stdout|Stderr`, []string{"internal/vm", "internal/testenv"}, true, true, "take an io.Reader or io.Writer from the caller"},
	{"os", `Exit`, []string{"internal/vm", "internal/testenv"}, true, true, "return an error"},
	{"os", `Getenv|LookupEnv|Environ|ExpandEnv|Setenv|Unsetenv|Clearenv|UserHomeDir|UserCacheDir|UserConfigDir|TempDir`, []string{"internal/vm", "internal/testenv"}, true, true, "only commands read the environment: take it as a field of a config struct"},
	{"syscall", `Getenv|Environ|Setenv`, []string{"internal/vm"}, true, false, "only commands read the environment: take it as a field of a config struct"},
	{"time", `Sleep`, nil, false, true, "wait on the event, or select on a timer and the context"},
	{"golang.org/x/sys/unix", rawCalls, []string{"ioctl", "bench/engine", "internal/vm", "cmd/vmrun", "internal/peers"}, false, true, "put the call into ioctl; others name errno values and wrappers without unsafe"},
	{"syscall", rawCalls, []string{"internal/vm"}, false, true, "put the call into ioctl, over golang.org/x/sys/unix"},
	{"math/rand/v2", `N|Int.*|Uint.*|Float.*|Perm|Shuffle`, []string{"dm"}, false, false, "use rand.New with a seed that is printed or configured"},
	{"context", `TO` + `DO`, nil, false, false, "take a context, or use none"},
	{"runtime", `SetFinalizer`, nil, false, false, "give the type a Close method"},
}

// rawCalls are names of system calls that take numbers and pointers.
const rawCalls = `Syscall.*|RawSyscall.*|SYS_.*|Mremap|Ptrace.*|BytePtrFromString|IoctlSet.*|IoctlRet.*|IoctlLoop.*`

func forbiddenSelections(s *source) (faults []string) {
	for _, sel := range s.selections() {
		for _, f := range forbiddenNames {
			if sel.pkg != f.pkg || !regexp.MustCompile("^(?:"+f.names+")$").MatchString(sel.name) {
				continue
			}
			if within(s.dir, f.allowed...) || f.program && s.program() || f.tests && s.test() {
				continue
			}
			faults = append(faults, s.fault(sel.at, "%s.%s: %s", f.pkg, sel.name, f.instead))
		}
	}
	return faults
}

// builtinPrints finds print and println, which write to standard error.
func builtinPrints(s *source) (faults []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && slices.Contains([]string{"print", "println"}, f.Name) {
				faults = append(faults, s.fault(f.Pos(), "%s: return a value; only a command prints, with fmt", f.Name))
			}
		}
		return true
	})
	return faults
}

func TestEffects(t *testing.T) {
	for _, s := range tree(t) {
		report(t, forbiddenImports(s))
		report(t, forbiddenSelections(s))
		report(t, builtinPrints(s))
	}
}

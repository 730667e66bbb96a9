package lint

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lightModules are the modules that cmd/rok may link: it must start quickly,
// and serve in an initramfs.
var lightModules = []string{module, "golang.org/x/sys", "github.com/spf13/cobra", "github.com/spf13/pflag"}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// heavy returns what of the lines "IMPORTPATH MODULE" does not belong into a
// light command.
func heavy(lines []string) (faults []string) {
	for _, line := range lines {
		pkg, mod, _ := strings.Cut(line, " ")
		switch {
		case pkg == "net/http" || pkg == "crypto/tls": // net itself comes with pflag
			faults = append(faults, "cmd/rok links "+pkg+", which costs each start: put what needs a network into cmd/rok-cluster")
		case pkg == "testing" || strings.HasPrefix(pkg, module+"/internal/testenv"):
			faults = append(faults, "cmd/rok links "+pkg+": what is for tests goes into _test.go files")
		case mod != "" && !slices.Contains(lightModules, mod):
			faults = append(faults, "cmd/rok links "+pkg+" of "+mod+": it may link only "+strings.Join(lightModules[1:], ", "))
		}
	}
	return faults
}

func TestRokIsLight(t *testing.T) {
	lines := goList(t, "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", "./cmd/rok")
	if !slices.Contains(lines, module+"/dm "+module) {
		t.Fatalf("go list does not know what cmd/rok links: %q", lines)
	}
	report(t, heavy(lines))
}

// required are the modules that a go.mod requires, sorted.
func required(gomod string) (mods []string) {
	re := regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+/\S+) v\S+`)
	for _, m := range re.FindAllStringSubmatch(gomod, -1) {
		mods = append(mods, m[1])
	}
	slices.Sort(mods)
	return mods
}

// explained are the modules of the rows "| `MODULE` | … | why |" of a section of
// docs/dependencies.md that say why.
func explained(section string) (mods []string) {
	re := regexp.MustCompile("(?m)^\\| `(\\S+)` \\|.*\\| [^|]{10,} \\|$")
	for _, m := range re.FindAllStringSubmatch(section, -1) {
		mods = append(mods, m[1])
	}
	slices.Sort(mods)
	return mods
}

// A new dependency needs a written reason; one that is gone needs none.
func TestDependenciesAreExplained(t *testing.T) {
	doc := read(t, "docs/dependencies.md")
	taken, left, ok := strings.Cut(doc, "\n## Weighed and left")
	if !ok || len(left) < 500 {
		t.Error(`docs/dependencies.md: no section "Weighed and left"`)
	}
	have, why := required(read(t, "go.mod")), explained(taken)
	for _, mod := range have {
		if !slices.Contains(why, mod) {
			t.Errorf("go.mod requires %s, and docs/dependencies.md does not say why: where nothing imports it, make tidy takes it out; otherwise add a row", mod)
		}
	}
	for _, mod := range why {
		if !slices.Contains(have, mod) {
			t.Errorf("docs/dependencies.md explains %s, which go.mod does not require: take the row out", mod)
		}
	}
}

package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the path of the project's module.
const module = "github.com/rok-storage/rok"

// root is the module's root, seen from this package.
const root = "../.."

// source is one Go file of the project, whatever its build constraints say.
type source struct {
	path string // from the root, with slashes
	dir  string // of the package; "." is the root
	text []byte
	file *ast.File
}

// fset has the positions of all sources.
var fset = token.NewFileSet()

func parse(name string, text []byte) (*source, error) {
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return &source{path: name, dir: path.Dir(name), text: text, file: file}, err
}

// test reports whether only tests are built with s.
func (s *source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// program reports whether s belongs to a command.
func (s *source) program() bool { return s.file.Name.Name == "main" }

// fault says what is wrong at a place in s, and what to do instead.
func (s *source) fault(at token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", s.path, fset.Position(at).Line) + fmt.Sprintf(format, args...)
}

// imports are the paths that s imports, with the place of each.
func (s *source) imports() map[string]token.Pos {
	all := map[string]token.Pos{}
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		all[p] = spec.Pos()
	}
	return all
}

// selection is a use of a name of an imported package: os.Getenv.
type selection struct {
	pkg, name string // "os", "Getenv"
	at        token.Pos
}

// selections are all uses of imported packages in s.
func (s *source) selections() []selection {
	names := map[string]string{}
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	var all []selection
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && names[x.Name] != "" {
				all = append(all, selection{names[x.Name], sel.Sel.Name, sel.Pos()})
			}
		}
		return true
	})
	return all
}

// within reports whether dir is one of dirs or lies below one of them.
func within(dir string, dirs ...string) bool {
	for _, d := range dirs {
		if dir == d || strings.HasPrefix(dir, d+"/") {
			return true
		}
	}
	return false
}

// files are the project's own files: no hidden folder, no testdata, nothing
// built, no nested module.
var files = sync.OnceValues(func() ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		switch {
		case !e.IsDir():
			names = append(names, filepath.ToSlash(rel))
			return nil
		case rel == ".":
			return nil
		case strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata" || rel == "bin":
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
			return filepath.SkipDir
		}
		return nil
	})
	return names, err
})

// sources are the project's Go files.
var sources = sync.OnceValues(func() ([]*source, error) {
	names, err := files()
	if err != nil {
		return nil, err
	}
	var all []*source
	for _, name := range names {
		if path.Ext(name) != ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		s, err := parse(name, text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
})

// tree returns the project's Go files.
func tree(t *testing.T) []*source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d Go files below %s: not the project's root", len(all), root)
	}
	return all
}

// read returns a file of the project.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// report fails the test for each fault.
func report(t *testing.T, faults []string) {
	t.Helper()
	for _, f := range faults {
		t.Error(f)
	}
}

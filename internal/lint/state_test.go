package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// state are the package variables that are state after all, and why.
var state = map[string]string{
	"bench.measuring":             "GOMAXPROCS and the garbage collector belong to the process: one measurement at a time",
	"internal/cli/clitest.update": "the flag -update of the tests that import the package",
}

// packageState finds what makes a package behave differently from one moment
// to the next: init functions, and package variables that are more than
//
//   - an error made by errors.New or fmt.Errorf, called Err… or err…;
//   - an embedded file;
//   - a check that a type has an interface, assigned to _;
//   - a table: a literal, a conversion, a function or another package's value,
//     which no code of the package assigns to, changes in place, or takes the
//     address of.
//
// It gets the files of one package, without its tests.
func packageState(pkg []*source) (faults []string) {
	var all []*ast.File
	vars := map[*ast.Ident]bool{}
	for _, s := range pkg {
		all = append(all, s.file)
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					faults = append(faults, s.fault(d.Pos(), "init function: make it a function that is called, or a table"))
				}
			case *ast.GenDecl:
				if d.Tok != token.VAR {
					continue
				}
				for _, spec := range d.Specs {
					spec := spec.(*ast.ValueSpec)
					faults = append(faults, variableFaults(s, d, spec)...)
					for _, name := range spec.Names {
						vars[name] = true
					}
				}
			}
		}
	}
	// Without an importer there are errors, which do not matter: only scopes
	// are asked for.
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Error: func(error) {}}
	_, _ = config.Check(pkg[0].dir, fset, all, info)
	global := map[types.Object]bool{}
	for name := range vars {
		global[info.Defs[name]] = true
	}
	for _, s := range pkg {
		for _, id := range changed(s.file) {
			if v, ok := info.Uses[id].(*types.Var); ok && global[v] && state[s.dir+"."+id.Name] == "" {
				faults = append(faults, s.fault(id.Pos(), "package variable %s is changed: keep it in a value that the caller has", id.Name))
			}
		}
	}
	return faults
}

func variableFaults(s *source, d *ast.GenDecl, spec *ast.ValueSpec) (faults []string) {
	embedded := d.Doc != nil && slices.ContainsFunc(d.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
	for i, name := range spec.Names {
		switch {
		case name.Name == "_" || embedded || state[s.dir+"."+name.Name] != "":
			continue
		case i >= len(spec.Values):
			faults = append(faults, s.fault(name.Pos(), "package variable %s has no value, so it is state: keep it in a value that the caller has", name.Name))
		case !immutable(spec.Values[i], name.Name):
			faults = append(faults, s.fault(name.Pos(), "package variable %s is no error and no table, and what it calls costs every program's start: make it a function, or a field of what the caller has", name.Name))
		}
	}
	return faults
}

// immutable reports whether a package variable may have this value.
func immutable(value ast.Expr, name string) bool {
	switch v := value.(type) {
	case *ast.BasicLit, *ast.FuncLit, *ast.SelectorExpr, *ast.Ident, *ast.BinaryExpr:
		return true
	case *ast.CompositeLit:
		return !strings.HasPrefix(types.ExprString(v), "sync.") && !strings.HasPrefix(types.ExprString(v), "atomic.")
	case *ast.CallExpr:
		f := types.ExprString(v.Fun)
		if f == "errors.New" || f == "fmt.Errorf" {
			return strings.HasPrefix(name, "Err") || strings.HasPrefix(name, "err")
		}
		_, conversion := v.Fun.(*ast.ArrayType)
		return conversion
	}
	return false
}

// changed returns the variables that f assigns to, changes in place, or takes
// the address of.
func changed(f *ast.File) (ids []*ast.Ident) {
	add := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.ParenExpr:
				e = x.X
			case *ast.IndexExpr:
				e = x.X
			case *ast.SliceExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.Ident:
				ids = append(ids, x)
				return
			default:
				return
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					add(e)
				}
			}
		case *ast.IncDecStmt:
			add(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				add(n.Key)
				if n.Value != nil {
					add(n.Value)
				}
			}
		case *ast.UnaryExpr:
			if _, literal := n.X.(*ast.CompositeLit); n.Op == token.AND && !literal {
				add(n.X)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"clear", "copy", "delete"}, f.Name) && len(n.Args) > 0 {
				add(n.Args[0])
			}
		}
		return true
	})
	return ids
}

// packages groups sources by folder, without tests.
func packages(all []*source) map[string][]*source {
	pkgs := map[string][]*source{}
	for _, s := range all {
		if !s.test() {
			pkgs[s.dir] = append(pkgs[s.dir], s)
		}
	}
	return pkgs
}

func TestNoPackageState(t *testing.T) {
	pkgs := packages(tree(t))
	declared := map[string]bool{}
	for dir, pkg := range pkgs {
		report(t, packageState(pkg))
		for _, s := range pkg {
			for _, d := range s.file.Decls {
				if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.VAR {
					for _, spec := range d.Specs {
						for _, name := range spec.(*ast.ValueSpec).Names {
							declared[fmt.Sprintf("%s.%s", dir, name.Name)] = true
						}
					}
				}
			}
		}
	}
	for name := range state {
		if !declared[name] {
			t.Errorf("state has %s, which is gone: take its line away", name)
		}
	}
}

package lint

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// exportedComments: what is exported has a comment, because it is the
// documentation. One comment may be for a group of constants or variables, and
// what a method of an error does, everybody knows.
func exportedComments(s *source) (faults []string) {
	if s.test() || s.program() {
		return nil
	}
	missing := func(at token.Pos, name string) {
		faults = append(faults, s.fault(at, "%s is exported and has no comment: say what it is, its unit, and what its zero value means", name))
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			known := d.Recv != nil && slices.Contains([]string{"Error", "Unwrap"}, d.Name.Name)
			if d.Doc == nil && !known && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				missing(d.Pos(), d.Name.Name)
			}
		case *ast.GenDecl:
			above := d.Doc.Text() // and the comments of the specs so far
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
						missing(spec.Pos(), spec.Name.Name)
					}
				case *ast.ValueSpec:
					above += spec.Doc.Text()
					for _, name := range spec.Names {
						said := d.Doc != nil || spec.Doc != nil || spec.Comment != nil || typed(d, spec) || strings.Contains(above, name.Name)
						if name.IsExported() && !said {
							missing(name.Pos(), name.Name)
						}
					}
				}
			}
		}
	}
	return faults
}

// typed reports whether spec is one of the constants of a type, as in
//
//	const (
//		Read Kind = iota
//		Write
//	)
//
// whose type's comment is theirs.
func typed(d *ast.GenDecl, spec *ast.ValueSpec) bool {
	if d.Tok != token.CONST || !d.Lparen.IsValid() {
		return false
	}
	if first, ok := d.Specs[0].(*ast.ValueSpec); ok && spec.Type == nil && len(spec.Values) == 0 {
		spec = first // of an iota sequence
	}
	_, ok := spec.Type.(*ast.Ident)
	return ok
}

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestExportedComments(t *testing.T) {
	for _, s := range tree(t) {
		report(t, exportedComments(s))
	}
}

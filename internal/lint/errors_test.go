package lint

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// errorText: errors are put behind one another with colons, so each is a phrase
// in lower case, and that something failed is known.
func errorText(s *source) (faults []string) {
	if s.test() {
		return nil
	}
	sentence := regexp.MustCompile(`^[A-Z][a-z]+ `)
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok || !slices.Contains([]string{"errors.New", "fmt.Errorf"}, types.ExprString(call.Fun)) {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		switch {
		case err != nil:
		case strings.Contains(text, "failed to") || strings.Contains(text, "unable to"):
			faults = append(faults, s.fault(call.Pos(), "error %q: name the operation and the cause; that it failed is known", text))
		case sentence.MatchString(text) || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "\n"):
			faults = append(faults, s.fault(call.Pos(), "error %q: a phrase in lower case, without a full stop, since others are put before and behind it", text))
		}
		return true
	})
	return faults
}

// matchedByText: what an error means is asked with errors.Is and errors.As.
func matchedByText(s *source) (faults []string) {
	if s.test() {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || qualifier(call) != "strings" {
			return true
		}
		f := call.Fun.(*ast.SelectorExpr)
		for _, arg := range call.Args {
			inner, ok := arg.(*ast.CallExpr)
			if !ok || len(inner.Args) != 0 {
				continue
			}
			// Lines is for printing them.
			if m, ok := inner.Fun.(*ast.SelectorExpr); ok && m.Sel.Name == "Error" && f.Sel.Name != "Lines" {
				faults = append(faults, s.fault(call.Pos(), "strings.%s of an error's text: use errors.Is or errors.As", f.Sel.Name))
			}
		}
		return true
	})
	return faults
}

// qualifier is what stands before the dot of a call: "fmt" of fmt.Errorf(…).
func qualifier(call *ast.CallExpr) string {
	if f, ok := call.Fun.(*ast.SelectorExpr); ok {
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name
		}
	}
	return ""
}

func TestErrors(t *testing.T) {
	for _, s := range tree(t) {
		report(t, errorText(s))
		report(t, matchedByText(s))
	}
}

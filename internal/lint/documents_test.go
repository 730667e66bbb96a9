package lint

import (
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the texts at the top, in docs and in docs/adr.
func documents(t *testing.T) []string {
	t.Helper()
	names, err := files()
	if err != nil {
		t.Fatal(err)
	}
	docs := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return path.Ext(name) != ".md" || path.Dir(name) != "." && !within(path.Dir(name), "docs")
	})
	for _, must := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/dependencies.md"} {
		if !slices.Contains(docs, must) {
			t.Errorf("%s is missing", must)
		}
	}
	return docs
}

// makeTargets are the targets that "make" lists.
func makeTargets(makefile string) (targets []string) {
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllStringSubmatch(makefile, -1) {
		targets = append(targets, m[1])
	}
	return targets
}

// missingTargets returns the targets that a document tells people to make and
// that are not there.
func missingTargets(document string, targets []string) (missing []string) {
	for _, m := range regexp.MustCompile("(?m)(?:^ {4}(?:sudo )?|`(?:sudo )?)make ([a-z][a-z-]*)").FindAllStringSubmatch(document, -1) {
		if !slices.Contains(targets, m[1]) {
			missing = append(missing, m[1])
		}
	}
	return missing
}

func TestDocumentsNameMakeTargets(t *testing.T) {
	targets := makeTargets(read(t, "Makefile"))
	for _, name := range documents(t) {
		for _, target := range missingTargets(read(t, name), targets) {
			t.Errorf(`%s: "make %s" is no target of the Makefile`, name, target)
		}
	}
	for _, main := range []string{"compare", "test"} {
		if !strings.Contains(read(t, "README.md"), "\n    make "+main+"\n") {
			t.Errorf("README.md does not show the command make %s", main)
		}
	}
}

// deadLinks returns the relative links of a document in dir that lead nowhere.
func deadLinks(document, dir string, exists func(string) bool) (dead []string) {
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(document, -1) {
		if link := m[1]; !strings.Contains(link, "://") && !exists(path.Join(dir, link)) {
			dead = append(dead, link)
		}
	}
	return dead
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

func TestDocumentsLinkToFiles(t *testing.T) {
	for _, name := range append(documents(t), "testdata/README.md") {
		for _, link := range deadLinks(read(t, name), path.Dir(name), exists) {
			t.Errorf("%s links to %s, which is not there", name, link)
		}
	}
}

// Package names in backquotes, in the documents that explain the source.
func TestDocumentsNamePackages(t *testing.T) {
	known := map[string]bool{}
	for _, s := range tree(t) {
		known[s.dir] = true
	}
	re := regexp.MustCompile("`((?:units|ioctl|dm|linear|thin|maps|bench|cmd|internal)(?:/[a-z]+)*)`")
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} {
		for _, m := range re.FindAllStringSubmatch(read(t, name), -1) {
			if !known[m[1]] && !exists(m[1]) {
				t.Errorf("%s: %s is no package", name, m[1])
			}
		}
	}
	text := read(t, "ARCHITECTURE.md")
	for dir := range known {
		if dir != "." && !strings.Contains(text, dir) {
			t.Errorf("ARCHITECTURE.md does not say what %s is", dir)
		}
	}
}

func TestArchitectureIsShort(t *testing.T) {
	const twoPages = 1200 // words
	if n := len(strings.Fields(read(t, "ARCHITECTURE.md"))); n > twoPages {
		t.Errorf("ARCHITECTURE.md has %d words, at most %d, which is two pages: move what is about one package into its doc.go", n, twoPages)
	}
}

func TestChangelog(t *testing.T) {
	headings := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1)
	if len(headings) == 0 {
		t.Fatal("CHANGELOG.md has no section")
	}
	form := regexp.MustCompile(`^(Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\))$`)
	for i, h := range headings {
		if !form.MatchString(h[1]) || i > 0 && h[1] == "Unreleased" {
			t.Errorf(`CHANGELOG.md: heading %q: want "## Unreleased" first, and "## 1.2.3 (2026-01-31)" below`, h[1])
		}
	}
}

func TestLicence(t *testing.T) {
	text := read(t, "LICENSE")
	for _, part := range []string{"Apache License", "Version 2.0, January 2004", "END OF TERMS AND CONDITIONS"} {
		if !strings.Contains(text, part) {
			t.Errorf("LICENSE is not the whole Apache License 2.0: no %q", part)
		}
	}
}

// testdata/README.md leads to the origin of every fixture.
func TestFixturesHaveAnOrigin(t *testing.T) {
	index := read(t, "testdata/README.md")
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && name != root {
			return filepath.SkipDir
		}
		if e.Name() != "testdata" || filepath.Dir(name) == root {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if onlyFuzz, err := filepath.Glob(filepath.Join(name, "*")); err != nil || len(onlyFuzz) == 1 && filepath.Base(onlyFuzz[0]) == "fuzz" {
			return err // seeds say themselves what they are
		}
		if _, err := os.Stat(filepath.Join(name, "README.md")); err != nil {
			t.Errorf("%s has no README.md: say where each file comes from, and the command that made it", rel)
		}
		if !strings.Contains(index, "(../"+filepath.ToSlash(rel)+"/README.md)") {
			t.Errorf("testdata/README.md does not link to ../%s/README.md", rel)
		}
		return filepath.SkipDir
	})
	if err != nil {
		t.Fatal(err)
	}
}

// codeBlock is the first block of Go in a document.
func codeBlock(document string) string {
	_, rest, _ := strings.Cut(document, "```go\n")
	block, _, _ := strings.Cut(rest, "```")
	return block
}

// body is the text of a function's body, without the indentation.
func body(s *source, function string) string {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == function {
			text := string(s.text[fset.Position(f.Body.Lbrace).Offset+1 : fset.Position(f.Body.Rbrace).Offset])
			return strings.TrimPrefix(strings.ReplaceAll(text, "\n\t", "\n"), "\n")
		}
	}
	return ""
}

// The example of README.md is the one that is compiled, and run by
// TestKernelExample.
func TestReadmeExampleIsCompiled(t *testing.T) {
	for _, s := range tree(t) {
		if s.path != "example_test.go" {
			continue
		}
		if got, want := codeBlock(read(t, "README.md")), body(s, "Example"); got != want || want == "" {
			t.Errorf("README.md shows\n%s\nand example_test.go has\n%s", got, want)
		}
		return
	}
	t.Error("example_test.go is missing at the root")
}

package lint

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	longFile = 400 // lines; past this a file wants a reason
	maxFile  = 600 // and here it ends
)

// longFiles are the files of more than longFile lines, and why.
var longFiles = map[string]string{
	"lvm/activate_test.go": "one machine, and what becomes of its devices from call to call",
	"lvm/lvm2ops_test.go":  "one table of what lvm2 does and refuses, operation by operation",
}

func fileSize(s *source) (faults []string) {
	lines := bytes.Count(s.text, []byte("\n"))
	switch {
	case lines > maxFile:
		faults = append(faults, fmt.Sprintf("%s has %d lines, at most %d: give each concept a file of its own", s.path, lines, maxFile))
	case lines > longFile && longFiles[s.path] == "":
		faults = append(faults, fmt.Sprintf("%s has %d lines, more than %d: give each concept a file of its own, or say why not in longFiles", s.path, lines, longFile))
	case lines <= longFile && longFiles[s.path] != "":
		faults = append(faults, fmt.Sprintf("%s has %d lines again: take it out of longFiles", s.path, lines))
	}
	return faults
}

func formatted(s *source) (faults []string) {
	want, err := format.Source(s.text)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", s.path, err)}
	}
	if !bytes.Equal(s.text, want) {
		faults = append(faults, s.path+" is not gofmt-ed: run make fmt")
	}
	return faults
}

// fileName: a name that says nothing hides that a file holds no one concept.
func fileName(s *source) (faults []string) {
	vague := regexp.MustCompile(`(^|[/_])(utils?|common|helpers?|misc|types)(_test)?(\.go)?$`)
	for _, name := range []string{s.dir, path.Base(s.path)} {
		if vague.MatchString(name) {
			faults = append(faults, fmt.Sprintf("%s: name it after the concept that it holds", s.path))
			break
		}
	}
	if s.test() && s.file.Name.Name == "main_test" {
		faults = append(faults, s.path+": tests of a command are in package main")
	}
	return faults
}

// packageComment: each package says what it is, in doc.go; a command there or
// in main.go, and a package of one file in that.
func packageComment(pkg []*source) (faults []string) {
	first := pkg[0]
	want, where := "Package "+first.file.Name.Name+" ", []string{"doc.go"}
	if first.program() {
		want, where = "Command "+path.Base(first.dir)+" ", []string{"doc.go", "main.go"}
	} else if len(pkg) == 1 {
		where = []string{path.Base(first.path)}
	}
	found := false
	for _, s := range pkg {
		switch text := s.file.Doc.Text(); {
		case !found && slices.Contains(where, path.Base(s.path)) && strings.HasPrefix(text, want):
			found = true
		case text != "":
			faults = append(faults, fmt.Sprintf("%s: one package comment, in %s, that begins with %q", s.path, where, want))
		}
	}
	if !found && len(faults) == 0 {
		faults = append(faults, fmt.Sprintf("%s: no package comment: write one in %s that begins with %q", first.dir, where[0], want))
	}
	return faults
}

func TestFiles(t *testing.T) {
	all := tree(t)
	for _, s := range all {
		report(t, fileSize(s))
		report(t, formatted(s))
		report(t, fileName(s))
	}
	for _, pkg := range packages(all) {
		report(t, packageComment(pkg))
	}
	for name := range longFiles {
		if !slices.ContainsFunc(all, func(s *source) bool { return s.path == name }) {
			t.Errorf("longFiles has %s, which is gone: take its line away", name)
		}
	}
}

// A mark is a promise that nobody keeps; a path of one machine is wrong on all
// others. The patterns are in two parts so that they do not find themselves.
var unwanted = []struct{ pattern, instead string }{
	{`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`, "do it, or open an issue"},
	{`(^|[^A-Za-z0-9_.}])/(wo` + `rk|ro` + `ot|ho` + `me)/`, "no path of one machine"},
	{`GOPRO` + `XY=|GOSUM` + `DB=|GOFLAGS=-ins` + `ecure`, "no set-up of one machine"},
}

// marks finds unwanted words in the text of the file with the given name.
func marks(name, text string) (faults []string) {
	for _, u := range unwanted {
		re := regexp.MustCompile(u.pattern)
		for i, line := range strings.Split(text, "\n") {
			if m := re.FindString(line); m != "" {
				faults = append(faults, fmt.Sprintf("%s:%d: %q: %s", name, i+1, strings.TrimSpace(m), u.instead))
			}
		}
	}
	return faults
}

func TestNoMarks(t *testing.T) {
	names, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, ".ci/run") {
		info, err := os.Lstat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if !info.Mode().IsRegular() || slices.Contains([]string{".test", ".out", ".prof"}, path.Ext(name)) {
			continue
		}
		report(t, marks(name, read(t, name)))
	}
}

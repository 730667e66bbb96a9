package conf

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxSize is the length in bytes of the longest text that is read.
const MaxSize = 1 << 20

// maxShown is how much of a line an error quotes.
const maxShown = 60

// File is a configuration as it was read. Its methods may not be called by
// several goroutines at once while one of them changes it. The zero value is an
// empty file without a name.
type File struct {
	path  string
	lines []line
}

type kind uint8

const (
	other   kind = iota // blank, or a comment
	heading             // name is the section's
	setting             // name is the key's
)

// line is a line of the text, its end included. Of a setting, text[from:to] is
// the value.
type line struct {
	text     string
	kind     kind
	name     string
	from, to int
}

// Parse reads a configuration. The path is for errors alone. It returns an
// [*Error] that matches [ErrSyntax], [ErrDuplicate] or [ErrTooLarge]: the first
// one of the file.
func Parse(path string, text []byte) (*File, error) {
	f := &File{path: path}
	if len(text) > MaxSize {
		return nil, &Error{Path: path, Err: fmt.Errorf("%d bytes, at most %d: %w", len(text), MaxSize, ErrTooLarge)}
	}
	type place struct{ section, key string }
	seen := map[place]int{}
	section := ""
	for text := range strings.Lines(string(text)) {
		l, err := parseLine(text)
		number := len(f.lines) + 1
		switch {
		case err != nil:
		case l.kind == heading:
			section = l.name
		case l.kind == setting && section == "":
			err = fmt.Errorf("key %q is in no section: %w", l.name, ErrSyntax)
		}
		at := place{section: section}
		if err == nil && l.kind == setting {
			at.key = spelled(l.name)
		}
		if first := seen[at]; err == nil && l.kind != other && first > 0 {
			err = fmt.Errorf("%w, in line %d", ErrDuplicate, first)
		}
		if err != nil {
			e := &Error{Path: path, Line: number, Section: at.section, Err: err}
			if at.key != "" {
				e.Key = l.name
			}
			return nil, e
		}
		if l.kind != other {
			seen[at] = number
		}
		f.lines = append(f.lines, l)
	}
	return f, nil
}

func parseLine(text string) (line, error) {
	l := line{text: text}
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return l, fmt.Errorf("%s is no text: %w", quoted(text), ErrSyntax)
	}
	bare := strings.Trim(text, blanks)
	switch {
	case bare == "" || bare[0] == '#' || bare[0] == ';':
		return l, nil
	case bare[0] == '[':
		name, closed := strings.CutSuffix(bare[1:], "]")
		if !closed {
			return l, fmt.Errorf("%s has no ] at its end: %w", quoted(bare), ErrSyntax)
		}
		l.kind, l.name = heading, strings.Trim(name, blanks)
		return l, checkSection(l.name)
	}
	equals := strings.IndexByte(text, '=')
	if equals < 0 {
		return l, fmt.Errorf("%s is neither [section] nor key = value: %w", quoted(bare), ErrSyntax)
	}
	l.kind, l.name = setting, strings.Trim(text[:equals], blanks)
	value := strings.TrimLeft(text[equals+1:], blanks)
	l.from = len(text) - len(value)
	l.to = l.from + len(strings.TrimRight(value, blanks))
	if l.from == len(text) { // there is no value: it would stand behind the sign
		l.from = equals + 1
		l.to = l.from
	}
	return l, checkKey(l.name)
}

// blanks are what may stand around names and values.
const blanks = " \t\r\n"

func quoted(text string) string {
	text = strings.Trim(text, blanks)
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return fmt.Sprintf("%q", text)
}

func checkSection(name string) error {
	if name == "" || strings.Trim(name, blanks) != name || strings.ContainsAny(name, "[]\r\n\x00") || !utf8.ValidString(name) {
		return fmt.Errorf("section name %s: %w", quoted(name), ErrSyntax)
	}
	return nil
}

func checkKey(name string) error {
	odd := func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' }
	if name == "" || strings.ContainsFunc(name, odd) || strings.Trim(name, "-") != name {
		return fmt.Errorf("key %s: want letters a to z, digits, _ and - between them: %w", quoted(name), ErrSyntax)
	}
	return nil
}

// spelled is the one spelling of all that a key has.
func spelled(key string) string { return strings.ReplaceAll(key, "-", "_") }

func sameKey(a, b string) bool { return spelled(a) == spelled(b) }

func checkValue(value string) error {
	if strings.Trim(value, blanks) != value || strings.ContainsAny(value, "\r\n\x00") || !utf8.ValidString(value) {
		return fmt.Errorf("value %s: want one line, without blanks around it: %w", quoted(value), ErrSyntax)
	}
	return nil
}

// Path is what [Parse] was given.
func (f *File) Path() string { return f.path }

// AppendText appends the text: what was read, with what was set since.
func (f *File) AppendText(b []byte) []byte {
	for _, l := range f.lines {
		b = append(b, l.text...)
	}
	return b
}

// Sections are the names of all sections, in the order of the file.
func (f *File) Sections() []string {
	var names []string
	for _, l := range f.lines {
		if l.kind == heading {
			names = append(names, l.name)
		}
	}
	return names
}

// Section returns the section of that name. One that is not there has no keys.
func (f *File) Section(name string) *Section {
	s := &Section{file: f, name: name}
	at, end := f.find(name)
	if at < 0 {
		return s
	}
	s.line = at + 1
	for i := at + 1; i < end; i++ {
		if l := f.lines[i]; l.kind == setting {
			s.entries = append(s.entries, entry{key: l.name, value: l.text[l.from:l.to], line: i + 1})
		}
	}
	return s
}

// find returns the index of a section's heading, or -1, and that of the next one.
func (f *File) find(name string) (at, end int) {
	at = slices.IndexFunc(f.lines, func(l line) bool { return l.kind == heading && l.name == name })
	if at < 0 {
		return -1, len(f.lines)
	}
	for end = at + 1; end < len(f.lines) && f.lines[end].kind != heading; end++ {
	}
	return at, end
}

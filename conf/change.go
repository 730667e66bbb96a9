package conf

import (
	"slices"
	"strings"
)

// Set gives a key a value. A key that is there keeps its line and its spelling, with what
// stands around the value; a new one comes behind the last of its section, and a new
// section at the end of the file. It fails with an [*Error] that matches
// [ErrSyntax], and then changes nothing.
func (f *File) Set(section, key, value string) error {
	for _, err := range []error{checkSection(section), checkKey(key), checkValue(value)} {
		if err != nil {
			return &Error{Path: f.path, Section: section, Key: key, Err: err}
		}
	}
	at, end := f.find(section)
	if at < 0 {
		f.endLine()
		if len(f.lines) > 0 {
			f.lines = append(f.lines, line{text: f.newline()})
		}
		at, end = len(f.lines), len(f.lines)+1
		f.lines = append(f.lines, line{text: "[" + section + "]" + f.newline(), kind: heading, name: section})
	}
	last := at
	for i := at + 1; i < end; i++ {
		l := &f.lines[i]
		if l.kind != setting {
			continue
		}
		if sameKey(l.name, key) {
			blank := ""
			if l.from == l.to && l.text[l.from-1] == '=' { // "key =" had nothing
				blank = " "
			}
			l.text = l.text[:l.from] + blank + value + l.text[l.to:]
			l.from += len(blank)
			l.to = l.from + len(value)
			return nil
		}
		last = i
	}
	if last == len(f.lines)-1 {
		f.endLine()
	}
	text := key + " = "
	added := line{text: text + value + f.newline(), kind: setting, name: key, from: len(text), to: len(text) + len(value)}
	f.lines = slices.Insert(f.lines, last+1, added)
	return nil
}

// Unset takes a key's line away, and reports whether there was one.
func (f *File) Unset(section, key string) bool {
	at, end := f.find(section)
	if at < 0 {
		return false
	}
	for i := at + 1; i < end; i++ {
		if f.lines[i].kind == setting && sameKey(f.lines[i].name, key) {
			f.lines = slices.Delete(f.lines, i, i+1)
			return true
		}
	}
	return false
}

// endLine gives the last line an end, where it has none.
func (f *File) endLine() {
	if n := len(f.lines); n > 0 && !strings.HasSuffix(f.lines[n-1].text, "\n") {
		f.lines[n-1].text += f.newline()
	}
}

// newline is how the file's lines end: as the first one does.
func (f *File) newline() string {
	if len(f.lines) > 0 && strings.HasSuffix(f.lines[0].text, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

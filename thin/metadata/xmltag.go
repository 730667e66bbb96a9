package metadata

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// maxXMLAttributes is more than any element of a pool's XML has.
const maxXMLAttributes = 12

// xmlTag is a start or an end tag. It is a view of the text that it was parsed
// from.
type xmlTag struct {
	name  []byte
	end   bool // </name>
	empty bool // <name/>
	attrs [maxXMLAttributes]xmlAttribute
	n     int
}

type xmlAttribute struct{ name, value []byte }

// parse reads what stands between < and >. It reports false where text ends in the
// middle of a value, so that the > was not the end.
func (t *xmlTag) parse(text []byte) (whole bool, err error) {
	t.n, t.end, t.empty = 0, false, false
	if len(text) > 0 && text[0] == '/' {
		t.end, text = true, text[1:]
	}
	t.name, text = xmlName(text)
	if len(t.name) == 0 {
		return true, fmt.Errorf("a tag without a name: %w", ErrXML)
	}
	for {
		spaces := len(text)
		text = bytes.TrimLeft(text, xmlSpace)
		spaces -= len(text)
		switch {
		case len(text) == 0:
			return true, nil
		case len(text) == 1 && text[0] == '/' && !t.end:
			t.empty = true
			return true, nil
		}
		var a xmlAttribute
		a.name, text = xmlName(text)
		if spaces == 0 || len(a.name) == 0 || t.end {
			return true, fmt.Errorf("tag %.40q: %w", t.name, ErrXML)
		}
		text = bytes.TrimLeft(text, xmlSpace)
		if len(text) == 0 || text[0] != '=' {
			return true, fmt.Errorf("attribute %.40q has no value: %w", a.name, ErrXML)
		}
		text = bytes.TrimLeft(text[1:], xmlSpace)
		if len(text) == 0 || text[0] != '"' && text[0] != '\'' {
			return true, fmt.Errorf("attribute %.40q: its value stands in no quotes: %w", a.name, ErrXML)
		}
		stop := bytes.IndexByte(text[1:], text[0])
		if stop < 0 {
			return false, nil
		}
		a.value, text = text[1:1+stop], text[2+stop:]
		if t.n == maxXMLAttributes {
			return true, fmt.Errorf("tag %.40q: more than %d attributes: %w", t.name, maxXMLAttributes, ErrXML)
		}
		for i := range t.n {
			if bytes.Equal(t.attrs[i].name, a.name) {
				return true, fmt.Errorf("attribute %.40q stands there twice: %w", a.name, ErrXML)
			}
		}
		t.attrs[t.n] = a
		t.n++
	}
}

const xmlSpace = " \t\r\n"

// xmlName cuts a name off text.
func xmlName(text []byte) (name, rest []byte) {
	i := 0
	for i < len(text) {
		if c := text[i]; c != '_' && c != '-' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			break
		}
		i++
	}
	return text[:i], text[i:]
}

// xmlFields are the attributes of a tag that a decoder asks for by name. Those that
// it did not ask for are a fault, and so are those that are not there.
type xmlFields struct {
	tag  *xmlTag
	seen int
	err  error
}

// take returns an attribute's value; ok is false where there is none.
func (f *xmlFields) take(name string) (value []byte, ok bool) {
	for i := range f.tag.n {
		if string(f.tag.attrs[i].name) == name {
			f.seen++
			return f.tag.attrs[i].value, true
		}
	}
	return nil, false
}

func (f *xmlFields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("<%s>: %s: %w", f.tag.name, fmt.Sprintf(format, args...), ErrXML)
	}
}

// number is an attribute that must be there.
func (f *xmlFields) number(name string, most uint64) uint64 {
	value, ok := f.take(name)
	if !ok {
		f.fail("no attribute %s", name)
	}
	return f.parse(name, value, most)
}

// optional is an attribute that need not be there.
func (f *xmlFields) optional(name string, most, missing uint64) uint64 {
	value, ok := f.take(name)
	if !ok {
		return missing
	}
	return f.parse(name, value, most)
}

func (f *xmlFields) number32(name string) uint32 {
	return uint32(f.number(name, math.MaxUint32))
}

func (f *xmlFields) parse(name string, digits []byte, most uint64) (n uint64) {
	if len(digits) == 0 || len(digits) > 20 {
		f.fail("attribute %s: %.40q is no number from 0 to %d", name, digits, most)
		return 0
	}
	if len(digits) < 20 { // which fits without a check
		for _, c := range digits {
			if c < '0' || c > '9' {
				f.fail("attribute %s: %.40q is no number from 0 to %d", name, digits, most)
				return 0
			}
			n = n*10 + uint64(c-'0')
		}
	} else {
		var err error
		if n, err = strconv.ParseUint(string(digits), 10, 64); err != nil {
			f.fail("attribute %s: %q is no number from 0 to %d", name, digits, most)
			return 0
		}
	}
	if n > most {
		f.fail("attribute %s: %d is more than %d", name, n, most)
	}
	return n
}

// done is the first fault, or that there is an attribute that nobody asked for.
func (f *xmlFields) done() error {
	if f.err == nil && f.seen != f.tag.n {
		f.fail("an attribute that is not known")
	}
	return f.err
}

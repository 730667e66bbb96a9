package text

import (
	"fmt"
	"strings"
)

// MaxDepth is how many sections may be open at once. lvm2 has no limit but its
// stack; what it writes is five deep.
const MaxDepth = 100

// Reader walks over one text, entry by entry:
//
//	r := text.NewReader(src)
//	for r.Next() {
//		switch {
//		case r.Key() == "seqno":
//			seqno = r.Uint32()
//		case r.Section():
//			for r.Next() { … }
//		default:
//			unknown = append(unknown, r.Node())
//		}
//	}
//	return r.Err()
//
// The first fault ends the walk: Next returns false from then on, and what reads
// values returns zero. Strings that it returns are parts of the text.
type Reader struct {
	src   string
	pos   int
	depth int // sections that are open

	// Places, and no strings: to store a pointer costs while garbage is collected.
	entry   int // where the entry begins that Next stopped at: its key
	keyEnd  int
	gap     int // where the white space in front of it begins
	section bool
	value   int  // where its value begins
	pending bool // the value has not been read

	nodes  int // how many more nodes may be made
	values []Value
	err    *Error
}

// NewReader returns a reader of src up to its first NUL, where lvm2 ends.
func NewReader(src string) *Reader {
	if i := strings.IndexByte(src, 0); i >= 0 {
		src = src[:i]
	}
	return &Reader{src: src, nodes: fewNodes + len(src)/bytesPerNode}
}

// Next goes on to the next entry of the section that the reader is in; after a
// section's head, to its first. It returns false at the end of the section, of
// which the reader is out then, and at the end of the text. A value that was not
// read is skipped, not so a section.
func (r *Reader) Next() bool {
	if r.pending {
		r.Raw()
	}
	if r.err != nil {
		return false
	}
	src, i := r.src, r.pos
	r.gap = i
	if i+1 < len(src) && src[i] == '\n' && src[i+1] > ' ' && src[i+1] != '#' {
		i++ // the usual case
	} else {
		i = skipSpace(src, i)
	}
	r.entry = i
	if i == len(src) {
		if r.depth > 0 {
			r.fail(i, "an entry or '}'")
		}
		r.pos = i
		return false
	}
	switch src[i] {
	case '}':
		if r.depth == 0 {
			r.fail(i, "an entry")
			return false
		}
		r.depth--
		r.pos = i + 1
		return false
	case '"', '\'':
		end, ok := quoted(src, i)
		if !ok {
			r.fail(i, "a key that ends with a quotation mark")
			return false
		}
		if end == i+len(`""`) {
			r.fail(i, "a key that is not empty")
			return false
		}
		i = end
	default:
		end := i
		for end < len(src) && !endsWord[src[end]] {
			end++
		}
		if end == i || src[i] == '[' || src[i] == ']' || src[i] == ',' {
			r.fail(i, "a key")
			return false
		}
		i = end
	}
	r.keyEnd = i
	if i < len(src) && src[i] == ' ' { // the usual case
		i++
	}
	if i < len(src) && src[i] != '=' && src[i] != '{' {
		i = skipSpace(src, i)
	}
	if i < len(src) && src[i] == '=' {
		i++
		if i+1 < len(src) && src[i] == ' ' && src[i+1] > ' ' && src[i+1] != '#' {
			r.pos = i + 1 // the usual case
		} else {
			r.pos = skipSpace(src, i)
		}
		r.value, r.section, r.pending = r.pos, false, true
		return true
	}
	if i < len(src) && src[i] == '{' {
		if r.depth == MaxDepth {
			r.fail(i, fmt.Sprintf("at most %d sections in one another", MaxDepth))
			return false
		}
		r.depth++
		r.pos = i + 1
		r.section = true
		return true
	}
	r.fail(i, "'=' or '{'")
	return false
}

// Key is the key of the entry, without quotes.
func (r *Reader) Key() string {
	raw := r.src[r.entry:r.keyEnd]
	if raw != "" && (raw[0] == '"' || raw[0] == '\'') {
		return unquote(raw)
	}
	return raw
}

// Section reports whether the entry is a section, whose entries are next.
func (r *Reader) Section() bool { return r.section }

// Offset is where the entry begins in the text.
func (r *Reader) Offset() int { return r.entry }

// ValueOffset is where the entry's value begins in the text.
func (r *Reader) ValueOffset() int { return r.value }

// Skip goes behind the entry: its value, or its whole section.
func (r *Reader) Skip() {
	if !r.section {
		r.Raw()
		return
	}
	for up := r.depth - 1; r.err == nil && r.depth > up; {
		r.Next()
	}
}

// Raw reads the value as it stands in the text.
func (r *Reader) Raw() string {
	if !r.take() {
		return ""
	}
	end := r.skipValue(r.pos)
	if r.err != nil {
		return ""
	}
	raw := r.src[r.pos:end]
	r.pos = end
	return raw
}

// Literal reads the value if it stands in the text exactly as raw, an array
// that [Reader.Raw] returned before, and reports whether it did.
func (r *Reader) Literal(raw string) bool {
	if !r.pending || r.err != nil || !strings.HasPrefix(r.src[r.pos:], raw) {
		return false
	}
	r.pending = false
	r.pos += len(raw)
	return true
}

// Comment returns the comment on the rest of the line behind a value that was
// read, without the mark and the blanks around it; empty if there is none.
func (r *Reader) Comment() string {
	i := r.pos
	for i < len(r.src) && (r.src[i] == ' ' || r.src[i] == '\t') {
		i++
	}
	if i == len(r.src) || r.src[i] != '#' {
		return ""
	}
	line, _, _ := strings.Cut(r.src[i+1:], "\n")
	return strings.TrimSpace(line)
}

// Lead is what stands between the entry in front, or the section's head, and
// this entry: white space and comments.
func (r *Reader) Lead() string { return r.src[r.gap:r.entry] }

// Err is the first fault, an [*Error], or nil.
func (r *Reader) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// Fail ends the walk with a fault at the given place of the text, unless it has
// ended with another. It is for readers of what the entries mean.
func (r *Reader) Fail(offset int, err error) {
	if r.err == nil {
		r.err = at(r.src, offset)
		r.err.Err = err
	}
}

// ErrorAt returns an error for the given place of the text.
func (r *Reader) ErrorAt(offset int, err error) *Error {
	e := at(r.src, offset)
	e.Err = err
	return e
}

// fail is Fail for a fault of the grammar.
func (r *Reader) fail(offset int, want string) {
	if r.err == nil {
		r.err = at(r.src, offset)
		r.err.Want = want
	}
}

// take reports whether there is a value to read, which is read then.
func (r *Reader) take() bool {
	if r.err != nil {
		return false
	}
	if !r.pending {
		r.fail(r.entry, "'='")
		return false
	}
	r.pending = false
	return true
}

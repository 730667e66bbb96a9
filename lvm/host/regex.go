package host

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// lvm2's regular expressions, libdm/regex/parse_rx.c, know ( ) | * + ? . [ ] ^ $
// and \ in front of any character; {2} is three characters. The characters may
// have other meanings in package regexp, so an expression is taken apart, and
// each piece said again in a form that has one meaning.
type regexReader struct {
	src   string
	pos   int
	depth int // brackets that are open
}

// How deep an expression is: its brackets, and signs behind one another.
const maxRegexDepth = 100

var (
	errRegexEmpty = errors.New("nothing between the bars of an expression")
	errRegexDepth = errors.New("deeper than 100")
	errRegexSet   = errors.New("not a set of characters")
	errRegexText  = errors.New("not UTF-8")
)

// translateRegex says an expression of lvm2's in the words of package regexp.
func translateRegex(src string) (string, error) {
	r := &regexReader{src: src}
	out, err := r.choice()
	if err != nil {
		return "", err
	}
	if r.pos < len(src) {
		return "", fmt.Errorf("character %d: %q closes nothing", r.pos+1, src[r.pos])
	}
	return "(?s)" + out, nil
}

// peek is the next byte, 0 at the end.
func (r *regexReader) peek() byte {
	if r.pos < len(r.src) {
		return r.src[r.pos]
	}
	return 0
}

func (r *regexReader) choice() (string, error) {
	if r.depth++; r.depth > maxRegexDepth {
		return "", errRegexDepth
	}
	defer func() { r.depth-- }()
	var choices []string
	for {
		one, err := r.sequence()
		if err != nil {
			return "", err
		}
		choices = append(choices, one)
		if r.peek() != '|' {
			return strings.Join(choices, "|"), nil
		}
		r.pos++
	}
}

func (r *regexReader) sequence() (string, error) {
	var out strings.Builder
	for r.pos < len(r.src) && r.peek() != '|' && r.peek() != ')' {
		piece, err := r.piece()
		if err != nil {
			return "", err
		}
		out.WriteString(piece)
	}
	if out.Len() == 0 {
		return "", errRegexEmpty
	}
	return out.String(), nil
}

// piece is an atom, and how often it may come. Package regexp takes one sign
// for an atom, and says that two are a mistake.
func (r *regexReader) piece() (string, error) {
	piece, err := r.atom()
	for n := 0; err == nil && (r.peek() == '*' || r.peek() == '+' || r.peek() == '?'); n++ {
		if n == maxRegexDepth {
			return "", errRegexDepth
		}
		piece = "(?:" + piece + ")" + string(r.peek())
		r.pos++
	}
	return piece, err
}

func (r *regexReader) atom() (string, error) {
	c, size := utf8.DecodeRuneInString(r.src[r.pos:])
	if c == utf8.RuneError && size <= 1 {
		return "", errRegexText
	}
	r.pos += size
	switch c {
	case '(':
		inner, err := r.choice()
		if err != nil {
			return "", err
		}
		if r.peek() != ')' {
			return "", fmt.Errorf("character %d: a bracket is not closed", r.pos+1)
		}
		r.pos++
		return "(?:" + inner + ")", nil
	case '[':
		return r.set()
	case '*', '+', '?':
		return "", fmt.Errorf("character %d: nothing in front of %q", r.pos, c)
	case '.':
		return ".", nil
	case '^':
		return `\A`, nil
	case '$':
		return `\z`, nil
	case '\\':
		if r.pos == len(r.src) {
			return "", fmt.Errorf("character %d: nothing behind the backslash", r.pos)
		}
		escaped := r.escaped()
		if escaped >= utf8.RuneSelf {
			return "", errRegexText
		}
		return regexp.QuoteMeta(string(rune(escaped))), nil
	}
	return regexp.QuoteMeta(string(c)), nil
}

// escaped reads the character behind a backslash.
func (r *regexReader) escaped() byte {
	c := r.src[r.pos]
	r.pos++
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// set reads the characters up to "]": single ones, and ranges.
func (r *regexReader) set() (string, error) {
	var b strings.Builder
	b.WriteByte('[')
	if r.peek() == '^' {
		b.WriteByte('^')
		r.pos++
	}
	empty := true
	for {
		if r.pos >= len(r.src) {
			return "", errRegexSet
		}
		if r.peek() == ']' {
			r.pos++
			break
		}
		low, ok := r.setByte()
		high := low
		if ok && r.peek() == '-' {
			r.pos++
			if r.peek() == ']' {
				return "", errRegexSet
			}
			high, ok = r.setByte()
		}
		if !ok || low > high {
			return "", errRegexSet
		}
		fmt.Fprintf(&b, `\x%02x-\x%02x`, low, high)
		empty = false
	}
	if empty {
		return "", errRegexSet
	}
	b.WriteByte(']')
	return b.String(), nil
}

// setByte reads one character of a set, in ASCII.
func (r *regexReader) setByte() (byte, bool) {
	if r.pos >= len(r.src) {
		return 0, false
	}
	c := r.src[r.pos]
	r.pos++
	if c == '\\' {
		if r.pos >= len(r.src) {
			return 0, false
		}
		c = r.escaped()
	}
	return c, c < utf8.RuneSelf
}

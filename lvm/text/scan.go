package text

import "strings"

// isSpace has the white space of C's isspace.
var isSpace = [256]bool{' ': true, '\t': true, '\n': true, '\v': true, '\f': true, '\r': true}

// endsWord has what ends a key or a value without quotes.
var endsWord = [256]bool{
	' ': true, '\t': true, '\n': true, '\v': true, '\f': true, '\r': true,
	'#': true, '=': true, '{': true, '}': true,
}

// skipSpace returns where white space and comments that begin at i end.
func skipSpace(src string, i int) int {
	for i < len(src) {
		switch {
		case isSpace[src[i]]:
			i++
		case src[i] == '#':
			n := strings.IndexByte(src[i:], '\n')
			if n < 0 {
				return len(src)
			}
			i += n + 1
		default:
			return i
		}
	}
	return i
}

// quoted returns the end of the string in quotation marks that begins at i, and
// whether it has one. A backslash in double ones hides the mark behind it.
func quoted(src string, i int) (end int, ok bool) {
	mark := src[i]
	for j := i + 1; j < len(src); j++ {
		switch c := src[j]; {
		case c == mark:
			return j + 1, true
		case c == '\\' && mark == '"':
			j++
		}
	}
	return i, false
}

// unquote returns what a string in quotation marks stands for. In double ones a
// backslash stands in front of itself and of the mark; elsewhere it is itself.
func unquote(raw string) string {
	inner := raw[1 : len(raw)-1]
	if raw[0] == '\'' || strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	b := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\') {
			i++
		}
		b = append(b, inner[i])
	}
	return string(b)
}

// AppendString appends s as a string in double quotation marks.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(append(b, s[done:i]...), '\\')
			done = i
		}
	}
	b = append(b, s[done:]...)
	return append(b, '"')
}

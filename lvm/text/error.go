package text

import (
	"fmt"
	"strings"
)

// Error says where a text is not what was expected.
type Error struct {
	Offset       int // of the first byte at fault, from 0
	Line, Column int // the same place, from 1; a column is a byte
	Want         string
	Found        string // what stands there, cut short
	Err          error  // the cause, where it is not the grammar
}

// Error prints, for example, `line 3, column 7: expected a value, found "}"`.
func (e *Error) Error() string {
	place := fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	switch {
	case e.Err != nil:
		return place + e.Err.Error()
	case e.Found == "":
		return place + "expected " + e.Want + ", found the end of the text"
	}
	return fmt.Sprintf("%sexpected %s, found %q", place, e.Want, e.Found)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// longestFound is how much of a text an error repeats.
const longestFound = 24

// at returns an error for the given place of src, with what stands there.
func at(src string, offset int) *Error {
	offset = min(max(offset, 0), len(src))
	before := src[:offset]
	e := &Error{
		Offset: offset,
		Line:   1 + strings.Count(before, "\n"),
		Column: offset - strings.LastIndexByte(before, '\n'),
	}
	found := src[offset:]
	if i := strings.IndexByte(found, '\n'); i > 0 {
		found = found[:i]
	}
	e.Found = found[:min(len(found), longestFound)]
	return e
}

package text_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

func TestErrorsSayWhere(t *testing.T) {
	tests := []struct {
		name, src    string
		line, column int
		want         string
	}{
		{"no value", "a = 1\nb =\n", 3, 1, "line 3, column 1: expected a value, found the end of the text"},
		{"a brace for a value", "vg {\n\tid = }\n", 2, 7, `line 2, column 7: expected a value, found "}"`},
		{"no section end", "vg {\na = 1\n", 3, 1, "line 3, column 1: expected an entry or '}', found the end of the text"},
		{"one brace too many", "vg {\n}\n}\n", 3, 1, `line 3, column 1: expected an entry, found "}"`},
		{"no assignment", "vg {\na b = 1\n", 2, 3, `line 2, column 3: expected '=' or '{', found "b = 1"`},
		{"an open string", "a = \"b\n", 1, 5, "line 1, column 5: expected a string that ends with a quotation mark, found \"\\\"b\""},
		{"an open key", "\n\"a = b\n", 2, 1, "line 2, column 1: expected a key that ends with a quotation mark, found \"\\\"a = b\""},
		{"a long line", "a = [ 1 2" + "3456789012345678901234567890", 1, 9, `line 1, column 9: expected ',' or ']', found "234567890123456789012345"`},
		{"an integer too large", "a = 9223372036854775808", 1, 5, `line 1, column 5: expected an integer of 64 bits, octal where it begins with 0, found "9223372036854775808"`},
		{"after a NUL there is nothing", "a = \x00 1", 1, 5, "line 1, column 5: expected a value, found the end of the text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := text.Parse(test.src)
			var e *text.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, test.want, e.Error())
			require.Equal(t, []int{test.line, test.column}, []int{e.Line, e.Column})
			require.NoError(t, e.Unwrap())
		})
	}
}

func TestErrorsOfReaders(t *testing.T) {
	r := text.NewReader("a = 1\nb = 2\n")
	require.True(t, r.Next())
	cause := errors.New("not this one")
	r.Fail(r.ValueOffset(), cause)
	r.Fail(r.Offset(), errors.New("a later one does not count"))
	require.False(t, r.Next())
	require.ErrorIs(t, r.Err(), cause)
	require.EqualError(t, r.Err(), "line 1, column 5: not this one")
	require.EqualError(t, r.ErrorAt(6, cause), "line 2, column 1: not this one")
	require.EqualError(t, r.ErrorAt(99, cause), "line 3, column 1: not this one")
}

package text_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

func TestReader(t *testing.T) {
	r := text.NewReader("# head\nvg {\n\tn = 5 # five\n\tlist = [\"a\", \"b\"]\n\n\n\tinner {\n\t\tx = 1\n\t}\n\tlast = \"z\"\n}\ntop = -3\n")
	require.True(t, r.Next())
	require.Equal(t, "vg", r.Key())
	require.True(t, r.Section())
	require.Equal(t, 7, r.Offset())
	require.Equal(t, "# head\n", r.Lead())
	require.True(t, r.Next())
	require.False(t, r.Section())
	require.Equal(t, uint32(5), r.Uint32())
	require.Equal(t, "five", r.Comment())
	require.True(t, r.Next())
	require.Equal(t, "list", r.Key())
	require.False(t, r.Literal(`["a"]`))
	require.True(t, r.Literal(`["a", "b"]`))
	require.False(t, r.Literal(`["a", "b"]`), "it is read")
	require.Empty(t, r.Comment())
	require.True(t, r.Next())
	require.Equal(t, "inner", r.Key())
	r.Skip()
	require.True(t, r.Next())
	require.Equal(t, "last", r.Key(), "a section is skipped")
	require.False(t, r.Next(), "a value that was not read is skipped, and the section ends")
	require.True(t, r.Next())
	require.Equal(t, "top", r.Key())
	require.Equal(t, int64(-3), r.Int(math.MinInt64, math.MaxInt64))
	require.False(t, r.Next())
	require.NoError(t, r.Err())
}

func TestReaderValues(t *testing.T) {
	read := func(src string, f func(r *text.Reader)) error {
		r := text.NewReader("k = " + src + "\n")
		require.True(t, r.Next())
		f(r)
		return r.Err()
	}
	tests := []struct {
		name, src string
		read      func(r *text.Reader)
		want      string // of the error; empty: none
	}{
		{"a string", `"x"`, func(r *text.Reader) { require.Equal(t, "x", r.Text()) }, ""},
		{"with escapes", `"x\"\\"`, func(r *text.Reader) { require.Equal(t, `x"\`, r.Text()) }, ""},
		{"bare", `x-y`, func(r *text.Reader) { require.Equal(t, "x-y", r.Text()) }, ""},
		{"an array of one", `["x"]`, func(r *text.Reader) { require.Equal(t, "x", r.Text()) }, ""},
		{"an array of two", `["x", "y"]`, func(r *text.Reader) { r.Text() }, "line 1, column 5: expected a string"},
		{"no string", `5`, func(r *text.Reader) { r.Text() }, "line 1, column 5: expected a string"},
		{"no integer", `"5"`, func(r *text.Reader) { r.Uint32() }, "line 1, column 5: expected an integer"},
		{"a float", `5.0`, func(r *text.Reader) { r.Uint32() }, "line 1, column 5: expected an integer"},
		{"an integer", `[5]`, func(r *text.Reader) { require.Equal(t, uint64(5), r.Uint64()) }, ""},
		{"octal", `010`, func(r *text.Reader) { require.Equal(t, uint32(8), r.Uint32()) }, ""},
		{"zero", `0`, func(r *text.Reader) { require.Zero(t, r.Uint32()) }, ""},
		{"a brace behind it", `7}`, func(r *text.Reader) { require.Equal(t, uint32(7), r.Uint32()) }, ""},
		{"32 bits", `4294967295`, func(r *text.Reader) { require.Equal(t, uint32(math.MaxUint32), r.Uint32()) }, ""},
		{"33 bits", `4294967296`, func(r *text.Reader) { r.Uint32() }, "line 1, column 5: expected an integer from 0 to 4294967295"},
		{"negative", `-1`, func(r *text.Reader) { r.Uint64() }, "line 1, column 5: expected an integer from 0 to"},
		{"63 bits", `9223372036854775807`, func(r *text.Reader) { require.Equal(t, uint64(math.MaxInt64), r.Uint64()) }, ""},
		{"strings", `["a" "b", 'c',]`, func(r *text.Reader) { require.Equal(t, []string{"a", "b", "c"}, r.Strings()) }, ""},
		{"one string", `"a"`, func(r *text.Reader) { require.Equal(t, []string{"a"}, r.Strings()) }, ""},
		{"no strings", `[ ]`, func(r *text.Reader) { require.Nil(t, r.Strings()) }, ""},
		{"numbers", `["a", 1]`, func(r *text.Reader) { r.Strings() }, "line 1, column 11: expected a string"},
		{"raw", "[ 1, # one\n 2 ]", func(r *text.Reader) { require.Equal(t, "[ 1, # one\n 2 ]", r.Raw()) }, ""},
		{"read twice", `1`, func(r *text.Reader) { r.Uint32(); r.Uint32() }, "line 1, column 1: expected '='"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := read(test.src, test.read)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
		})
	}
	r := text.NewReader("s {\n}\n")
	require.True(t, r.Next())
	require.Empty(t, r.Values())
	require.ErrorContains(t, r.Err(), "expected '='", "a section has no value")
}

func TestDepthIsBounded(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("a {\n", n) + strings.Repeat("}\n", n) }
	_, err := text.Parse(deep(text.MaxDepth))
	require.NoError(t, err)
	_, err = text.Parse(deep(text.MaxDepth + 1))
	require.ErrorContains(t, err, "line 101, column 3: expected at most 100 sections in one another")
	r := text.NewReader(deep(1e6))
	require.True(t, r.Next())
	r.Skip()
	require.Error(t, r.Err())
}

// The shortest entries there are do not make a tree of many times the text.
func TestNodesAreBounded(t *testing.T) {
	src := strings.Repeat("a=1\n", 1<<20)
	bytes := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := text.Parse(src)
			require.ErrorContains(b, err, "expected no more entries in a text of this length")
		}
	}).AllocedBytesPerOp()
	require.Less(t, bytes, int64(30*len(src)))
	_, err := text.Parse(strings.Repeat("a=1\n", 4000))
	require.NoError(t, err)
}

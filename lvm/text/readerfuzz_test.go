package text_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

// FuzzReader reads a text as callers do who expect something else than what is
// there: each byte of steps says what is done with an entry. There is no panic, the
// first fault stays, and it has a place.
func FuzzReader(f *testing.F) {
	f.Add("a=1 b=[1,2] c { d=\"x\" } e=-3\n", []byte{0, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, src string, steps []byte) {
		r := text.NewReader(src)
		for i := 0; i < 2*len(src)+10; i++ {
			if !r.Next() {
				if r.Err() != nil || r.Offset() >= len(src) {
					break
				}
				continue // the end of a section
			}
			if len(steps) > 0 {
				readEntry(t, r, steps[i%len(steps)])
			}
		}
		nodes, err := text.Parse(src)
		if err == nil {
			for _, path := range []string{"a", "/a/b/", "c/d", "a b"} {
				if n := text.Find(nodes, path); n != nil {
					_, _ = n.Text()
				}
			}
		}
		if err = r.Err(); err == nil {
			return
		}
		var e *text.Error
		require.ErrorAs(t, err, &e)
		require.LessOrEqual(t, e.Offset, len(src))
		require.NotEmpty(t, e.Error())
		r.Fail(0, errAnother)
		require.NotErrorIs(t, r.Err(), errAnother)
		require.False(t, r.Next())
	})
}

var (
	errCaller  = errors.New("not what the caller expects")
	errAnother = errors.New("another fault")
)

// readEntry does one thing with the entry that the reader is at.
func readEntry(t *testing.T, r *text.Reader, step byte) {
	t.Helper()
	_, _, _ = r.Key(), r.Lead(), r.Section()
	require.GreaterOrEqual(t, r.ValueOffset(), 0)
	switch step % 13 {
	case 0:
		_ = r.Text()
	case 1:
		n := r.Int(-3, math.MaxInt64)
		require.GreaterOrEqual(t, n, int64(-3))
	case 2:
		_ = r.Uint32()
	case 3:
		_ = r.Uint64()
	case 4:
		_ = r.Strings()
	case 5:
		for _, v := range r.Values() {
			require.LessOrEqual(t, v.Offset, v.End)
			_ = v.Kind.String()
		}
	case 6:
		_ = r.Raw()
		_ = r.Comment()
	case 7:
		r.Skip()
	case 8:
		if r.Literal("[1,2]") {
			require.False(t, r.Literal(""))
		}
	case 9:
		n := r.Node()
		_, _ = n.Values()
		_, _ = n.Text()
	case 10:
		if step > 200 {
			r.Fail(r.ValueOffset(), errCaller)
			require.Error(t, r.Err())
		}
	case 11:
		_ = r.Int(0, 7)
		_ = r.Int(0, 7) // there is no second value
	}
}

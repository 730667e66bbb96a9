package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

// FuzzParse: what is parsed prints back to what says the same, in both forms;
// what is not has an error with a place in the text.
func FuzzParse(f *testing.F) {
	for _, src := range []string{conf, "a=1", "a=[1,2.5,\"x\\\"\" 'y', @z ]\n", "a { b { c = x } }", "a\n=\n1 # c\n", "a{b=[\n\t\"x\", 1 # c\n\n]}\x00z"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		nodes, err := text.Parse(src)
		if err != nil {
			var e *text.Error
			require.ErrorAs(t, err, &e)
			require.LessOrEqual(t, e.Offset, len(src))
			require.Positive(t, e.Line)
			require.Positive(t, e.Column)
			require.NotEmpty(t, e.Error())
			return
		}
		for _, depth := range []int{text.OnDisk, 0, 2} {
			once := string(text.AppendNodes(nil, nodes, depth))
			again, err := text.Parse(once)
			require.NoError(t, err, once)
			require.Equal(t, values(t, nodes), values(t, again))
			require.Equal(t, once, string(text.AppendNodes(nil, again, depth)))
		}
	})
}

// values are the keys and values of all entries, in order.
func values(t *testing.T, nodes []text.Node) (all []any) {
	for i := range nodes {
		n := &nodes[i]
		all = append(all, n.Name(), n.Section)
		if n.Section {
			all = append(all, values(t, n.Nodes)...)
			continue
		}
		list, err := n.Values()
		require.NoError(t, err)
		for _, v := range list {
			all = append(all, v.Kind, v.Text, v.Int)
		}
	}
	return all
}

package text_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

// refused is what lvm2 reads as 0 and goes on. It is refused here.
var refused = []string{"a=09", "a=-", "a=+"}

// Each line of testdata/grammar.txt is read as lvm2 reads it, or refused as it
// does: testdata/README.md.
func TestGrammar(t *testing.T) {
	golden, err := os.ReadFile("testdata/grammar.txt")
	require.NoError(t, err)
	cases := strings.Split(string(golden), "\n== ")[1:]
	require.Greater(t, len(cases), 100)
	for _, c := range cases {
		line, want, _ := strings.Cut(c, "\n")
		t.Run(line, func(t *testing.T) {
			nodes, err := text.Parse("g {\n" + line + "\n}\n")
			if strings.TrimSpace(want) == "error" {
				var e *text.Error
				require.ErrorAs(t, err, &e)
				require.GreaterOrEqual(t, e.Line, 2)
				return
			}
			for _, r := range refused {
				if line == r {
					require.Error(t, err)
					return
				}
			}
			require.NoError(t, err)
			require.Len(t, nodes, 1)
			require.Equal(t, strings.TrimRight(want, "\n"), strings.TrimRight(config(nodes[0].Nodes, 1), "\n"))
			// And what is printed says the same.
			again, err := text.Parse(string(text.AppendNodes(nil, nodes, 0)))
			require.NoError(t, err)
			require.Equal(t, config(nodes, 0), config(again, 0))
		})
	}
}

// config prints entries as lvmconfig does, paths as the sections that they are.
func config(nodes []text.Node, depth int) string {
	var b strings.Builder
	tabs := strings.Repeat("\t", depth)
	for i := 0; i < len(nodes); i++ {
		n := nodes[i]
		section, rest, path := strings.Cut(strings.TrimLeft(n.Name(), "/"), "/")
		if path {
			inner := n
			inner.Key = strings.TrimLeft(rest, "/")
			below := []text.Node{inner}
			for ; i+1 < len(nodes) && strings.HasPrefix(nodes[i+1].Name(), section+"/"); i++ {
				next := nodes[i+1]
				next.Key = strings.TrimPrefix(next.Name(), section+"/")
				below = append(below, next)
			}
			fmt.Fprintf(&b, "%s%s {\n%s%s}\n", tabs, section, config(below, depth+1), tabs)
			continue
		}
		if strings.ContainsRune(section, '"') {
			section = string(text.AppendString(nil, section))
		}
		if n.Section {
			fmt.Fprintf(&b, "%s%s {\n%s%s}\n", tabs, section, config(n.Nodes, depth+1), tabs)
			continue
		}
		fmt.Fprintf(&b, "%s%s=%s\n", tabs, section, configValue(n))
	}
	return b.String()
}

func configValue(n text.Node) string {
	values, err := n.Values()
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, v := range values {
		switch v.Kind {
		case text.Int:
			words = append(words, strconv.FormatInt(v.Int, 10))
		case text.Float:
			f, _ := strconv.ParseFloat(strings.Replace("0"+strings.TrimLeft(v.Text, "+-")+"0", "..", ".", 1), 64)
			if v.Text[0] == '-' {
				f = -f
			}
			words = append(words, strconv.FormatFloat(f, 'f', 6, 64))
		default:
			words = append(words, string(text.AppendString(nil, v.Text)))
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return "[" + strings.Join(words, ",") + "]"
}

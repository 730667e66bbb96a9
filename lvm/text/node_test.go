package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

// lvm.conf, as people write it.
const conf = `# comment
devices {
	filter = [ "a|^/dev/sd|", "r|.*|" ]
	dir = "/dev"
}
global/locking_dir = "/run/lock/lvm"
global {
	umask = 077
	"quoted" = 'single'
}
devices/dir = "/second"
/a//b { c = 1 }
`

func TestFind(t *testing.T) {
	nodes, err := text.Parse(conf)
	require.NoError(t, err)
	tests := []struct{ path, raw string }{
		{"devices/dir", `"/dev"`},
		{"/devices/dir/", `"/dev"`},
		{"global/locking_dir", `"/run/lock/lvm"`},
		{"global/umask", "077"},
		{"global/quoted", "'single'"},
		{"global/none", ""},
		{"none", ""},
		{"devices/dir/x", ""},
	}
	for _, test := range tests {
		n := text.Find(nodes, test.path)
		if test.raw == "" {
			require.Nil(t, n, test.path)
			continue
		}
		require.NotNil(t, n, test.path)
		require.Equal(t, test.raw, n.Raw, test.path)
	}
	require.True(t, text.Find(nodes, "devices").Section)
	s, ok := text.Find(nodes, "global/quoted").Text()
	require.True(t, ok)
	require.Equal(t, "single", s)
	_, ok = text.Find(nodes, "global/umask").Text()
	require.False(t, ok)
	values, err := text.Find(nodes, "devices/filter").Values()
	require.NoError(t, err)
	require.Len(t, values, 2)
	require.Equal(t, "r|.*|", values[1].Text)
	bad := text.Node{Key: "k", Raw: "["}
	_, err = bad.Values()
	require.Error(t, err)
}

func TestNode(t *testing.T) {
	nodes, err := text.Parse("\n\n'a b' = 1\t# one\n# a line\n\ns {\n\n\tx=[1,2]\n}\n")
	require.NoError(t, err)
	require.Equal(t, []text.Node{
		{Key: "'a b'", Raw: "1", Blank: 2, Comment: "one"},
		{Key: "s", Section: true, Blank: 1, Nodes: []text.Node{{Key: "x", Raw: "[1,2]", Blank: 1, Tight: true}}},
	}, nodes)
	require.Equal(t, "a b", nodes[0].Name())
	require.Equal(t, "s", nodes[1].Name())
}

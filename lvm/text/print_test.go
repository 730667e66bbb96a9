package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/text"
)

func TestAppendNodes(t *testing.T) {
	// As lvm2 writes them: a backup, and the same on disk.
	const backup = "\traid {\n\t\tdevice_count = 2\n\n\t\traids = [\n\t\t\t\"a\", \"b\",\n\t\t\t\"c\", \"d\"\n\t\t]\n" +
		"\t\textents = 5\t\t# 20 Megabytes\n\t\tsettings {\n\t\t\tkey=\"two\nlines\"\n\t\t}\n\t}\n"
	const disk = "raid {\ndevice_count = 2\n\nraids = [\n\"a\", \"b\",\n\"c\", \"d\"\n]\n" +
		"extents = 5\nsettings {\n\tkey=\"two\nlines\"\n}\n}\n"
	nodes, err := text.Parse(backup)
	require.NoError(t, err)
	require.Equal(t, backup, string(text.AppendNodes(nil, nodes, 1)))
	require.Equal(t, disk, string(text.AppendNodes(nil, nodes, text.OnDisk)))
	nodes, err = text.Parse(disk)
	require.NoError(t, err)
	nodes[0].Nodes[2].Comment = "20 Megabytes"
	require.Equal(t, backup, string(text.AppendNodes(nil, nodes, 1)))
}

func TestAppendNodesKeepsComments(t *testing.T) {
	const src = "a = [ # it's open\n\t\"b\" # c\n]\n"
	nodes, err := text.Parse(src)
	require.NoError(t, err)
	require.Equal(t, src, string(text.AppendNodes(nil, nodes, 0)))
	n := text.Node{Key: "a", Raw: "1#"}
	require.Equal(t, "a = 1#\n", string(n.Append(nil, 0)))
}

// The columns are those of backup files of lvm2.
func TestAppendComment(t *testing.T) {
	tests := []struct {
		line  string
		depth int
		want  string
	}{
		{"\tformat = \"lvm2\"", 1, "\tformat = \"lvm2\"\t\t\t# c"},
		{"\textent_size = 8192", 1, "\textent_size = 8192\t\t# c"},
		{"\textent_size = 2147483648", 1, "\textent_size = 2147483648\t# c"},
		{"\t\t\tread_ahead = -1", 3, "\t\t\tread_ahead = -1\t# c"},
		{"first = 1\n\t\t\t\tstripe_count = 1", 4, "first = 1\n\t\t\t\tstripe_count = 1\t# c"},
	}
	for _, test := range tests {
		require.Equal(t, test.want, string(text.AppendComment([]byte(test.line), "c", test.depth)))
	}
}

func TestAppendString(t *testing.T) {
	require.Equal(t, `""`, string(text.AppendString(nil, "")))
	require.Equal(t, `"a b"`, string(text.AppendString(nil, "a b")))
	require.Equal(t, `x"\"a\\\\\""`, string(text.AppendString([]byte("x"), `"a\\"`)))
}

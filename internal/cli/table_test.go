package cli_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

func TestTable(t *testing.T) {
	table := cli.Table{Columns: []string{"NAME", ">SIZE", "NOTE"}}
	table.Add("größer", "10", "")
	table.Add("a\x1b[2Jb\n", "7", "x")
	var b strings.Builder
	n, err := table.WriteTo(&b)
	require.NoError(t, err)
	require.Equal(t, `NAME         SIZE  NOTE
größer         10  -
a\x1b[2Jb\n     7  x
`, b.String())
	require.EqualValues(t, b.Len(), n)
}

func TestTableWithoutRows(t *testing.T) {
	var b strings.Builder
	_, err := (&cli.Table{Columns: []string{"NAME", "SIZE"}}).WriteTo(&b)
	require.NoError(t, err)
	require.Equal(t, "NAME  SIZE\n", b.String())
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"": "-", "vg-root": "vg-root", "a b": "a b", "naïve": "naïve",
		"a\tb": `a\tb`, "\xff": `\xff`, "\x1b[31m": `\x1b[31m`,
	} {
		require.Equal(t, want, cli.Printable(in))
	}
}

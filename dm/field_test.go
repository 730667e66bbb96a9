package dm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A tableCase is a target built by hand and the line that it stands for.
type tableCase struct {
	name   string
	target Target
	params string
}

// testTables holds that each target prints its line and each line reads back
// as its target.
func testTables(t *testing.T, cases []tableCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, err := c.target.AppendParams([]byte("0 8 "))
			require.NoError(t, err)
			require.Equal(t, "0 8 "+c.params, string(b))
			parsed, err := ParseTarget(c.target.Type(), c.params)
			require.NoError(t, err)
			require.Equal(t, c.target, parsed)
		})
	}
}

// testRefused holds that no line is made of the targets, each named after what
// is wrong with it.
func testRefused(t *testing.T, targets map[string]Target) {
	t.Helper()
	for name, target := range targets {
		t.Run(name, func(t *testing.T) {
			b, err := target.AppendParams([]byte("kept"))
			require.Error(t, err)
			require.Equal(t, "kept", string(b))
		})
	}
}

// A statusCase is a status line and the value that it stands for.
type statusCase struct {
	name   string
	params string
	status Status
}

func testStatuses(t *testing.T, cases []statusCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			parsed, err := ParseStatus(c.status.Type(), c.params)
			require.NoError(t, err)
			require.Equal(t, c.status, parsed)
			require.Equal(t, "0 8 "+c.params, string(c.status.AppendStatus([]byte("0 8 "))))
		})
	}
}

// testBadLines holds that the lines are refused at the given word. kind is
// "table" or "status".
func testBadLines(t *testing.T, kind, typ string, words map[string]int) {
	t.Helper()
	for params, word := range words {
		t.Run(params, func(t *testing.T) {
			_, _, err := goRound(kind, typ, params)
			var bad *ParamsError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, word, bad.Word, bad)
			require.Equal(t, typ, bad.Target)
			require.Equal(t, kind, bad.Line)
		})
	}
}

// num is a device for tables that have many.
func num(minor uint32) BlockDev { return BlockDev{Dev: Dev{Major: 7, Minor: minor}} }

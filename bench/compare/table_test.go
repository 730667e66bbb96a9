package compare

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func table(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteTable(&b))
	return b.String()
}

func TestWriteTable(t *testing.T) {
	got := table(t, sample(t))
	for line := range strings.Lines(got) {
		line = strings.TrimSuffix(line, "\n")
		width := tableWidth
		if strings.HasPrefix(line, "  status ") {
			width = 120
		}
		require.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
		require.Equal(t, strings.TrimRight(line, " \t"), line, "blanks at the end")
	}
	golden(t, "report.txt", []byte(got))
}

func TestWriteTableEmpty(t *testing.T) {
	got := table(t, new(Report))
	require.Contains(t, got, "No thin volume was measured")
	require.NotContains(t, got, "When space ends")
}

func TestWriteTableEscapes(t *testing.T) {
	r := sample(t)
	r.Environment.Backings[0].Description = "/dev/\x1b[31mred\u202e\xff"
	r.NoSpace[0].KernelStatus = "a\rb"
	got := table(t, r)
	require.True(t, utf8.ValidString(got))
	require.NotContains(t, got, "\x1b")
	require.NotContains(t, got, "\r")
	require.Contains(t, got, `/dev/\x1b[31mred\u202e\xff`)
	require.Contains(t, got, `a\rb`)
}

func TestWriteTableWithoutFigures(t *testing.T) {
	r := &Report{Results: []Cell{{
		Backing: Device, Target: Thin, Workload: RandRead, QueueDepth: 1,
		IOPS: math.NaN(), ThickOverThis: math.Inf(1), ThickOverThisCI: [2]float64{math.NaN(), math.Inf(1)},
	}}}
	require.Regexp(t, `(?m)^  thin +- +- +- +- +- +- +-$`, table(t, r))
}

func TestWriteTableOfRefusedOpen(t *testing.T) {
	require.Regexp(t, `(?m)^  thick +ENOSPC +- +- +- `, table(t, sample(t)))
}

func TestWrap(t *testing.T) {
	require.Equal(t, "a: one two\n   three\n   elephants\n", wrap("a: ", "one two three elephants", 10))
	require.Equal(t, "a:\n", wrap("a: ", "", 10))
}

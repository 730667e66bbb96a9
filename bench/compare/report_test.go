package compare

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

// sample is the report of testdata/report.json, with its summary.
func sample(t *testing.T) *Report {
	t.Helper()
	text, err := os.ReadFile("testdata/report.json")
	require.NoError(t, err)
	r := new(Report)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(r))
	r.Summary = Summarize(r)
	return r
}

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestReportRoundTrip(t *testing.T) {
	r := sample(t)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, *r, back)

	var keys map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &keys))
	for _, key := range []string{"environment", "results", "no_space", "summary"} {
		require.Contains(t, keys, key)
	}
	require.Contains(t, string(keys["no_space"]), `"errno":{"open":null,"write":"ENOSPC","fsync":null,"fsync_again":null}`)
}

// An interval that is worth less than it says is none.
func TestInterval(t *testing.T) {
	ratios := func(n int) [2]float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 2.5 + float64(i)/100
		}
		return interval(stat.HodgesLehmann(x, 0.95))
	}
	require.Equal(t, [2]float64{2.5, 2.55}, ratios(6))
	require.Zero(t, ratios(5))
	c := Cell{Target: Thin, ThickOverThis: 2.5, ThickOverThisCI: ratios(5)}
	require.Equal(t, undecided, c.verdict())
	require.False(t, c.same())
	require.Equal(t, "-", formatInterval(c.ThickOverThisCI))
}

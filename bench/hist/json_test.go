package hist_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/hist"
)

// fioLatency is what the golden holds beside the bins.
type fioLatency struct {
	N          uint64
	Min, Max   int64
	Mean       float64
	StdDev     float64
	Percentile map[string]int64
	Bins       map[string]uint64
}

func golden(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("testdata/fio.json")
	require.NoError(t, err)
	var file struct{ Read, Write, Sync map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal(text, &file))
	all := make(map[string]json.RawMessage)
	for dir, objects := range map[string]map[string]json.RawMessage{"read": file.Read, "write": file.Write, "sync": file.Sync} {
		for name, text := range objects {
			all[dir+" "+name] = text
		}
	}
	require.Len(t, all, 7)
	return all
}

func TestGoldenBinsGiveFiosPercentiles(t *testing.T) {
	for name, text := range golden(t) {
		t.Run(name, func(t *testing.T) {
			var want fioLatency
			require.NoError(t, json.Unmarshal(text, &want))
			var h hist.Histogram
			require.NoError(t, json.Unmarshal(text, &h))
			require.Equal(t, want.Min, h.Min())
			require.Equal(t, want.Max, h.Max())
			require.InEpsilon(t, want.Mean, h.Mean(), 1e-3)
			require.InEpsilon(t, want.StdDev, h.StdDev(), 0.02)
			require.NotEmpty(t, want.Percentile)
			for key, ns := range want.Percentile {
				p, err := strconv.ParseFloat(key, 64)
				require.NoError(t, err)
				require.Equal(t, ns, h.Percentile(p), "p%s", key)
			}
			bins := make(map[string]uint64)
			for ns, n := range h.Bins() {
				bins[strconv.FormatInt(ns, 10)] = n
			}
			require.Equal(t, want.Bins, bins)
		})
	}
}

func TestJSONRoundTrip(t *testing.T) {
	var h, back hist.Histogram
	for ns := int64(1); ns < 1e10; ns = ns*3/2 + 1 {
		h.Record(ns)
	}
	text, err := json.Marshal(&h)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, h, back)
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, text := range []string{`[]`, `{"bins":{"x":1}}`, `{"bins":{"1":-1}}`} {
		var h hist.Histogram
		require.Error(t, json.Unmarshal([]byte(text), &h), text)
	}
}

package hist_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/hist"
)

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"min":1,"max":9,"mean":4.5,"N":2,"bins":{"1":1,"9":1}}`))
	f.Add([]byte(`{"bins":{"-4":18446744073709551615,"9223372036854775807":3}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var h, back hist.Histogram
		if json.Unmarshal(text, &h) != nil {
			return
		}
		again, err := json.Marshal(&h)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(again, &back))
		for _, p := range hist.DefaultPercentiles() {
			require.Equal(t, h.Percentile(p), back.Percentile(p))
		}
	})
}

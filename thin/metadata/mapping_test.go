package metadata

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMappingJoin(t *testing.T) {
	first := Mapping{Virtual: 10, Data: 100, Length: 5, Time: 3}
	tests := []struct {
		name string
		next Mapping
		want uint64 // the length after
	}{
		{"goes on", Mapping{15, 105, 2, 3}, 7},
		{"a hole", Mapping{16, 106, 2, 3}, 5},
		{"elsewhere", Mapping{15, 106, 2, 3}, 5},
		{"later", Mapping{15, 105, 2, 4}, 5},
		{"itself", first, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := first
			require.Equal(t, tt.want != first.Length, m.Join(tt.next))
			require.Equal(t, tt.want, m.Length)
		})
	}
}

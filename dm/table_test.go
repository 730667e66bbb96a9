package dm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

func linear(start, length units.Sectors, offset units.Sectors) dm.Segment {
	return dm.Segment{Start: start, Length: length, Target: dm.Linear{Dev: dm.BlockDev{Dev: dm.Dev{Major: 8}}, Offset: offset}}
}

func TestTableValidate(t *testing.T) {
	const last = units.Sectors(1<<64 - 1)
	pool := dm.Segment{Length: 8, Target: dm.ThinPool{}}
	tests := []struct {
		name    string
		table   dm.Table
		segment int
		want    string
	}{
		{"one", zeroTable(8), 0, ""},
		{"as many sectors as there are", dm.Table{{Length: last, Target: dm.Zero{}}}, 0, ""},
		{"alone", dm.Table{pool}, 0, ""},
		{"none", nil, 0, "table: no segment"},
		{"no target", dm.Table{{Length: 8}}, 1, "segment 1: no target"},
		{"not from zero", dm.Table{linear(8, 8, 0)}, 1, "segment 1: starts at sector 8, want 0"},
		{"gap", dm.Table{linear(0, 8, 0), linear(9, 8, 0)}, 2, "segment 2: starts at sector 9, want 8"},
		{"overlap", dm.Table{linear(0, 8, 0), linear(7, 8, 0)}, 2, "segment 2: starts at sector 7, want 8"},
		{"empty segment", dm.Table{linear(0, 8, 0), linear(8, 0, 0)}, 2, "segment 2: length is zero"},
		{"around the end", dm.Table{linear(0, 8, 0), linear(8, last, 0)}, 2, "segment 2: "},
		{"pool and more", dm.Table{pool, linear(8, 8, 0)}, 1, "segment 1: target thin-pool must be the only one of its table"},
		{"more and a pool", dm.Table{linear(0, 8, 0), {Start: 8, Length: 8, Target: dm.ThinPool{}}}, 2, "segment 2: target thin-pool"},
		{"long type", dm.Table{{Length: 8, Target: dm.Raw{Name: "sixteen-bytes-xx"}}}, 1, `segment 1: target type "sixteen-bytes-xx"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.table.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			var e *dm.TableError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.segment, e.Segment)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestTableText(t *testing.T) {
	const text = "0 8 linear 8:0 16\n8 8 zero \n16 4 no-such-target some words"
	table, err := dm.ParseTable("# a comment\n\n" + text + "\n")
	require.NoError(t, err)
	require.Equal(t, dm.Table{
		linear(0, 8, 16), {Start: 8, Length: 8, Target: dm.Zero{}},
		{Start: 16, Length: 4, Target: dm.Raw{Name: "no-such-target", Params: "some words"}},
	}, table)
	require.Equal(t, text, table.String())
	require.EqualValues(t, 20, table.Size())
	require.Zero(t, dm.Table(nil).Size())
	for _, bad := range []string{"0", "0 8", "0 8 ", "x 8 zero", "0 x zero", "0 8 linear", "0 8 zero\n-1 8 zero", "18446744073709551616 8 zero"} {
		var e *dm.TableError
		_, err := dm.ParseTable(bad)
		require.ErrorAs(t, err, &e, "%q", bad)
		require.Positive(t, e.Segment)
	}
	require.Contains(t, dm.Table{{Length: 8, Target: dm.Linear{}}}.String(), "segment 1: ")
}

func TestTableEqual(t *testing.T) {
	a := dm.Table{linear(0, 8, 0), linear(8, 8, 8)}
	require.True(t, a.Equal(dm.Table{linear(0, 8, 0), linear(8, 8, 8)}))
	require.True(t, dm.Table(nil).Equal(dm.Table{}))
	for name, b := range map[string]dm.Table{
		"shorter": a[:1], "another offset": {linear(0, 8, 0), linear(8, 8, 9)}, "another length": {linear(0, 8, 0), linear(8, 9, 8)},
		"another target": {linear(0, 8, 0), {Start: 8, Length: 8, Target: dm.Zero{}}}, "what cannot be printed": {linear(0, 8, 0), {Start: 8, Length: 8, Target: dm.Linear{}}},
	} {
		require.False(t, a.Equal(b), name)
	}
	padded := dm.Table{{Length: 8, Target: dm.Raw{Name: "thin-pool", Params: "8:0 8:1 128 0 0 "}}}
	plain := dm.Table{{Length: 8, Target: dm.Raw{Name: "thin-pool", Params: "8:0 8:1 128 0 0"}}}
	require.True(t, padded.Equal(plain), "the kernel prints a blank behind")
}

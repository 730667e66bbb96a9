package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

func policies(t *testing.T, text string) (map[string]*pool.Policy, error) {
	t.Helper()
	f, err := conf.Parse("f", []byte(text))
	require.NoError(t, err)
	return pool.Policies(f)
}

func TestPolicies(t *testing.T) {
	got, err := policies(t, `
[s3d.0]
anything = goes
[pool.data/tank]
data_high = 90%
data_step = 10GiB
data_limit = 500GiB
metadata_high = 50%
metadata_step = 10%
metadata_limit = 1GiB
reserve = 5%
when_full = drop
drop_snapshots = daily-* @expendable
hook = logger -t rok "$ROK_EVENT"
[pool.data/all-defaults]
`)
	require.NoError(t, err)
	step := conf.Amount{Percent: 20}
	require.Equal(t, map[string]*pool.Policy{
		"data/tank": {
			Data:     pool.Growth{High: 90, Step: conf.Amount{Size: 10 * units.GiB}, Limit: 500 * units.GiB},
			Metadata: pool.Growth{High: 50, Step: conf.Amount{Percent: 10}, Limit: units.GiB},
			Reserve:  conf.Amount{Percent: 5}, WhenFull: pool.DropSnapshots, Drop: []string{"daily-*", "@expendable"},
			Hook: `logger -t rok "$ROK_EVENT"`,
		},
		"data/all-defaults": {Data: pool.Growth{High: 80, Step: step}, Metadata: pool.Growth{High: 70, Step: step}},
	}, got)
	require.Equal(t, "pool.data/tank", pool.SectionName("data", "tank"))
}

func TestPoliciesErrors(t *testing.T) {
	tests := []struct {
		text string
		is   error
		want string
	}{
		{"[pool.data/t]\ndata_hgih = 3%\n", conf.ErrUnknownKey, "f:2: [pool.data/t] data_hgih: unknown key; did you mean data_high?"},
		{"[pool.data/t]\ndata_step = 0\n", conf.ErrValue, `f:2: [pool.data/t] data_step: "0": wrong value: data_high = 0% is how it never grows`},
		{"[pool.data/t]\nwhen_full = drop\n", conf.ErrValue, `f:2: [pool.data/t] when_full: "drop": wrong value: drop_snapshots must say which`},
		{"[pool.data/t]\ndrop_snapshots = a\n", conf.ErrValue, `f:2: [pool.data/t] drop_snapshots: "a": wrong value: when_full must be drop`},
		{"[pool.data/t]\nwhen_full = drop\ndrop_snapshots = a[\n", conf.ErrValue, `f:3: [pool.data/t] drop_snapshots: "a[": wrong value: "a[" is neither a name, perhaps with wildcards, nor @TAG`},
		{"[pool.data/t]\nwhen_full = wait\n", conf.ErrValue, `f:2: [pool.data/t] when_full: "wait": wrong value: want queue, error, drop`},
		{"[pool.tank]\n", conf.ErrSyntax, "f:1: [pool.tank]: want [pool.VG/POOL]: not of the format"},
		{"[pool./t]\n", lvm.ErrName, ""},
		{"[pool.data/a b]\n", lvm.ErrName, ""},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := policies(t, test.text)
			require.ErrorIs(t, err, test.is)
			require.Nil(t, got)
			if test.want != "" {
				require.EqualError(t, err, test.want)
			}
			where, ok := err.(interface{ Unwrap() []error })
			require.True(t, ok)
			require.NotEmpty(t, where.Unwrap())
		})
	}
}

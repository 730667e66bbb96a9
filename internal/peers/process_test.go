package main

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const fioReport = `fio: a warning
{"jobs": [{"error": 0,
	"read": {"iops": 0, "total_ios": 0, "lat_ns": {"N": 0}},
	"write": {"iops": 1234.5, "total_ios": 3, "lat_ns": {"min": 100, "max": 900, "mean": 400, "N": 3,
		"percentile": {"50.000000": 205, "99.000000": 900}, "bins": {"101": 1, "205": 1, "900": 1}}}}]}`

func TestReadFio(t *testing.T) {
	var r ran
	require.NoError(t, r.readFio([]byte(fioReport), true))
	require.InDelta(t, 1234.5, r.iops, 0)
	require.EqualValues(t, 3, r.ios)
	require.EqualValues(t, 3, r.latency.Count())
	require.Equal(t, map[float64]int64{50: 205, 99: 900}, r.told)

	require.NoError(t, r.readFio([]byte(fioReport), false))
	require.Zero(t, r.ios)

	for _, bad := range []string{"", "no json", `{"jobs": []}`, `{"jobs": [{"error": 5}]}`, `{"jobs": [{"read": {"lat_ns": {"bins": {"x": 1}}}}]}`} {
		require.Error(t, new(ran).readFio([]byte(bad), false), "%q", bad)
	}
}

func TestIsKernelThread(t *testing.T) {
	require.True(t, isKernelThread("17 (kworker/0:1) I 2 0 0 0 -1 69238880 0"))
	require.True(t, isKernelThread("17 (a) b (c) S 2 0"))
	require.False(t, isKernelThread("2 (kthreadd) S 0 0 0 0"))
	require.False(t, isKernelThread("900 (2 2) S 1 900"))
	require.False(t, isKernelThread(""))
}

func TestWatch(t *testing.T) {
	r, out, err := watch(exec.Command("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; cat"), []byte("input"))
	require.NoError(t, err)
	require.Equal(t, "input", string(out))
	require.Greater(t, r.cpu, time.Millisecond)
	require.GreaterOrEqual(t, r.kernel, time.Duration(0))

	_, _, err = watch(exec.Command("sh", "-c", "echo why >&2; exit 3"), nil)
	require.ErrorContains(t, err, "why")
}

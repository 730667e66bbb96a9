package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// outcomeOf has costs of rok, bare, open-ioctl-close and dmsetup.
func outcomeOf(r row, rokNs, bareNs, openNs, dmsetupNs, rokAllocs float64) outcome {
	o := outcome{row: r}
	for _, ns := range []float64{rokNs, bareNs, openNs, dmsetupNs} {
		o.costs = append(o.costs, cost{ns: []float64{ns, ns, ns}, allocs: 4, calls: 1})
	}
	o.costs[placeRok].allocs = rokAllocs
	return o
}

func TestDMBars(t *testing.T) {
	version := row{name: "version", ioctls: 1, reused: true, twenty: true}
	one, many := row{name: "load of 1", ioctls: 1, segments: 1}, row{name: "load of 100", ioctls: 1, segments: 100}
	for _, test := range []struct {
		name     string
		outcomes []outcome
		missed   []string // of the bars that look at these outcomes
	}{
		{"all hold", []outcome{outcomeOf(version, 100, 99, 200, 3000, 0)}, nil},
		{"allocates", []outcome{outcomeOf(version, 100, 99, 200, 3000, 1)}, []string{"version: 1.00"}},
		{"slower than bare", []outcome{outcomeOf(version, 106, 100, 200, 3000, 0)}, []string{"version: 1.06 [1.06 1.06]"}},
		{"19 times", []outcome{outcomeOf(version, 100, 100, 200, 1900, 0)}, []string{"version: 19 [19 19]"}},
		{"slower than open", []outcome{outcomeOf(version, 100, 100, 90, 3000, 0)}, []string{"version: 0.9 [0.9 0.9]"}},
		{
			"allocates for segments",
			[]outcome{outcomeOf(one, 100, 100, 200, 300, 1), outcomeOf(many, 100, 100, 200, 300, 3)},
			[]string{"load of 100: 0.0200 each"},
		},
		{"loads", []outcome{outcomeOf(one, 100, 100, 200, 300, 1), outcomeOf(many, 100, 100, 200, 300, 1)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var missed []string
			for _, b := range dmBars(test.outcomes) {
				missed = append(missed, b.misses...)
			}
			require.Equal(t, test.missed, missed)
		})
	}
}

func TestRows(t *testing.T) {
	devices := 0
	for _, r := range rows(regexp.MustCompile(".")) {
		require.GreaterOrEqual(t, r.devices, devices, "%s: the stand only grows", r.name)
		devices = r.devices
	}
	require.Len(t, rows(regexp.MustCompile("^load")), 6)
	require.Len(t, deviceName(1), len(prefix)+4)
	require.Less(t, len(deviceName(0))+32, bytesPerName)
}

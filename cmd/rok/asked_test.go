package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAsked(t *testing.T) {
	for group, all := range map[string][]command{"pv": pvCommands(), "vg": vgCommands(), "lv": lvCommands()} {
		for _, c := range all {
			require.Equal(t, c.name, c.build(&env{}).Name(), group)
			one := asked(&env{args: []string{group, c.name, "x"}}, group, all)
			require.Len(t, one, 1)
			require.Equal(t, c.name, one[0].Name())
		}
		for _, args := range [][]string{{group}, {group, "none"}, {group, "-h"}, {"help", group, "ls"}, {"other", "ls"}} {
			require.Len(t, asked(&env{args: args}, group, all), len(all), "%q", args)
		}
	}
}

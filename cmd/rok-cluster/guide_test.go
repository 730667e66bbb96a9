package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The guide's command blocks, in its order, on one node.
func TestUpgradeGuideOnOneNode(t *testing.T) {
	text, err := os.ReadFile("../../docs/upgrade-0.12.md")
	require.NoError(t, err)
	s := newShell(t)
	s.node011("rok1")
	s.old["rok1"] = false
	commands := 0
	for _, m := range regexp.MustCompile(`(?m)^    (rok-\S+ .*)$`).FindAllStringSubmatch(string(text), -1) {
		s.must("rok1", m[1])
		commands++
	}
	require.Equal(t, 11, commands)
	require.Contains(t, s.must("rok1", "rok-cluster-upgrade-v0.12.0 verify"), "is complete")
}

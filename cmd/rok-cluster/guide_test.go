package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The guide's command blocks, in its order, on one node; the maps' commands are not of this part.
func TestUpgradeGuideOnOneNode(t *testing.T) {
	text, err := os.ReadFile("../../docs/upgrade-0.12.md")
	require.NoError(t, err)
	s := newShell(t)
	s.cluster011("rok1")
	s.old["rok1"] = false
	commands := 0
	for _, m := range regexp.MustCompile(`(?m)^    (rok-\S+ .*)$`).FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(m[1], "rok-composer-tool ") || strings.HasPrefix(m[1], "rok-cluster-gc ") {
			continue
		}
		s.must("rok1", m[1])
		commands++
	}
	require.Equal(t, 8, commands)
	require.Contains(t, s.must("rok1", "rok-cluster-upgrade-v0.12.0 verify"), "is complete")
}

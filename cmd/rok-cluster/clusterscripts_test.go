package main

import (
	"testing"

	"github.com/rok-storage/rok/internal/cli/clitest"
)

func TestClusterScripts(t *testing.T) {
	clitest.Scripts(t, "testdata/cluster/*.txt", func(t testing.TB) clitest.Machine { return newClusterWorld(t) })
}

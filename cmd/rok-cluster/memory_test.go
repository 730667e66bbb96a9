package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The largest blocks that there are, and the most memory that a command takes: 150 MiB.
func TestMemory(t *testing.T) {
	m := newMachine(t)
	m.do("disk disk.img 192M")
	for i := range 12 {
		m.do(fmt.Sprintf("write disk.img %dM 16M %d", 16*i, i))
	}
	for _, args := range [][]string{
		{"rok-register", "-q", "--block-size", "16MiB", "disk.img", "a"}, {"rok-register", "-q", "disk.img", "a"},
		{"rok-present", "-q", "a", "out.img"}, {"rok-present", "-q", "--overwrite", "a", "out.img"},
		{"rok-composer-tool", "verify", "-q", "--deep"},
	} {
		c := m.program(args...)
		c.Env = append(c.Env, asProgram+"="+m.dir+"/status")
		out, err := c.CombinedOutput()
		require.NoError(t, err, string(out))
		status, err := os.ReadFile("status")
		require.NoError(t, err)
		found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
		require.NotNil(t, found)
		peak, err := strconv.Atoi(string(found[1]))
		require.NoError(t, err)
		t.Logf("%v: %d MiB", args, peak>>10)
		require.Less(t, peak>>10, 150, "%v", args)
	}
}

package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// burn uses the processor until the count has seen some of it.
func burn(t *testing.T, c *cpuCount) {
	t.Helper()
	before := c.used()
	for deadline := time.Now().Add(10 * time.Second); c.used() == before; {
		require.True(t, time.Now().Before(deadline), "no processor time in 10 s")
	}
}

// From the first worker that counts to the last, however they overlap, and
// nothing in between.
func TestCPUCount(t *testing.T) {
	var c cpuCount
	require.Zero(t, c.used())
	c.start()
	burn(t, &c)
	c.start()
	c.stop()
	burn(t, &c)
	c.stop()
	first := c.used()
	require.Positive(t, first.Total())
	for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end); {
		continue
	}
	require.Equal(t, first, c.used(), "nobody counts")
	c.start()
	burn(t, &c)
	c.stop()
	require.Greater(t, c.used().Total(), first.Total())
}

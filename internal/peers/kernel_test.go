package main

import (
	"context"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
)

func TestKernelTables(t *testing.T) {
	testenv.Kernel(t, "linear", "striped", "zero", "error", "program dmsetup")
	b, err := tablesBar(t.Context())
	require.NoError(t, err)
	require.Empty(t, b.misses)
	require.Positive(t, b.cases)
}

// The stand makes what the operations need, each contender can do each of
// them, and nothing is left. How fast is for a machine that has time.
func TestKernelOperations(t *testing.T) {
	testenv.Kernel(t, "linear", "zero", "program dmsetup")
	few := regexp.MustCompile("^(version|list of 1|info|status|load of 1.*|cycle.*)$")
	err := onStand(t.Context(), rows(few), func(r row, cs []contender) error {
		costs, err := interleave(t.Context(), cs, 1, time.Microsecond)
		if err == nil && r.reused && !testenv.Race {
			require.Less(t, costs[placeRok].allocs, noAllocation, r.name)
		}
		return err
	})
	require.NoError(t, err)
}

// A test binary cannot be its own child, so that another program is counted.
func TestKernelTraceCalls(t *testing.T) {
	testenv.Kernel(t, "program true", "program ls")
	empty, err := traceCalls(t.Context(), exec.Command("true"))
	require.NoError(t, err)
	require.Len(t, empty, 1, "no mark")
	require.Positive(t, empty[0])
	more, err := traceCalls(t.Context(), exec.Command("ls", "/", "/proc"))
	require.NoError(t, err)
	require.Greater(t, more[0], empty[0])
	marked, err := traceCalls(t.Context(), exec.Command("sh", "-c", "kill -USR1 $$; kill -USR1 $$"))
	require.NoError(t, err)
	require.Len(t, marked, 3)
	require.Equal(t, 1, marked[1], "the mark itself")
}

func TestKernelRemoveLeftovers(t *testing.T) {
	testenv.Kernel(t, "zero")
	r, err := openRok(true)
	require.NoError(t, err)
	defer r.close()
	s := &stand{conn: r.conn}
	require.NoError(t, s.grow(context.Background(), 3))
	require.NoError(t, removeLeftovers())
	entries, err := r.conn.List()
	require.NoError(t, err)
	require.Empty(t, entries)
}

package main

import (
	"context"
	"errors"
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
	done := 0
	err := onStand(t.Context(), func(r row, cs []contender) error {
		if r.devices > 100 {
			return errEnough
		}
		done++
		_, err := interleave(t.Context(), cs, 1, time.Microsecond)
		return err
	})
	require.ErrorIs(t, err, errEnough)
	require.Equal(t, len(rows())-2, done)
}

var errEnough = errors.New("enough")

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

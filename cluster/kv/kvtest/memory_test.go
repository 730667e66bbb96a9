package kvtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

func TestMemory(t *testing.T) {
	m := kvtest.NewMemory()
	kvtest.Test(t, func(t *testing.T) kvtest.Target {
		return kvtest.Target{Store: m, Other: m, Pass: m.Advance, Compact: func(*testing.T, int64) { m.Compact() }}
	})
}

func TestMemoryDown(t *testing.T) {
	var m kvtest.Memory
	m.SetDown(true)
	_, err := m.Get(t.Context(), "a")
	require.ErrorIs(t, err, kv.ErrUnreachable)
	for _, err := range m.Watch(t.Context(), "", 0) {
		require.ErrorIs(t, err, kv.ErrUnreachable)
	}
	m.SetDown(false)
	_, err = m.Get(t.Context(), "a")
	require.NoError(t, err)
}

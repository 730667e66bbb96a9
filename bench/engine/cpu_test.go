package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/engine"
)

func TestMeterSeesWork(t *testing.T) {
	var m engine.Meter
	before := m.Process()
	for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end); {
		continue
	}
	require.Positive(t, m.Process().Sub(before).Total())
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Process() }))
}

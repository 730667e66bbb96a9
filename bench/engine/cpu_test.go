package engine_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/engine"
)

func TestMeterSeesWork(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var m engine.Meter
	thread, process := m.Thread(), m.Process()
	for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end); {
		continue
	}
	worked := m.Thread().Sub(thread)
	require.Positive(t, worked.Total())
	require.GreaterOrEqual(t, m.Process().Sub(process).Total(), worked.Total()/2)
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Thread(); m.Process() }))
}

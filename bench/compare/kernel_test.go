package compare

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/units"
)

func open(t *testing.T) *dm.Conn {
	testenv.Kernel(t, "thin-pool", "thin", "linear", "delay")
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

func TestKernelNoSpace(t *testing.T) {
	conn := open(t)
	plan, err := NewPlan(Config{Dir: t.TempDir(), Virtual: true, Size: 8 * units.MiB})
	require.NoError(t, err)
	plan.backings, plan.groups = nil, nil
	report, err := plan.Run(context.Background(), conn)
	require.NoError(t, err)
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	require.NoError(t, e.Encode(report))
}

func TestKernelCompare(t *testing.T) {
	conn := open(t)
	plan, err := NewPlan(Config{Dir: t.TempDir(), Virtual: true, Size: 64 * units.MiB, CellTime: time.Second, Progress: func(p Progress) { t.Log(p.Step, p.Done, p.Total, p.Elapsed) }})
	require.NoError(t, err)
	plan.cases = nil
	report, err := plan.Run(context.Background(), conn)
	require.NoError(t, err)
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	require.NoError(t, e.Encode(report))
}

package compare

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/thin"
)

func TestKernelNoSpace(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	plan := shortPlan(t, Config{Dir: dir, Virtual: true}, noGroup, ThinQueue, ThinError, ThinMetadataQueue, ThinMetadataError, ThickFull)
	report, err := plan.Run(context.Background(), conn)
	require.NoError(t, err)
	require.Len(t, report.NoSpace, 5)
	for _, n := range report.NoSpace {
		require.True(t, n.Recovered, "%+v", n)
		require.True(t, n.DataIntact, "%+v", n)
		require.NotEmpty(t, n.Recovery)
		require.NotEmpty(t, n.KernelStatus)
		name := func(s string) *string { return &s }
		switch n.Case {
		case ThinQueue:
			require.Equal(t, name("ENOSPC"), n.Errno.Write)
			require.InDelta(t, 5, n.Seconds, 3) // no_space_timeout of the run
			require.Contains(t, n.KernelStatus, "256/256 - out_of_data_space")
			require.Zero(t, n.LostBytes)
		case ThinError:
			require.Equal(t, name("ENOSPC"), n.Errno.Write)
			require.Less(t, n.Seconds, 4.0)
			require.Contains(t, n.KernelStatus, "error_if_no_space")
			require.Zero(t, n.LostBytes)
		case ThinMetadataQueue, ThinMetadataError:
			require.NotEqual(t, name("ENOSPC"), n.Errno.Write)
			require.Contains(t, n.KernelStatus, " ro ")
			require.Contains(t, n.KernelStatus, "needs_check")
			require.LessOrEqual(t, n.LostBytes, 64*blockSize) // writes since the last fsync
		case ThickFull:
			require.Equal(t, Errnos{Open: name("ENOSPC")}, n.Errno)
			require.Contains(t, n.KernelStatus, "no space: wanted ")
			require.Zero(t, n.LostBytes)
		}
	}
}

// What Debian's own checker says of metadata that ran out, before and after it
// was mended.
func TestKernelMendedMetadata(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	testenv.Kernel(t, "program thin_check")
	ctx := context.Background()
	o, err := newOwn(conn, dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, o.close(ctx)) }()
	loop, err := o.image(spaceNeeded())
	require.NoError(t, err)
	d, err := openDisk(loop.File())
	require.NoError(t, err)

	p := &fullPool{own: o, disk: d, free: linear.Set{{Length: d.size}}, spaceCase: spaceCases()[3]}
	require.Equal(t, ThinMetadataError, p.name)
	require.NoError(t, p.make(ctx))
	app, err := openApplication(p.volume.Path(), chunkSize, p.every)
	require.NoError(t, err)
	defer app.close()
	_, err = p.runApplication(ctx, app)
	require.NoError(t, err)
	status, err := p.pool.Status()
	require.NoError(t, err)
	require.Equal(t, thin.OutOfMetadataSpace, status.State)
	require.ErrorIs(t, status.Err(), thin.ErrNeedsCheck)

	_, err = p.mendMetadata(ctx, app)
	require.NoError(t, err)
	back, err := p.isBack(app)
	require.NoError(t, err)
	require.True(t, back)

	require.NoError(t, app.pause())
	require.NoError(t, p.volume.Deactivate(ctx, dm.RemoveOptions{}))
	require.NoError(t, p.pool.Remove(ctx))
	out, err := exec.Command("thin_check", p.path("meta")).CombinedOutput()
	require.NoError(t, err, "thin_check: %s", out)
}

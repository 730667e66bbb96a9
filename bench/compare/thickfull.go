package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/units"
)

// thickFull asks for a thick volume that does not fit, beside one that is in
// use. It is refused before anything is written, and the one in use does not
// notice.
func (o *own) thickFull(ctx context.Context, d disk) (NoSpace, error) {
	n := NoSpace{Case: ThickFull}
	const blocks = 64
	volume, free, err := cut(d, linear.Set{{Length: d.size}}, blocks*chunkSize)
	if err != nil {
		return n, err
	}
	table, err := volume.Table()
	if err != nil {
		return n, err
	}
	if _, _, err := o.device(ctx, "thick", table); err != nil {
		return n, err
	}
	app, err := openApplication(o.conn.NodePath(o.name("thick")), chunkSize, 16)
	if err != nil {
		return n, err
	}
	defer app.close()
	if _, err := app.run(ctx, blocks/2); err != nil {
		return n, err
	}
	wanted, err := (2 * free.Size()).Bytes()
	if err != nil {
		return n, err
	}
	began := time.Now()
	_, _, refused := cut(d, free, wanted)
	n.Seconds = time.Since(began).Seconds()
	noSpace, ok := errors.AsType[*linear.NoSpaceError](refused)
	if !ok {
		return n, fmt.Errorf("compare: a thick volume of %v was not refused with %v free: %w", wanted, units.Bytes(free.Size())*units.SectorSize, refused)
	}
	n.Errno.Open = errnoName(refused)
	n.KernelStatus = noSpace.Error()
	n.Recovery = []string{"none needed: nothing was written; ask for what is free, or add a disk"}
	out, err := app.run(ctx, blocks)
	if err != nil {
		return n, err
	}
	n.Errno.Write, n.Errno.Fsync, n.Errno.FsyncAgain = errnoName(out.write), errnoName(out.fsync), errnoName(out.fsyncAgain)
	found, err := app.audit()
	n.DataIntact, n.LostBytes = found.intact, found.lost
	n.Recovered = out == outcome{held: out.held}
	return n, err
}

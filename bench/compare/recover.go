package compare

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// extendData brings a pool back that is out of data space: its data device
// grows, and the pool is told, with the volume in use.
func (p *fullPool) extendData(ctx context.Context, _ *application) ([]string, error) {
	more := units.Bytes(p.spaceCase.volume-p.spaceCase.data) * chunkSize
	var err error
	if p.data, err = p.grow(ctx, "data", p.data, more); err != nil {
		return nil, err
	}
	if err := p.pool.Reload(ctx, p.config()); err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("extend the data device by %v, with the volume in use", more),
		"load the pool's table with the new size, suspend without flushing, resume",
	}, nil
}

// mendMetadata brings a pool back that is out of metadata space. The kernel
// does not let it grow before the needs-check flag is cleared, and that is done
// offline: only after a walk of the whole metadata found it sound.
func (p *fullPool) mendMetadata(ctx context.Context, app *application) ([]string, error) {
	if err := app.pause(); err != nil {
		return nil, err
	}
	if err := p.volume.Deactivate(ctx, dm.RemoveOptions{Retry: removeRetry}); err != nil {
		return nil, err
	}
	if err := p.pool.Device().Remove(ctx, dm.RemoveOptions{Retry: removeRetry}); err != nil {
		return nil, err
	}
	report, err := clearNeedsCheck(ctx, p.path("meta"))
	if err != nil {
		return nil, err
	}
	more := units.Bytes(fullMetadata-p.metadata) * thinMetadataBlock
	if p.meta, err = p.grow(ctx, "meta", p.meta, more); err != nil {
		return nil, err
	}
	if p.pool, err = p.own.pool(ctx, "pool", p.config()); err != nil {
		return nil, err
	}
	if err := p.activate(ctx, p.pool.Activate); err != nil {
		return nil, err
	}
	return []string{
		"stop the application, deactivate the volume and the pool",
		fmt.Sprintf("walk the metadata: %d blocks in use, %d mappings, sound", report.MetadataUsed, report.Mappings),
		"clear the needs-check flag",
		fmt.Sprintf("extend the metadata device by %v", more),
		"activate the pool, which takes the new size, and the volume",
	}, app.open()
}

// clearNeedsCheck clears the flag of the metadata on the device at path, if the
// metadata is sound.
func clearNeedsCheck(ctx context.Context, path string) (*metadata.Report, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	size, err := ioctl.DeviceSize(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	report, err := metadata.ClearNeedsCheck(ctx, f, size)
	return report, errors.Join(err, f.Close())
}

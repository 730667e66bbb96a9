package bench

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/pattern"
	"github.com/rok-storage/rok/units"
)

// Target is where a job runs: a block device or a regular file.
type Target struct {
	Name string `json:"name"` // in results; empty: Path
	Path string `json:"path"`
	// Offset and Size cut out the part that jobs see; Size 0: to the end.
	Offset units.Bytes `json:"offset"`
	Size   units.Bytes `json:"size"`
	// Shared lets a job write to a block device that something else has
	// claimed: a mount, a device-mapper table, swap. Otherwise that is EBUSY.
	Shared bool `json:"shared,omitempty"`
}

func (t Target) name() string {
	if t.Name != "" {
		return t.Name
	}
	return t.Path
}

// open opens t for j. The caller closes the file.
func (t Target) open(j Job, claim bool) (*engine.File, error) {
	f, err := engine.OpenFile(t.Path, engine.OpenFlags{Write: j.RW.Writes(), Direct: j.Direct, Claim: claim})
	if err != nil {
		return nil, fmt.Errorf("bench: target %q: %w", t.name(), err)
	}
	return f, nil
}

// claim opens t as its jobs will, sees whether j fits, and keeps a block device
// that is written to for itself as long as the file stays open.
func (t Target) claim(j Job) (*engine.File, pattern.Region, error) {
	f, err := t.open(j, j.RW.Writes() && !t.Shared)
	if err != nil {
		return nil, pattern.Region{}, err
	}
	region, err := t.region(j, units.Bytes(f.Size()))
	if err == nil && !j.Direct {
		err = f.DropCache()
	}
	if err != nil {
		return nil, pattern.Region{}, errors.Join(err, f.Close())
	}
	return f, region, nil
}

// region is what j covers of t, whose device has the given size.
func (t Target) region(j Job, device units.Bytes) (pattern.Region, error) {
	part, err := cut(0, device, t.Offset, t.Size)
	if err == nil {
		part, err = cut(part.offset, part.size, j.Offset, j.Size)
	}
	if err == nil && part.size < j.BlockSize {
		err = fmt.Errorf("no block of %s in %s", j.BlockSize, part.size)
	}
	if err != nil {
		return pattern.Region{}, fmt.Errorf("bench: target %q: %w: %w", t.name(), err, ErrJob)
	}
	return pattern.Region{
		Offset: int64(part.offset), Size: int64(part.size),
		BlockSize: int64(j.BlockSize), Stride: int64(j.Chunk),
	}, nil
}

type extent struct{ offset, size units.Bytes }

// cut takes size bytes at offset (0: all that follow) out of an extent.
func cut(from, have, offset, size units.Bytes) (extent, error) {
	if offset > have {
		return extent{}, fmt.Errorf("offset %s is beyond the end at %s", offset, have)
	}
	if size == 0 {
		size = have - offset
	}
	if size > have-offset {
		return extent{}, fmt.Errorf("%s wanted at offset %s, %s there", size, offset, have-offset)
	}
	return extent{from + offset, size}, nil
}

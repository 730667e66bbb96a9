package main

import (
	"context"
	"fmt"
	"os"

	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// thinDelta is what was measured of one comparison of a volume and its snapshot.
type thinDelta struct {
	what        string
	left, right thin.DeviceID
	rok, tool   spent
	changes     uint64 // virtual blocks
	// Metadata blocks: those that package thin/metadata has read, all from the
	// superblock on; those of both trees; and those that only one of them has.
	read, all, differ int
}

// The comparisons, for -ops.
const (
	deltaRuns   = "delta, 10 runs of 100"
	deltaRandom = "delta, 1000 at random"
)

func thinDeltas() []thinDelta {
	return []thinDelta{
		{what: deltaRuns, left: thinBefore, right: thinBetween},
		{what: deltaRandom, left: thinBetween, right: thinVolume},
	}
}

// measureThinDeltas compares the devices of a pool that a kernel has made.
func measureThinDeltas(ctx context.Context, cfg config, dir string) (deltas []thinDelta, err error) {
	path := ""
	for _, d := range thinDeltas() {
		if !cfg.ops.MatchString(d.what) {
			continue
		}
		if path == "" {
			if path, err = kernelPool(ctx, cfg, dir); err != nil {
				return nil, err
			}
			if _, err := output(ctx, "thin_check", path); err != nil {
				return nil, err
			}
		}
		if err := d.count(path); err != nil {
			return nil, err
		}
		left, right := fmt.Sprint(d.left), fmt.Sprint(d.right)
		op := thinOperation{
			what:   d.what,
			rok:    []string{cfg.rok, "thin", "delta", path, left, right},
			tool:   []string{"thin_delta", "--thin1", left, "--thin2", right, path},
			before: nothing,
			same: func(ctx context.Context, rok, tool []string) error {
				return sameOutput(ctx, append(rok[:len(rok):len(rok)], "--same", "-o", "xml"), tool)
			},
		}
		if d.rok, d.tool, err = op.measure(ctx, cfg); err != nil {
			return nil, err
		}
		deltas = append(deltas, d)
	}
	return deltas, nil
}

// count counts the blocks that a comparison reads, and those that it has to.
func (d *thinDelta) count(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.countRead(f); err != nil {
		return err
	}
	w := thinWalk{f}
	roots, err := w.roots()
	if err != nil {
		return err
	}
	left, err := w.blocks(roots[uint64(d.left)])
	if err != nil {
		return err
	}
	right, err := w.blocks(roots[uint64(d.right)])
	if err != nil {
		return err
	}
	d.all, d.differ = left.compare(right)
	return nil
}

func (d *thinDelta) countRead(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	counted := &countedReads{r: f}
	m, err := metadata.Open(counted, units.Bytes(info.Size()))
	if err != nil {
		return err
	}
	left, err := m.Trees().Device(uint64(d.left))
	if err != nil {
		return err
	}
	right, err := m.Trees().Device(uint64(d.right))
	if err != nil {
		return err
	}
	for c, err := range m.Trees().Delta(left, right, metadata.DeltaOptions{}).Changes() {
		if err != nil {
			return err
		}
		d.changes += c.Length
	}
	d.read = counted.blocks
	return nil
}

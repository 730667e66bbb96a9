package metadata

import (
	"context"
	"fmt"
)

// CheckHeld checks the trees of the metadata snapshot alone, as [Metadata.Check] does:
// [ErrNoSnapshot] where none is held. They do not change while it is, so this may be
// done while the pool is active. There are no space maps to compare with, so of the Report
// DataBlocks and the leaks stay 0; Superblock is the snapshot's.
//
// A superblock of the snapshot that cannot be read is a fault.
func (m *Metadata) CheckHeld(ctx context.Context) (*Report, error) {
	c := newChecker(m)
	t, err := m.HeldTrees()
	if m.sb.HeldRoot == superblockBlock {
		return nil, err
	}
	if err != nil {
		c.report.fault(asCorrupt(m.sb.HeldRoot, "held root", err))
		return c.report, nil
	}
	c.report.Superblock = t.sb
	c.report.MetadataUsed++
	if err := c.trees(ctx, t.sb, true); err != nil {
		return nil, fmt.Errorf("metadata: check: %w", err)
	}
	return c.report, nil
}

package metadata

import "errors"

// maxListed bounds each list of a Report.
const maxListed = 1000

// Report is what [Metadata.Check] found. Lists end after 1,000 entries; their
// counts go on.
type Report struct {
	Superblock Superblock

	Devices      uint64 // thin devices of the pool, without those of a held root
	Mappings     uint64 // of all these devices together
	DataBlocks   uint64 // distinct data blocks that something maps, the held root included
	MetadataUsed uint64 // metadata blocks in use, space maps and held root included

	// Faults are what makes the metadata unsafe to use, and FaultCount how
	// many there are.
	Faults     []*CorruptError
	FaultCount uint64
	// Warnings are fields that are wrong but cannot make the kernel harm data,
	// such as the number of allocated blocks.
	Warnings     []*CorruptError
	WarningCount uint64

	// Leaks are blocks that a space map counts more references to than there
	// are. They are known only where no tree is damaged.
	DataLeaks     Leaks
	MetadataLeaks Leaks
}

// Leaks are blocks lost to use until a repair.
type Leaks struct {
	Blocks uint64  // how many
	Ranges []Range // where
}

// add takes block, which is above all blocks added before.
func (l *Leaks) add(block uint64) {
	l.Blocks++
	if n := len(l.Ranges); n > 0 && l.Ranges[n-1].Last+1 == block {
		l.Ranges[n-1].Last = block
	} else if n < maxListed {
		l.Ranges = append(l.Ranges, NewRange(block, block))
	}
}

// Sound reports whether there are no faults. Leaks and warnings do not count.
func (r *Report) Sound() bool { return r.FaultCount == 0 }

// Err is nil for sound metadata, and otherwise the listed faults as one error,
// which matches [ErrCorrupt].
func (r *Report) Err() error {
	errs := make([]error, len(r.Faults))
	for i, f := range r.Faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}

func (r *Report) fault(err *CorruptError) {
	r.FaultCount++
	if len(r.Faults) < maxListed {
		r.Faults = append(r.Faults, err)
	}
}

func (r *Report) warn(err *CorruptError) {
	r.WarningCount++
	if len(r.Warnings) < maxListed {
		r.Warnings = append(r.Warnings, err)
	}
}

package dm

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// WritecacheMode is the kind of a cache device.
type WritecacheMode string

// The letters of drivers/md/dm-writecache.c.
const (
	WritecacheSSD  WritecacheMode = "s"
	WritecachePmem WritecacheMode = "p" // persistent memory, written without block I/O
)

// Writecache keeps writes on a fast device, and writes them to the slow one
// later: target "writecache", drivers/md/dm-writecache.c. [WritecacheStatus]
// is its status.
//
//	0 2097152 writecache s 8:16 8:32 4096 2 high_watermark 60
//
// The zero value has no mode, devices or block size. Every option may stay
// zero; a nil option is not in the line.
type Writecache struct {
	Mode      WritecacheMode
	Origin    BlockDev    // the slow device
	Cache     BlockDev    // the fast device
	BlockSize units.Bytes // 4096, or 512 and more

	StartSector      *units.Sectors // where on Cache the cache begins
	HighWatermark    *uint64        // percent: writing back begins
	LowWatermark     *uint64        // percent: writing back ends
	WritebackJobs    *uint64        // at once
	AutocommitBlocks *uint64        // written without a flush before one is made
	AutocommitTime   *uint64        // ms before one is made
	MaxAge           *uint64        // ms before a block is written back
	Cleaner          bool           // write everything back, cache nothing
	FUA              bool           // pmem: write back with FUA
	NoFUA            bool           // pmem: write back with flushes; not with FUA
	MetadataOnly     bool           // cache only what file systems mark as metadata
	PauseWriteback   *uint64        // SSD: ms to wait after other I/O to Origin

	// Options that have no field here, with their arguments, in the line's
	// order.
	Other []string
	Extra string // what follows in the line, verbatim
}

// Type returns "writecache".
func (Writecache) Type() string { return "writecache" }

func (t *Writecache) fields() []field {
	return []field{
		{"mode", (*string)(&t.Mode)},
		{"origin device", needed{&t.Origin}},
		{"cache device", needed{&t.Cache}},
		{"block size", (*uint64)(&t.BlockSize)},
	}
}

// options lists the options in the order of writecache_status of
// dm-writecache.c.
func (t *Writecache) options() []field {
	return []field{
		{"start_sector", &t.StartSector},
		{"high_watermark", &t.HighWatermark},
		{"low_watermark", &t.LowWatermark},
		{"writeback_jobs", &t.WritebackJobs},
		{"autocommit_blocks", &t.AutocommitBlocks},
		{"autocommit_time", &t.AutocommitTime},
		{"max_age", &t.MaxAge},
		{"cleaner", &t.Cleaner},
		{"fua", &t.FUA},
		{"nofua", &t.NoFUA},
		{"metadata_only", &t.MetadataOnly},
		{"pause_writeback", &t.PauseWriteback},
	}
}

// AppendParams appends "MODE ORIGIN CACHE BLOCK-SIZE #OPTIONS OPTION…". It
// fails where the mode or a device is not set.
func (t Writecache) AppendParams(b []byte) ([]byte, error) {
	if err := checkFields(t.fields()); err != nil {
		return b, err
	}
	if err := checkOptions(t.options(), t.Other); err != nil {
		return b, fmt.Errorf("options: %w", err)
	}
	l := appendLine(b).fields(0, t.fields()).counted(options(t.options(), t.Other))
	return l.extra(t.Extra).b, nil
}

func parseWritecache(s string) (Target, error) {
	var t Writecache
	p := tableParams(t.Type(), s)
	p.fields(4, t.fields())
	t.Other = p.options(p.uint("number of options", 16), t.options())
	t.Extra = p.extra()
	return t, p.end()
}

// WritecacheStatus is the status of a [Writecache].
//
//	0 2097152 writecache 0 253 253 0 0 0 0 0 0 0 0 0 0 0
type WritecacheStatus struct {
	Error           int64  // not zero: the cache has failed
	Blocks          uint64 // in the cache, of Writecache.BlockSize
	FreeBlocks      uint64
	WritebackBlocks uint64 // being written back

	// Counts of requests since the start, or since the message clear_stats.
	Reads, ReadHits         uint64
	Writes                  uint64
	WriteHitsUncommitted    uint64
	WriteHitsCommitted      uint64
	WritesAround            uint64
	WritesAllocate          uint64
	WritesBlockedOnFreelist uint64
	Flushes, Discards       uint64

	// Fields is how many of the 14 fields the kernel printed; zero is all of
	// them. Linux before 5.15 prints four (to WritebackBlocks).
	Fields int
	Extra  string // what follows, verbatim
}

// Type returns "writecache".
func (WritecacheStatus) Type() string { return "writecache" }

func (s *WritecacheStatus) fields() []field {
	return []field{
		{"error", &s.Error},
		{"blocks", &s.Blocks},
		{"free blocks", &s.FreeBlocks},
		{"blocks under writeback", &s.WritebackBlocks},
		{"reads", &s.Reads},
		{"read hits", &s.ReadHits},
		{"writes", &s.Writes},
		{"write hits, uncommitted", &s.WriteHitsUncommitted},
		{"write hits, committed", &s.WriteHitsCommitted},
		{"writes around", &s.WritesAround},
		{"writes that allocate", &s.WritesAllocate},
		{"writes blocked on the free list", &s.WritesBlockedOnFreelist},
		{"flushes", &s.Flushes},
		{"discards", &s.Discards},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s WritecacheStatus) AppendStatus(b []byte) []byte {
	return appendLine(b).fields(s.Fields, s.fields()).extra(s.Extra).b
}

func parseWritecacheStatus(params string) (Status, error) {
	var s WritecacheStatus
	p := statusParams(s.Type(), params)
	s.Fields = p.printed(4, s.fields())
	s.Extra = p.extra()
	return s, p.end()
}

package bench

import (
	"fmt"
	"time"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

// Job is what to do on a target. The fields carry the meanings of the fio
// options named beside them, and zero values mean fio's defaults: the zero Job
// reads the target once from beginning to end in blocks of 4 KiB.
type Job struct {
	Name   string      `json:"name,omitempty"` // name
	RW     RW          `json:"rw"`             // rw
	Engine engine.Kind `json:"ioengine"`       // ioengine

	BlockSize units.Bytes `json:"bs"`        // bs; 0: 4 KiB. Whole sectors
	IODepth   int         `json:"iodepth"`   // iodepth; 0: 1. Per job; psync always has 1
	NumJobs   int         `json:"numjobs"`   // numjobs; 0: 1. Each covers the whole region, but Touch shares it out
	Direct    bool        `json:"direct"`    // direct: O_DIRECT
	RWMixRead int         `json:"rwmixread"` // rwmixread: percent of reads of the mixed kinds, 1…99; 0: 50

	Offset units.Bytes `json:"offset"`          // offset, from the target's
	Size   units.Bytes `json:"size"`            // size of the region; 0: to the target's end
	Chunk  units.Bytes `json:"chunk,omitempty"` // of Touch: whole blocks; 0: 64 KiB

	// Runtime ends the job, after RampTime, whose I/O is not counted. Without
	// TimeBased the job also ends after one pass over its region; without
	// Runtime, only so. Touch ends when all chunks are touched, whatever
	// TimeBased says.
	Runtime   time.Duration `json:"runtime_ns"`   // runtime
	RampTime  time.Duration `json:"ramp_time_ns"` // ramp_time
	TimeBased bool          `json:"time_based"`   // time_based

	// Fsync and Fdatasync queue a sync after every so many writes; 0: never.
	// At most one of them may be set.
	Fsync     int  `json:"fsync"`     // fsync
	Fdatasync int  `json:"fdatasync"` // fdatasync
	EndFsync  bool `json:"end_fsync"` // end_fsync: one sync after the last write, in the job's time

	// NoRandomMap draws each block anew. Otherwise every block of the region
	// comes once per pass.
	NoRandomMap bool `json:"norandommap"` // norandommap
	// RandSeed makes another order and other data; equal seeds, equal orders.
	RandSeed uint64 `json:"randseed"` // randseed

	// BatchSubmit is how many I/Os are handed to the kernel at once; 0: 1.
	// BatchCompleteMin is how many to wait for when the queue is full; 0: 1.
	// BatchCompleteMax, if set, is how many are taken then at most, and leaves
	// completions alone while the queue is not full: fio's way, whose default
	// is 1, and which counts the time that a completion waits for its turn as
	// latency. At 0 completions are taken as soon as there are any.
	BatchSubmit      int `json:"iodepth_batch"`              // iodepth_batch
	BatchCompleteMin int `json:"iodepth_batch_complete_min"` // iodepth_batch_complete_min
	BatchCompleteMax int `json:"iodepth_batch_complete_max"` // iodepth_batch_complete_max

	// ZeroBuffers writes zeros. Otherwise data are random, and no sector is
	// written twice with the same ones.
	ZeroBuffers bool `json:"zero_buffers"` // zero_buffers

	FixedBuffers bool `json:"fixedbufs"`     // fixedbufs, of io_uring
	FixedFile    bool `json:"registerfiles"` // registerfiles, of io_uring

	// Scheduled makes the system calls of psync through Go's scheduler: slower,
	// but a device that hangs does not hang the process.
	Scheduled bool `json:"scheduled,omitempty"`
}

// Defaults fill the zero values of a [Job].
const (
	defaultBlockSize = 4 * units.KiB
	defaultChunk     = 64 * units.KiB
	maxBlockSize     = 64 * units.MiB
	maxQueue         = units.GiB // of data in flight per job
	maxJobs          = 1024
)

// withDefaults spells out j's zero values.
func (j Job) withDefaults() Job {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	if j.BlockSize == 0 {
		j.BlockSize = defaultBlockSize
	}
	if j.RW != Touch {
		j.Chunk = 0
	} else if j.Chunk == 0 {
		j.Chunk = defaultChunk
	}
	if j.RW.Mixed() {
		set(&j.RWMixRead, 50)
	}
	set(&j.IODepth, 1)
	set(&j.NumJobs, 1)
	set(&j.BatchSubmit, 1)
	set(&j.BatchCompleteMin, 1)
	return j
}

// Check reports what is wrong with j, as an error that matches [ErrJob], or
// nil. Whether it fits a target shows when it runs.
func (j Job) Check() error {
	j = j.withDefaults()
	for _, rule := range []struct {
		broken bool
		text   string
	}{
		{int(j.RW) >= len(rwNames), fmt.Sprintf("unknown %s", j.RW)},
		{j.BlockSize%units.SectorSize != 0, fmt.Sprintf("block size of %d bytes is not whole sectors", uint64(j.BlockSize))},
		{j.BlockSize > maxBlockSize, fmt.Sprintf("block size %s is above %s", j.BlockSize, maxBlockSize)},
		{j.IODepth < 1 || j.IODepth > engine.MaxDepth, fmt.Sprintf("iodepth %d is not in 1…%d", j.IODepth, engine.MaxDepth)},
		{units.Bytes(max(j.IODepth, 0))*j.BlockSize > maxQueue, fmt.Sprintf("iodepth %d of %s is more than %s in flight", j.IODepth, j.BlockSize, maxQueue)},
		{j.NumJobs < 1 || j.NumJobs > maxJobs, fmt.Sprintf("numjobs %d is not in 1…%d", j.NumJobs, maxJobs)},
		{j.RWMixRead < 0 || j.RWMixRead > 99, fmt.Sprintf("rwmixread %d is not in 0…99", j.RWMixRead)},
		{j.RW == Touch && (j.Chunk < j.BlockSize || j.Chunk%j.BlockSize != 0), fmt.Sprintf("chunk %s is not whole blocks of %s", j.Chunk, j.BlockSize)},
		{j.Offset%units.SectorSize != 0, fmt.Sprintf("offset of %d bytes is not whole sectors", uint64(j.Offset))},
		{j.Runtime < 0 || j.RampTime < 0, "negative time"},
		{j.TimeBased && j.Runtime == 0, "time_based needs a runtime"},
		{j.RampTime > 0 && j.Runtime == 0, "ramp_time needs a runtime"},
		{j.Fsync < 0 || j.Fdatasync < 0, "negative number of writes between syncs"},
		{j.Fsync > 0 && j.Fdatasync > 0, "both fsync and fdatasync"},
		{j.BatchSubmit < 1 || j.BatchSubmit > j.IODepth, fmt.Sprintf("iodepth_batch %d is not in 1…iodepth", j.BatchSubmit)},
		{j.BatchCompleteMin < 1 || j.BatchCompleteMin > j.IODepth, fmt.Sprintf("iodepth_batch_complete_min %d is not in 1…iodepth", j.BatchCompleteMin)},
		{j.BatchCompleteMax < 0 || j.BatchCompleteMax > 0 && j.BatchCompleteMax < j.BatchCompleteMin, fmt.Sprintf("iodepth_batch_complete_max %d is below iodepth_batch_complete_min", j.BatchCompleteMax)},
	} {
		if rule.broken {
			return fmt.Errorf("bench: job %q: %s: %w", j.Name, rule.text, ErrJob)
		}
	}
	return nil
}

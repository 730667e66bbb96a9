package compare

import (
	"time"

	"github.com/rok-storage/rok/bench/stat"
	"github.com/rok-storage/rok/units"
)

// Report is everything that a run found out. Its JSON form is what "rok
// compare -o json" prints; docs/json.md describes the keys.
type Report struct {
	Environment Environment `json:"environment"`
	Results     []Cell      `json:"results"`
	NoSpace     []NoSpace   `json:"no_space"`
	// Summary says in one sentence where thick gave more than double the IOPS
	// of thin, and where not.
	Summary string `json:"summary"`
}

// Environment says what was measured on.
type Environment struct {
	Kernel  string `json:"kernel"`  // its release: "6.1.176"
	Virtual bool   `json:"virtual"` // in rok's own virtual machine
	CPUs    int    `json:"cpus"`
	// DeviceMapper is the version of the kernel's device-mapper interface.
	DeviceMapper string `json:"device_mapper"`
	Engine       string `json:"engine"` // the one that was really used
	// Batched says that deep queues were filled and emptied in batches.
	Batched    bool            `json:"batched"`
	Backings   []BackingReport `json:"backings"`
	VolumeSize units.Bytes     `json:"volume_size"`
	ChunkSize  units.Bytes     `json:"chunk_size"` // the pool's block size
	Started    time.Time       `json:"started"`
	Elapsed    time.Duration   `json:"elapsed_ns"`
}

// BackingReport describes what volumes stood on.
type BackingReport struct {
	Backing     Backing       `json:"backing"`
	Description string        `json:"description"` // "loop device on tmpfs", "/dev/sdb"
	Latency     time.Duration `json:"latency_ns"`  // added by dm-delay to every I/O; 0: none
}

// Backing names what volumes stand on.
type Backing string

const (
	// Memory shows what the mapping costs in CPU.
	Memory Backing = "memory"
	// Latency shows what the additional I/Os cost: each takes its time.
	Latency Backing = "latency"
	// Device is the machine's own disk.
	Device Backing = "device"
)

// Target names what was written to or read from.
type Target string

const (
	Raw             Target = "raw"                      // the backing device
	Thick           Target = "thick"                    // a linear volume
	Thin            Target = "thin"                     // a thin volume, written before
	ThinFirstWrite  Target = "thin-first-write"         // no chunk mapped yet, zeroing off
	ThinFirstZeroed Target = "thin-first-write-zeroing" // no chunk mapped yet, zeroing on
	ThinAfterSnap   Target = "thin-after-snapshot"      // every chunk shared with a snapshot
)

// Workload names what was done, always in blocks of 4 KiB at random.
type Workload string

const (
	RandRead  Workload = "randread"
	RandWrite Workload = "randwrite"
)

// Cell is one target under one load.
type Cell struct {
	Backing    Backing  `json:"backing"`
	Target     Target   `json:"target"`
	Workload   Workload `json:"workload"`
	QueueDepth int      `json:"queue_depth"`
	FsyncEvery int      `json:"fsync_every"` // writes; 0: never

	IOPS float64 `json:"iops"`
	// IOPSCI is the 95 % confidence interval of IOPS: low, high.
	IOPSCI [2]float64 `json:"iops_ci"`
	// ThickOverThis is how many times as many IOPS the thick volume gave,
	// measured beside this target in the same minutes. 1 for thick itself.
	ThickOverThis float64 `json:"thick_over_this"`
	// ThickOverThisCI is its 95 % confidence interval: low, high. Zeros where
	// there were too few samples for one.
	ThickOverThisCI [2]float64 `json:"thick_over_this_ci"`

	Latency LatencyReport `json:"latency_ns"`
	// Curve is the latency at fio's list of percentiles, for charts.
	Curve []Percentile `json:"latency_curve_ns"`

	// Samples is how many paired samples the intervals come from: blocks of
	// slices, or runs on fresh volumes.
	Samples int `json:"samples"`
	// ChunksMapped are the chunks that the cell's runs mapped newly in the pool,
	// as its status counted before and after each, and ChunksTouched those that
	// they wrote to; zero where a cell maps nothing.
	ChunksTouched uint64 `json:"chunks_touched,omitempty"`
	ChunksMapped  uint64 `json:"chunks_mapped,omitempty"`
}

// LatencyReport is a cell's latency in nanoseconds.
type LatencyReport struct {
	P50  uint64 `json:"p50"`
	P99  uint64 `json:"p99"`
	P999 uint64 `json:"p99.9"`
}

// Percentile is a point of a latency curve.
type Percentile struct {
	Percent float64 `json:"percent"`
	Latency uint64  `json:"ns"`
}

// SpaceCase names a way in which space ends.
type SpaceCase string

const (
	ThinQueue         SpaceCase = "thin-queue"
	ThinError         SpaceCase = "thin-error"
	ThinMetadataQueue SpaceCase = "thin-metadata-queue"
	ThinMetadataError SpaceCase = "thin-metadata-error"
	ThickFull         SpaceCase = "thick"
)

// NoSpace is what happened when space ended.
type NoSpace struct {
	Case  SpaceCase `json:"case"`
	Errno Errnos    `json:"errno"`
	// Seconds is how long the application's write was held before it failed;
	// for thick, how long it took to be refused.
	Seconds float64 `json:"seconds"`
	// KernelStatus is the pool's status line at that moment, as the kernel
	// printed it; for thick, the answer to the request.
	KernelStatus string `json:"kernel_status"`
	// Recovery is what was done to bring the volume back, step by step.
	Recovery []string `json:"recovery"`
	// Recovered says that afterwards the pool was writable and a write and an
	// fsync succeeded.
	Recovered bool `json:"recovered"`
	// DataIntact says that everything an fsync had acknowledged before the
	// first error read back as written.
	DataIntact bool `json:"data_intact"`
	// LostBytes is what a write had acknowledged and no fsync before the first
	// error covered, and that read back as something else.
	LostBytes units.Bytes `json:"lost_bytes"`
}

// Errnos are what the application's calls returned: names such as "ENOSPC", or
// nil where the call succeeded. Open is, for thick, the making of the volume.
type Errnos struct {
	Open       *string `json:"open"`
	Write      *string `json:"write"`
	Fsync      *string `json:"fsync"`
	FsyncAgain *string `json:"fsync_again"`
}

// interval is the two ends of a confidence interval, or zeros where it attains
// less than 95 %, because samples without a rate were left out.
func interval(i stat.Interval) [2]float64 {
	if i.Confidence < 0.95 {
		return [2]float64{}
	}
	return [2]float64{i.Low, i.High}
}

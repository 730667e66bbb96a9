package bench

import (
	"errors"
	"time"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/hist"
	"github.com/rok-storage/rok/bench/stat"
)

// Result is what a job did on a target.
type Result struct {
	Target Target      `json:"target"`
	Job    Job         `json:"job"` // with the defaults spelled out
	Engine engine.Info `json:"engine"`

	// IOPS is reads and writes per second over Elapsed. IOPSCI is its 95 %
	// interval, from the parts that the measurement has: the blocks of slices
	// of a Compare, the runs of a CompareOnce, the seconds of a Run.
	IOPS    float64       `json:"iops"`
	IOPSCI  stat.Interval `json:"iops_ci"`
	Elapsed time.Duration `json:"elapsed_ns"` // counted time, without ramp and discards

	Read  Stats `json:"read"`
	Write Stats `json:"write"`
	Sync  Stats `json:"sync"` // of fsync and fdatasync

	// CPU is what the process used while I/Os were counted, with the kernel's
	// io_uring workers for it. Work that the kernel does in threads of its own is
	// not in it; what else the program did meanwhile is.
	CPU engine.CPU `json:"cpu"`

	// Series is the reads and writes over time: of all jobs together, in
	// periods of 100 ms or longer for a Run, in slices for a Compare, in runs
	// for a CompareOnce.
	Series []Sample  `json:"series"`
	Self   SelfCheck `json:"self_check"`

	// Errors are the I/Os that failed: the first of each job.
	Errors []*IOError `json:"errors,omitempty"`
}

// Stats is what happened in one direction.
type Stats struct {
	IOs   uint64 `json:"total_ios"`
	Bytes uint64 `json:"io_bytes"`
	// Latency is from just before submission until it was seen complete: fio's
	// lat, not its clat.
	Latency hist.Histogram `json:"lat_ns"`
}

// Sample is a stretch of time of a [Result].
type Sample struct {
	IOs     uint64        `json:"ios"`
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Rate is the sample's reads and writes per second.
func (s Sample) Rate() float64 { return count{ios: s.IOs, elapsed: s.Elapsed}.rate() }

// SelfCheck tells a sound measurement from a spoilt one.
type SelfCheck struct {
	// Mallocs and GCs are the allocations of the whole process and the runs of
	// the collector while the target was measured. A measurement of its own
	// makes a few dozen allocations however long it is, and no collection.
	Mallocs uint64 `json:"mallocs"`
	GCs     uint32 `json:"gcs"`
	// Process is the processor time of the whole process in the same time,
	// with ramp, discards and the kernel's io_uring workers.
	Process engine.CPU `json:"process_cpu"`
}

// IOs is the number of reads and writes.
func (r *Result) IOs() uint64 { return r.Read.IOs + r.Write.IOs }

// CPUPerIO is the process's processor time per read or write; 0 without any.
func (r *Result) CPUPerIO() time.Duration {
	if r.IOs() == 0 {
		return 0
	}
	return r.CPU.Total() / time.Duration(r.IOs())
}

// Latency is that of reads and writes together.
func (r *Result) Latency() *hist.Histogram {
	h := r.Read.Latency
	h.Merge(&r.Write.Latency)
	return &h
}

// result sums up what the session has counted, but for IOPSCI and Series.
func (s *session) result() *Result {
	r := &Result{Target: s.target, Job: s.job, Engine: engine.Info{Requested: s.job.Engine, Used: s.job.Engine}}
	r.Target.Name = s.target.name()
	for _, w := range s.workers {
		r.Engine = w.info
		if s.stuck[w] {
			continue // still writes to its tally
		}
		for i, stats := range []*Stats{&r.Read, &r.Write, &r.Sync} {
			stats.Latency.Merge(&w.tally.latency[i])
			stats.IOs = stats.Latency.Count()
			if i < int(engine.Sync) {
				stats.Bytes = stats.IOs * uint64(s.job.BlockSize)
			}
		}
		r.Elapsed = max(r.Elapsed, w.tally.total.elapsed)
		var failed *IOError
		if errors.As(w.err, &failed) {
			r.Errors = append(r.Errors, failed)
		}
	}
	r.CPU = s.cpu.used()
	r.IOPS = count{ios: r.IOs(), elapsed: r.Elapsed}.rate()
	return r
}

// series adds up the workers' series, period by period.
func (s *session) series() []Sample {
	var sum []Sample
	for _, w := range s.workers {
		if s.stuck[w] {
			continue
		}
		for i, sample := range w.tally.series {
			if i == len(sum) {
				sum = append(sum, Sample{})
			}
			sum[i].IOs += sample.IOs
			sum[i].Elapsed = max(sum[i].Elapsed, sample.Elapsed)
		}
	}
	return sum
}

// setInterval gives r the interval of its rate from rates of equal weight.
func (r *Result) setInterval(rates []float64) {
	i := stat.MeanInterval(rates, confidence)
	i.Estimate, i.Low, i.High = r.IOPS, max(min(i.Low, r.IOPS), 0), max(i.High, r.IOPS)
	r.IOPSCI = i
}

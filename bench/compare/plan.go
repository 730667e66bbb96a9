package compare

import (
	"fmt"
	"time"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

// Config says what is compared, and where. Zero fields mean the defaults.
type Config struct {
	// Dir is where the run keeps its lock and its backing file. Required. A
	// file system in memory makes the [Memory] backing.
	Dir string
	// Device is a disk to stand on in place of a backing file. What is on it
	// is lost.
	Device string
	// Destroy must name Device again where something is on it.
	Destroy string
	// Virtual says that this is rok's virtual machine: Dir is in memory, and
	// the kernel is nobody else's.
	Virtual bool

	Size     units.Bytes   // of each volume; 0: 64 MiB
	CellTime time.Duration // counted, per target and load; 0: 2 s
	Engine   engine.Kind   // [Config.Fill] turns the zero value into libaio
	// Latency is what dm-delay adds to each I/O of the [Latency] backing;
	// 0: 10 ms. Kernels round it up to their clock ticks.
	Latency time.Duration

	// Progress, if set, is called when a step begins and as it goes on.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Step        string // "memory: randwrite, queue depth 16, fsync every 4"
	Done, Total time.Duration
	Elapsed     time.Duration
}

// Left is the time that is still to go, going by what the steps so far took
// against what was planned for them.
func (p Progress) Left() time.Duration {
	left := p.Total - p.Done
	if p.Done > 5*time.Second {
		left = time.Duration(float64(left) * float64(p.Elapsed) / float64(p.Done))
	}
	return max(left, 0)
}

const (
	chunkSize      = 64 * units.KiB
	blockSize      = 4 * units.KiB
	metadataSize   = 4 * units.MiB
	defaultSize    = 64 * units.MiB
	minSize        = 8 * units.MiB
	defaultTime    = 2 * time.Second
	defaultLatency = 10 * time.Millisecond
	extraVolumes   = 5 // volumes' worth of space that a stand takes: raw, thick, and three in the pool
)

// Fill replaces zero fields by the defaults.
func (c Config) Fill() Config {
	if c.Size == 0 {
		c.Size = defaultSize
	}
	if c.CellTime == 0 {
		c.CellTime = defaultTime
	}
	if c.Latency == 0 {
		c.Latency = defaultLatency
	}
	if c.Engine == engine.PSync {
		c.Engine = engine.LibAIO
	}
	return c
}

// Check reports what is wrong with c.
func (c Config) Check() error {
	switch {
	case c.Dir == "":
		return fmt.Errorf("compare: no directory to work in")
	case c.Size != 0 && c.Size < minSize:
		return fmt.Errorf("compare: size %v: want at least %v", c.Size, minSize)
	case c.Size%chunkSize != 0:
		return fmt.Errorf("compare: size %v: want a multiple of %v", c.Size, chunkSize)
	case c.CellTime < 0:
		return fmt.Errorf("compare: %v for each cell", c.CellTime)
	}
	return nil
}

// group is some targets that are measured against each other under one load.
type group struct {
	backing    Backing
	workload   Workload
	depth      int
	fsync      int
	targets    []Target
	once       bool          // each chunk is touched once, on fresh volumes
	chunks     int           // once: how many chunks a run touches
	replicates int           // once
	time       time.Duration // planned
}

// String prints what people see of g while it runs.
func (g group) String() string {
	s := fmt.Sprintf("%s: %s, queue depth %d", g.backing, g.workload, g.depth)
	if g.fsync > 0 {
		s += fmt.Sprintf(", fsync every %d", g.fsync)
	}
	if g.once {
		s += ", first writes and writes after a snapshot"
	}
	return s
}

// Plan is what a run does, in order.
type Plan struct {
	cfg      Config
	backings []Backing
	groups   []group
	cases    []spaceCase
	prepare  time.Duration // planned for each backing
}

// NewPlan makes the plan of a run.
func NewPlan(cfg Config) (*Plan, error) {
	cfg = cfg.Fill()
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	p := &Plan{cfg: cfg, backings: []Backing{Device}, cases: spaceCases(), prepare: 3 * time.Second}
	if cfg.Virtual {
		p.backings = []Backing{Memory, Latency}
	} else {
		for i := range p.cases {
			p.cases[i].time += p.cases[i].queued
		}
	}
	for _, b := range p.backings {
		for _, fsync := range []int{-1, 0, 4} {
			for _, depth := range []int{1, 16} {
				p.groups = append(p.groups, p.steady(b, depth, fsync))
			}
		}
		for _, fsync := range []int{0, 4} {
			for _, depth := range []int{1, 16} {
				p.groups = append(p.groups, p.first(b, depth, fsync))
			}
		}
	}
	return p, nil
}

// steady plans reads, with fsync -1, or writes of volumes that were written
// before.
func (p *Plan) steady(b Backing, depth, fsync int) group {
	g := group{
		backing: b, workload: RandWrite, depth: depth, fsync: fsync,
		targets: []Target{Raw, Thick, Thin},
		time:    3 * (p.slices(b).counted + p.slices(b).discarded()),
	}
	if fsync < 0 {
		g.workload, g.fsync = RandRead, 0
	}
	return g
}

// first plans writes to chunks that no write has touched.
func (p *Plan) first(b Backing, depth, fsync int) group {
	g := group{
		backing: b, workload: RandWrite, depth: depth, fsync: fsync, once: true,
		targets:    []Target{Thick, ThinFirstWrite, ThinFirstZeroed, ThinAfterSnap},
		chunks:     int(p.cfg.Size / chunkSize),
		replicates: 12, time: 6 * time.Second,
	}
	switch b {
	case Latency:
		// The figures repeat to a few percent, and each I/O takes long.
		g.replicates, g.chunks, g.time = fewestRuns, min(16, g.chunks), 20*time.Second
		if depth > 1 {
			g.chunks, g.time = min(96, int(p.cfg.Size/chunkSize)), 14*time.Second
		}
	case Device:
		g.chunks, g.time = min(1024, g.chunks), 20*time.Second
	}
	if short := float64(p.cfg.CellTime) / float64(defaultTime); short < 1 {
		// The making of volumes stays.
		g.chunks = fewerChunks(g.chunks, depth, short)
		g.replicates = max(int(float64(g.replicates)*short), fewestRuns)
		g.time = time.Duration(float64(g.time) * (1 + 2*short) / 3)
	}
	return g
}

// fewestRuns is how many runs on fresh volumes make a 95 % interval.
const fewestRuns = 6

// sliceTimes says how targets take turns.
type sliceTimes struct {
	counted time.Duration   // for each target
	slices  []time.Duration // counted in a turn
	discard time.Duration   // not counted in a turn
}

func (s sliceTimes) discarded() time.Duration {
	return time.Duration(s.counted/s.slices[0]+1) * s.discard
}

func (p *Plan) slices(b Backing) sliceTimes {
	t := sliceTimes{
		counted: p.cfg.CellTime,
		slices:  []time.Duration{130 * time.Millisecond, 170 * time.Millisecond},
		discard: 20 * time.Millisecond,
	}
	if b == Latency {
		// A turn must hold a number of I/Os that one more or less hardly changes.
		t.slices = []time.Duration{160 * time.Millisecond, 200 * time.Millisecond}
		t.discard = 40 * time.Millisecond
	}
	// A comparison has six blocks of two turns at least.
	longest := max(t.counted/12, 4*t.discard)
	for i, slice := range t.slices {
		t.slices[i] = min(slice, longest)
	}
	t.counted = max(t.counted, 12*t.slices[0])
	return t
}

// Time is how long the whole run is planned to take.
func (p *Plan) Time() time.Duration {
	total := time.Duration(len(p.backings)) * p.prepare
	for _, g := range p.groups {
		total += g.time
	}
	for _, c := range p.cases {
		total += c.time
	}
	return total
}

// Lines says in words what the run does, for people to read before it begins.
func (p *Plan) Lines() []string {
	c := p.cfg
	where := "a file in " + c.Dir
	if c.Device != "" {
		where = c.Device + ", which is overwritten"
	}
	lines := []string{fmt.Sprintf("stand on %s: raw, thick and thin volumes of %v, chunks of %v, engine %v", where, c.Size, chunkSize, c.Engine)}
	for _, b := range p.backings {
		switch b {
		case Memory:
			lines = append(lines, "memory: what the mapping costs in CPU")
		case Latency:
			lines = append(lines, fmt.Sprintf("latency: what the additional I/Os cost, with dm-delay %v under data and metadata", c.Latency))
		case Device:
			lines = append(lines, "device: what it comes to on this disk")
		}
	}
	return append(lines,
		"4 KiB at random, queue depths 1 and 16: reads; writes without fsync and with one every 4; first writes; writes after a snapshot",
		"then space ends: thin data and metadata, queueing and failing, and thick; recovery, and what became of the data",
		fmt.Sprintf("about %v", p.Time().Round(10*time.Second)))
}

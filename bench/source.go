package bench

import (
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/pattern"
)

// source decides what a worker does next. It is all of a job's logic that does
// not depend on time or the kernel.
type source struct {
	order  [2]pattern.Generator // by operation; random kinds use the first for both
	rand   pattern.Rand
	rw     RW
	mix    uint64 // percent of reads
	length int32

	sync     engine.Op
	every    uint64 // writes between syncs; 0: none
	endSync  bool
	writes   uint64
	due      bool // a sync comes next
	finished bool
}

// newSource is the source of the i-th worker of j over its region.
func newSource(j Job, region pattern.Region, i int) (source, error) {
	s := source{
		rand: pattern.NewRand(workerSeed(j.RandSeed, i)), rw: j.RW, mix: uint64(j.RWMixRead), length: int32(j.BlockSize),
		sync: engine.Sync, every: uint64(j.Fsync), endSync: j.EndFsync && j.RW.Writes(),
	}
	if j.Fdatasync > 0 {
		s.sync, s.every = engine.DataSync, uint64(j.Fdatasync)
	}
	order := pattern.Sequential
	switch {
	case j.RW == Touch:
		order = pattern.Random
	case j.RW.Random() && j.NoRandomMap:
		order = pattern.RandomRepeat
	case j.RW.Random():
		order = pattern.Random
	}
	passes := uint64(1)
	if j.TimeBased && j.RW != Touch {
		passes = 0
	}
	for op := range s.order {
		g, err := pattern.New(order, region, passes, s.rand.Uint64())
		if err != nil {
			return source{}, err
		}
		s.order[op] = g
	}
	return s, nil
}

// workerSeed keeps the streams of neighbours apart: SplitMix64 seeded with
// numbers that differ by its increment would repeat itself.
func workerSeed(seed uint64, i int) uint64 {
	r := pattern.NewRand(seed ^ uint64(i)<<32)
	return r.Uint64()
}

// next fills in the next request but for its slot; false at the end.
func (s *source) next(r *engine.Request) bool {
	if s.due {
		s.due = false
		*r = engine.Request{Op: s.sync}
		return true
	}
	if s.finished {
		return false
	}
	op := engine.Write
	switch s.rw {
	case SeqRead, RandRead:
		op = engine.Read
	case SeqReadWrite, RandReadWrite:
		if s.rand.Below(100) < s.mix {
			op = engine.Read
		}
	}
	order := &s.order[0]
	if s.rw == SeqReadWrite {
		order = &s.order[op]
	}
	offset, ok := order.Next()
	if !ok {
		s.finished = true
		if !s.endSync || s.every > 0 && s.writes%s.every == 0 {
			return false
		}
		s.sync = engine.Sync
		s.due = true
		return s.next(r)
	}
	*r = engine.Request{Op: op, Offset: offset, Length: s.length}
	if op == engine.Write {
		s.writes++
		s.due = s.every > 0 && s.writes%s.every == 0
	}
	return true
}

package bench

import "time"

const never = 1<<63 - 1

// slice is one stretch of work of a worker.
type slice struct {
	// discard is how long the target works before its I/Os are counted.
	discard time.Duration
	// length is how long they are counted then; 0: until the job ends;
	// negative: not at all.
	length time.Duration
	// whole counts from the first I/O, and what was in flight at the end too,
	// as fits a job that runs once, and keeps a series. Otherwise the count
	// ends on time, with the queue full.
	whole bool
}

// phase is where in a slice a worker is. Times are nanoseconds of the
// worker's clock. Only the passing of next is looked at for each I/O.
type phase struct {
	slice     slice
	filling   bool // the queue is kept full
	measuring bool
	from, to  int64 // when measuring shall begin, and filling end
	last      int64 // the latest completion
	next      int64 // the earliest of from, to and the next sample
}

func (w *worker) begin(s slice) {
	now := w.now()
	w.phase = phase{slice: s, filling: true, from: now + int64(s.discard), to: never, last: now}
	w.phase.next = w.phase.from
	w.tally.count = count{}
	if s.discard == 0 {
		w.startMeasuring(now)
	}
}

// passTime acts on what is due at now. Where I/Os complete at all it is called
// with the time of a completion, so that a count begins just after an I/O and
// ends with one.
func (w *worker) passTime(now int64) {
	p := &w.phase
	if now < p.next {
		return
	}
	if !p.measuring && p.filling {
		if p.slice.length < 0 {
			p.filling, p.next = false, never
			return
		}
		w.startMeasuring(now)
		return
	}
	if now >= p.to {
		p.to, p.filling = never, false
		if !p.slice.whole {
			w.stopMeasuring(now)
		}
	}
	if p.measuring && now >= w.tally.nextSample {
		w.tally.sample(now)
	}
	p.next = min(p.to, w.tally.nextSample)
}

func (w *worker) startMeasuring(now int64) {
	p := &w.phase
	p.measuring = true
	if p.slice.length > 0 {
		p.to = now + int64(p.slice.length)
	}
	w.cpu.start()
	w.tally.start(now, p.slice.whole)
	p.next = min(p.to, w.tally.nextSample)
}

func (w *worker) stopMeasuring(now int64) {
	if !w.phase.measuring {
		return
	}
	w.phase.measuring = false
	w.tally.stop(now)
	w.cpu.stop()
}

package bench

import (
	"context"
	"time"
)

// confidence is that of all intervals.
const confidence = 0.95

// RunConfig is how [Run] goes about it. The zero value is fine.
type RunConfig struct {
	// Live, if set, shows other goroutines how far the run is.
	Live *Live
}

// Run runs one job on one target, from the first I/O to the end of the job.
//
// It ends early, with the first error, when an I/O fails (an [IOError]) or ctx
// is cancelled (within about 100 ms; I/O in flight is waited for up to two
// seconds, after which the error is [ErrStuck]). In both cases there is a
// Result too, of what was counted. When the job cannot start there is none:
// [ErrJob] for a job that makes no sense there, and the error of the system
// call otherwise.
func Run(ctx context.Context, t Target, j Job, cfg RunConfig) (*Result, error) {
	if err := j.Check(); err != nil {
		return nil, err
	}
	j = j.withDefaults()
	w, err := openWindow(ctx, j.NumJobs)
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.once(ctx, t, j, cfg.Live)
}

// once runs j, with its defaults filled in, from beginning to end.
func (w *window) once(ctx context.Context, t Target, j Job, live *Live) (*Result, error) {
	s, err := openSession(t, j, live)
	if err != nil {
		return nil, err
	}
	var self SelfCheck
	w.begin()
	_, err = s.slice(ctx, slice{discard: j.RampTime, length: j.Runtime, whole: true})
	w.end(&self)
	r := s.result()
	r.Self = self
	r.Series = s.series()
	r.setInterval(seconds(r.Series))
	return r, joinErrors(err, s.close())
}

// seconds are the rates of successive stretches of a second or more; what is
// left at the end is left out.
func seconds(series []Sample) []float64 {
	var rates []float64
	var sum Sample
	for _, s := range series {
		sum.IOs, sum.Elapsed = sum.IOs+s.IOs, sum.Elapsed+s.Elapsed
		if sum.Elapsed >= time.Second {
			rates, sum = append(rates, sum.Rate()), Sample{}
		}
	}
	return rates
}

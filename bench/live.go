package bench

import "sync/atomic"

// Live shows how far a [Run] is, to other goroutines while it runs. The zero
// value is ready for one Run.
type Live struct{ ios atomic.Uint64 }

// IOs is the number of reads and writes counted so far, some 100 ms old.
func (l *Live) IOs() uint64 { return l.ios.Load() }

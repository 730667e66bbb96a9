// Package compare measures thick volumes beside thin ones, on this machine, and
// shows what each does when space ends. It is the command "rok compare".
//
// [Config] becomes a [Plan], which is a value: what is measured, in which
// order, and how long it takes. [Run] carries it out on devices of its own and
// returns a [Report], another value, which the report writers turn into a
// table, JSON or HTML.
//
// # What stands on what
//
//	/dev/mapper/rok-compare-RUN-thin, …     thin volumes
//	/dev/mapper/rok-compare-RUN-pool        thin pool
//	/dev/mapper/rok-compare-RUN-{thick,data,meta}   linear, cut out of:
//	/dev/mapper/rok-compare-RUN-disk        dm-delay, for the backing with latency only
//	/dev/loopN                              or the device that was named
//	DIR/RUN/backing.img
//
// Everything has the run's id in its name and its UUID, and DIR/RUN/lock is
// locked while the run lives. [Sweep] removes what a run left that was killed,
// also while its process hangs in a write that its own full pool holds back:
// the lock file says which process to look at.
package compare

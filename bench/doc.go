// Package bench measures block devices and files, one at a time or several
// against each other, at the price of a few system calls per I/O and no
// allocation.
//
// A [Job] says what to do, in fio's terms and with fio's meanings and
// defaults; a [Target] says where. There are three ways to put them together:
//
//   - [Run] runs a job on a target and returns a [Result];
//   - [Compare] runs it on several targets in one process, in short slices that
//     alternate, so that the drift of the machine falls on all alike, and
//     returns a [Comparison] with the ratio of each pair and its confidence
//     interval;
//   - [CompareOnce] does so for work that can be done only once on a volume,
//     such as the first write to each chunk of a thin one: it asks for fresh
//     targets and runs the job on each of them several times over.
//
// # What happens while it measures
//
// Each job of a target has its own goroutine, with its own descriptor, engine
// and histograms; with libaio and io_uring it is locked to a thread. For the time of the measurement the
// process-wide settings of the Go runtime are changed and then restored:
// GOMAXPROCS is raised to the number of I/O threads plus two, because the
// threads wait in system calls that Go's scheduler does not see; the garbage
// collector is off, with a memory limit in its place. One measurement runs at
// a time in a process, and others wait for it. Every [Result] counts the
// allocations and collections that happened all the same, so that a spoilt
// measurement shows.
//
// # Queue depth and fsync
//
// As in fio, a sync that Job.Fsync or Job.Fdatasync asks for is queued as one
// more I/O: it takes one of the IODepth places, it is not a barrier, and writes
// in flight beside it go on. It is counted in [Result].Sync and not in the IOPS.
// With io_uring it is IORING_OP_FSYNC, as in fio; with libaio it is
// IOCB_CMD_FSYNC, where fio blocks in fsync while the other I/Os are in
// flight; before Linux 4.18, which lacks that command, it waits for them first.
// With psync, whatever IODepth says, one I/O is in flight. A sync that is due
// after the last write of a job is issued; fio 3.33 leaves it out with psync and
// libaio.
//
// # Errors
//
// An I/O that fails or moves fewer bytes than asked for ends the job, and is
// an [IOError] with its offset. A job never extends a file and never writes to
// a block device that something else has claimed, unless Target.Shared says so.
package bench

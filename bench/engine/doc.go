// Package engine issues block I/O without allocating: [PSync] by pread and
// pwrite, [LibAIO] by the kernel's native asynchronous I/O, [URing] by
// io_uring, all on raw system calls.
//
// An [Engine] belongs to one goroutine. That of LibAIO and URing belongs to one
// operating system thread too: it calls runtime.LockOSThread before it opens the
// engine, and makes every later call itself. PSync does without.
// Everything that the kernel reads or writes (data buffers, control blocks,
// event arrays, rings) is mapped outside of the Go heap: nothing needs to be
// pinned, and the buffers are aligned for O_DIRECT.
//
// System calls are made without telling Go's scheduler (RawSyscall). A thread
// that waits for a disk then keeps its processor, which halves the CPU time
// per I/O of a device with latency, and asks two things of the caller:
// GOMAXPROCS above the number of such threads, and patience where the runtime
// stops the world, because it waits for the thread. Every wait is therefore
// bounded by [MaxWait]. The exception is PSync: a read that hangs in the
// kernel cannot be bounded, which Config.Scheduled is for.
package engine

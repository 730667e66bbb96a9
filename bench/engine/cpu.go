package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// CPU is processor time.
type CPU struct {
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
}

// Add returns the sum of c and d.
func (c CPU) Add(d CPU) CPU { return CPU{c.User + d.User, c.System + d.System} }

// Sub returns c less d.
func (c CPU) Sub(d CPU) CPU { return CPU{c.User - d.User, c.System - d.System} }

// Total is user and system time together.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Meter reads processor time without allocating. The zero value is ready. It
// must not be copied or used by two threads at a time.
type Meter struct{ usage unix.Rusage }

// Process is what all threads have used, with the kernel's io_uring workers of
// the process.
func (m *Meter) Process() CPU {
	// getrusage(2) fails only for arguments that are wrong, and these are not.
	if unix.Getrusage(unix.RUSAGE_SELF, &m.usage) != nil {
		return CPU{}
	}
	return CPU{time.Duration(m.usage.Utime.Nano()), time.Duration(m.usage.Stime.Nano())}
}

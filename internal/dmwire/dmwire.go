// Package dmwire is the seam between package dm and the kernel, real or fake.
package dmwire

import (
	"context"

	"github.com/rok-storage/rok/ioctl"
)

// Kernel carries device-mapper requests. The real one is an open control node;
// package dm/dmtest has one in memory.
type Kernel interface {
	// Ioctl carries out cmd with the request in b and leaves the reply there.
	// Errors are errno values, and [fs.ErrClosed] after Close.
	Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error
	// Reopen opens the same kernel once more, with event counters of its own.
	Reopen() (Kernel, error)
	// Wait blocks until an event happened since the last DevArmPoll on this
	// Kernel, or ctx ends.
	Wait(ctx context.Context) error
	// Close ends a Wait, and makes every later call fail.
	Close() error
}

// Control is the real kernel.
type Control struct{ *ioctl.Control }

// Reopen opens the control node once more.
func (c Control) Reopen() (Kernel, error) {
	again, err := c.Control.Reopen()
	if err != nil {
		return nil, err
	}
	return Control{again}, nil
}

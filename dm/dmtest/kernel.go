package dmtest

import (
	"context"
	"io/fs"
	"sync"
	"syscall"
	"testing"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// Config says which kernel the fake is. The zero value is Linux 6.1.
type Config struct {
	// ABI is the version of the device-mapper interface. Zero: 4.47.0, as
	// Linux 6.1 has. From 4.48 on, tables must be aligned and the names ".",
	// ".." and "control" are refused.
	ABI ioctl.ABI
	// Targets are added to the kernel's own, and replace those of the same
	// name.
	Targets []TargetType
	// Before is called before each request, and can make it fail with the
	// errno that it returns: the kernel has read the request, and done
	// nothing. No lock is held, so it may use the kernel itself.
	Before func(Call) error
	// After is called after each request.
	After func(Call)
	// ReadPool says what metadata there is at a place of a disk when a pool is made on
	// it. It must not use the kernel. Nil, or not ok: what the fake remembers.
	ReadPool func(disk dm.Dev, start units.Sectors) (_ PoolOnDisk, ok bool)
}

// Call is one request, as [Config.Before] and [Config.After] see it.
type Call struct {
	Cmd   ioctl.Cmd
	Flags ioctl.Flags
	Name  string // as it stands in the request
	Err   error  // After only: the errno
}

// Kernel is an open control node of a fake kernel: what package dm drives. The
// kernel behind it is shared by all that [Kernel.Reopen] returns. Its methods
// may be called by several goroutines at once.
type Kernel struct {
	m     *machine
	armed uint32 // the global event number of the last DevArmPoll; under m.mu

	close  sync.Once
	closed chan struct{}
}

var _ dmwire.Kernel = (*Kernel)(nil)

// NewKernel boots a kernel without devices.
func NewKernel(cfg Config) *Kernel {
	if cfg.ABI == (ioctl.ABI{}) {
		cfg.ABI = ioctl.ABI{Major: 4, Minor: 47}
	}
	return newHandle(newMachine(cfg))
}

func newHandle(m *machine) *Kernel {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Kernel{m: m, armed: m.events, closed: make(chan struct{})}
}

// Open returns a connection over a control node of its own. It is closed when
// the test ends. It makes no nodes and knows no udev.
func (k *Kernel) Open(t testing.TB) *dm.Conn {
	t.Helper()
	conn, err := dm.NewConn(newHandle(k.m), &dm.Config{Udev: dm.UdevOff, NoNodes: true})
	if err != nil {
		t.Fatalf("dmtest: open: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("dmtest: close: %v", err)
		}
	})
	return conn
}

// Reopen opens the same kernel once more.
func (k *Kernel) Reopen() (dmwire.Kernel, error) {
	if k.isClosed() {
		return nil, fs.ErrClosed
	}
	return newHandle(k.m), nil
}

// Close closes the control node, and ends a Wait on it.
func (k *Kernel) Close() error {
	err := fs.ErrClosed
	k.close.Do(func() {
		close(k.closed)
		err = nil
	})
	return err
}

func (k *Kernel) isClosed() bool {
	select {
	case <-k.closed:
		return true
	default:
		return false
	}
}

// Wait blocks until an event happened since the last DevArmPoll.
func (k *Kernel) Wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if k.isClosed() {
			return fs.ErrClosed
		}
		k.m.mu.Lock()
		happened, changed := int32(k.m.events-k.armed) > 0, k.m.changed
		k.m.mu.Unlock()
		if happened {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		case <-k.closed:
		}
	}
}

// Ioctl carries out cmd as the kernel's ctl_ioctl does: it checks the version,
// copies the request in, wipes the caller's buffer if that was asked for, and
// copies the reply out only when the command succeeded.
func (k *Kernel) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	if k.isClosed() {
		return fs.ErrClosed
	}
	user := b.Bytes()
	call := Call{Cmd: cmd, Flags: ioctl.Flags(u32(user, offFlags)), Name: text(user[offName : offName+nameLen])}
	err := k.ioctl(cmd, user, call)
	if k.m.cfg.After != nil {
		call.Err = err
		k.m.cfg.After(call)
	}
	return err
}

func (k *Kernel) ioctl(cmd ioctl.Cmd, user []byte, call Call) error {
	if err := k.m.checkVersion(user); err != nil {
		return err
	}
	if cmd == ioctl.Version {
		return nil
	}
	run, known := k.m.lookup(cmd)
	if !known {
		return syscall.ENOTTY
	}
	p, err := copyIn(user, run.noParams)
	if err != nil {
		return err
	}
	if err := p.validate(cmd); err != nil {
		return err
	}
	if k.m.cfg.Before != nil {
		if err := k.m.cfg.Before(call); err != nil {
			return err
		}
	}
	p.setU32(offDataSize, minSize)
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	if err := k.m.planned(cmd); err != nil {
		return err
	}
	if err := run.do(k, p); err != nil {
		return err
	}
	if run.event {
		k.m.event()
	}
	copy(user, p.b[:p.u32(offDataSize)])
	return nil
}

// Fail makes the nth request with cmd from now on fail with errno; 1 is the
// next. Several may be planned.
func (k *Kernel) Fail(cmd ioctl.Cmd, nth int, errno syscall.Errno) {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	k.m.faults = append(k.m.faults, fault{cmd, nth, errno})
}

type fault struct {
	cmd   ioctl.Cmd
	left  int
	errno syscall.Errno
}

// planned counts a request down and returns the error that was planned for it.
func (m *machine) planned(cmd ioctl.Cmd) error {
	var err error
	rest := m.faults[:0]
	for _, f := range m.faults {
		if f.cmd == cmd {
			if f.left--; f.left == 0 {
				err = f.errno
				continue
			}
		}
		rest = append(rest, f)
	}
	m.faults = rest
	return err
}

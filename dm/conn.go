package dm

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
)

// Config says how a [Conn] is opened. The zero value, and a nil pointer, are
// right for most programs.
type Config struct {
	// Control is the control node. Empty: /dev/mapper/control.
	Control string
	// Dir is where device nodes appear. Empty: /dev/mapper.
	Dir string
	// Udev says whether to wait for udev's rules. Zero: where udev runs.
	Udev Udev
	// UdevTimeout bounds each wait for udev's rules. Zero: 30 seconds, and
	// never longer than the context allows.
	UdevTimeout time.Duration
	// NoNodes leaves Dir alone where udev does not run. Only programs that
	// reach their devices by number want it.
	NoNodes bool
	// Trace is called after each request to the kernel, and where a wait for
	// udev timed out or could not begin. It must be quick and safe for
	// concurrent use. Nil: not called.
	Trace func(Trace)
}

// Trace is one request to the kernel, as [Config.Trace] sees it. It never
// holds a table, which may hold a key.
type Trace struct {
	Op     string // the command, or "wait for udev"
	Device string // name, UUID or number; empty where there is none
	Flags  ioctl.Flags
	Took   time.Duration
	Err    error // an errno
}

// Conn is an open connection to device-mapper: one control node, held open.
// Its methods may be called by several goroutines at once. Requests for one
// device that depend on each other's order are the caller's to order.
type Conn struct {
	kernel dmwire.Kernel
	cfg    Config
	abi    ioctl.ABI

	// sizes remembers for each command how large a reply was, so that the
	// next request has room at once.
	sizes   [ioctl.Commands]atomic.Uint32
	scratch sync.Pool // of *scratch

	udevSeen  atomic.Bool // somebody listens at udev's socket, and can answer
	udevStuck atomic.Bool // a wait timed out: udev is there and does nothing

	kernelNodes atomic.Bool // the kernel makes nodes of its own: see kernelNode
}

// scratch is the memory of one request.
type scratch struct {
	buf    ioctl.Buffer
	params []byte
}

func (s *scratch) wipe() {
	s.buf.Wipe()
	clear(s.params[:cap(s.params)])
}

const (
	// firstReply is the room for a reply of unknown size. The kernel copies
	// the whole buffer in, so more costs time; up to here it does not show.
	firstReply = 4 << 10
	// messageReply is the room for a message's reply, which gets no second
	// chance.
	messageReply = 64 << 10
	// keepReply is the largest room for a reply that later requests ask for at
	// once.
	keepReply = 256 << 10
	// keepScratch is the largest buffer that is kept for later requests: that
	// of a table of some 10,000 segments. Getting one anew costs a quarter of
	// the loading. The garbage collector takes those that nobody uses.
	keepScratch = 1 << 20
)

// Open opens the control node. It needs CAP_SYS_ADMIN. It fails with
// [errors.ErrUnsupported] where the kernel has no device-mapper, and with
// [fs.ErrPermission] or [fs.ErrNotExist].
func Open(cfg *Config) (*Conn, error) {
	path := "/dev/mapper/control"
	if cfg != nil && cfg.Control != "" {
		path = cfg.Control
	}
	control, err := ioctl.OpenControl(path)
	if errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO) {
		// The node is left over, or made in advance; the driver is missing.
		err = noDriverError{err}
	}
	if err != nil {
		return nil, &Error{Op: "open", Err: err}
	}
	c, err := NewConn(dmwire.Control{Control: control}, cfg)
	if err != nil {
		return nil, errors.Join(err, control.Close())
	}
	return c, nil
}

// noDriverError is an error of opening the control node of a kernel without
// device-mapper. Programs that can do without meet it each time they start, so it
// is not printed before somebody reads it.
type noDriverError struct{ error }

func (e noDriverError) Error() string {
	return fmt.Sprintf("%v: the kernel has no device-mapper: %v", e.error, errors.ErrUnsupported)
}

func (e noDriverError) Unwrap() []error { return []error{e.error, errors.ErrUnsupported} }

// NewConn makes a Conn over the given kernel, and asks it for its version. It
// is there for package dmtest, whose kernel is not a real one; programs use
// [Open].
func NewConn(kernel dmwire.Kernel, cfg *Config) (*Conn, error) {
	c := &Conn{kernel: kernel}
	if cfg != nil {
		c.cfg = *cfg
	}
	c.cfg.fill()
	c.scratch.New = func() any { return new(scratch) }
	abi, err := c.Version()
	if err != nil {
		return nil, err
	}
	if abi.Major != 4 {
		return nil, &Error{Op: "open", Err: &UnsupportedError{Feature: "package dm", Need: ioctl.ABI{Major: 4}, Have: abi}}
	}
	c.abi = abi
	return c, nil
}

func (cfg *Config) fill() {
	if cfg.Dir == "" {
		cfg.Dir = "/dev/mapper"
	}
	if cfg.UdevTimeout == 0 {
		cfg.UdevTimeout = 30 * time.Second
	}
}

// Close closes the control node, after the requests that are under way. Devices
// stay as they are.
func (c *Conn) Close() error {
	if err := c.kernel.Close(); err != nil {
		return &Error{Op: "close", Err: err}
	}
	return nil
}

// ABI is the version of the kernel's device-mapper interface, as it was when c
// was opened.
func (c *Conn) ABI() ioctl.ABI { return c.abi }

// Version asks the kernel for the version of its device-mapper interface.
func (c *Conn) Version() (ioctl.ABI, error) {
	var abi ioctl.ABI
	err := c.do(&request{cmd: ioctl.Version}, func(b *ioctl.Buffer) error {
		abi = b.Header().ABI()
		return nil
	})
	return abi, err
}

// do carries out r and hands the reply to read, which must not keep any of it.
// A nil read ignores the reply.
func (c *Conn) do(r *request, read func(*ioctl.Buffer) error) error {
	s := c.scratch.Get().(*scratch)
	err := c.find(r, s)
	if err == nil && read != nil {
		if err = read(&s.buf); err != nil {
			err = &Error{Op: r.op(), Device: r.id.String(), Err: err}
		}
	}
	if r.flags&ioctl.FlagSecureData != 0 {
		s.wipe()
	}
	if s.buf.Cap() <= keepScratch {
		c.scratch.Put(s)
	}
	return err
}

// find carries out r on the device that it names, in whichever form the kernel
// has the name: some other program may have made it as rok would not.
func (c *Conn) find(r *request, s *scratch) error {
	err := c.exchange(r, s)
	missing, tooLong := errors.Is(err, syscall.ENXIO), errors.Is(err, ioctl.ErrTooLong)
	if err == nil || !missing && !tooLong || !r.hasOtherForm() {
		return err
	}
	if missing && r.cmd != ioctl.DevStatus {
		// It may be a device in the table that is missing, or a target's own
		// answer; then the other form would be another device.
		there := c.exchange(&request{cmd: ioctl.DevStatus, id: r.id}, s)
		if !errors.Is(there, syscall.ENXIO) {
			return err
		}
	}
	r.raw = true
	return c.exchange(r, s)
}

// exchange carries out r and leaves the reply in s. The error is an [*Error].
func (c *Conn) exchange(r *request, s *scratch) error {
	if err := c.check(r); err != nil {
		return &Error{Op: r.op(), Device: r.id.String(), Err: err}
	}
	size := ioctl.HeaderSize
	if r.cmd.HasReply() {
		size = max(firstReply, int(c.sizes[r.cmd].Load()))
		if r.cmd == ioctl.TargetMsg {
			size = messageReply
		}
	}
	for {
		var err error
		if s.params, err = r.encode(&s.buf, size, s.params); err != nil {
			return tableFault(r, err)
		}
		if err := c.send(r, &s.buf); err != nil {
			return err
		}
		if s.buf.Header().Flags&ioctl.FlagBufferFull == 0 {
			return nil
		}
		// Sending a message again would carry it out again.
		if size >= ioctl.MaxSize || r.cmd == ioctl.TargetMsg {
			return &Error{Op: r.op(), Device: r.id.String(), Err: &ReplyError{Room: size}}
		}
		size *= 2
		c.remember(r.cmd, size)
	}
}

// send hands r, encoded in b, to the kernel. The error is an [*Error].
func (c *Conn) send(r *request, b *ioctl.Buffer) error {
	var began time.Time
	if c.cfg.Trace != nil {
		began = time.Now()
	}
	err := c.kernel.Ioctl(r.cmd, b)
	if c.cfg.Trace != nil {
		c.cfg.Trace(Trace{Op: r.op(), Device: r.id.String(), Flags: r.flags, Took: time.Since(began), Err: err})
	}
	if err != nil {
		return &Error{Op: r.op(), Device: r.id.String(), Err: err}
	}
	return nil
}

// remember keeps the room that cmd's replies need, but never so much that
// every later request pays for one huge reply.
func (c *Conn) remember(cmd ioctl.Cmd, size int) {
	if size <= keepReply {
		c.sizes[cmd].Store(uint32(size))
	}
}

// check refuses what the kernel would cut short, misunderstand or ignore.
func (c *Conn) check(r *request) error {
	if need := r.flags.MinABI(r.cmd); c.abi != (ioctl.ABI{}) && c.abi.Less(need) {
		feature := r.op()
		if r.cmd.MinABI() != need {
			feature += " with " + r.flags.String()
		}
		return &UnsupportedError{Feature: feature, Need: need, Have: c.abi}
	}
	if !takesDevice(r.cmd) {
		return nil
	}
	if err := r.id.check(); err != nil {
		return err
	}
	if r.uuid != "" {
		return CheckUUID(r.uuid)
	}
	return nil
}

// tableFault wraps an error of encoding, keeping the segment at fault.
func tableFault(r *request, err error) error {
	e := &Error{Op: r.op(), Device: r.id.String(), Err: err}
	if t, ok := errors.AsType[*TableError](err); ok {
		e.Segment, e.Err = t.Segment, t.Err
	}
	return e
}

// ReplyError says that the kernel's reply did not fit in the largest buffer
// that was allowed. A message had its effect all the same.
type ReplyError struct {
	Room int // bytes that were there, the header included
}

// Error prints, for example, `reply larger than 65536 bytes`.
func (e *ReplyError) Error() string { return fmt.Sprintf("reply larger than %d bytes", e.Room) }

package vm

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Run boots a machine, runs the command in it and returns the command's exit
// status; 128 and the signal's number for one that a signal ended. It returns
// when every process of the machine has ended and its memory is free.
//
// An error is a *CommandError, a *Failure (the machine failed, or ctx was done),
// or something that kept the machine from being started.
//
// Run needs root. User-mode Linux works for others too, where the host lets them
// make user namespaces; the file server of QEMU does not: an overlay opens files
// with O_NOATIME, which only their owner and root may.
func Run(ctx context.Context, cfg *Config) (status int, err error) {
	if cfg.Kernel.Name != UML && os.Geteuid() != 0 {
		return 0, fmt.Errorf("kernel %s needs root: run as root, or take kernel %s", cfg.Kernel.Name, UML)
	}
	if cfg.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, cfg.Timeout, ErrTimeout)
		defer cancel()
	}
	for boots := 1; ; boots++ {
		m, err := newMachine(cfg)
		if err != nil {
			return 0, err
		}
		status, err := m.run(ctx)
		if m.ready || boots == cfg.maxBoots() || !errors.Is(err, ErrDied) {
			return status, err
		}
	}
}

// maxBoots is how often a machine is booted that dies before it has started the
// command. With several threads QEMU 7.2 now and then runs a stale int3 where the
// kernel has just patched its own code, and the kernel dies of it (seen once in
// about 20 boots on a loaded host); after the boot hardly anything is patched.
func (cfg *Config) maxBoots() int {
	if cfg.Kernel.Name == UML {
		return 1
	}
	return 3
}

func (j *job) encode() ([]byte, error) { return json.Marshal(j) }

func (cfg *Config) logLevel() string {
	if cfg.Console != nil {
		return "7" // everything but debugging
	}
	return "4" // errors
}

// machine is one running machine, seen from the host.
type machine struct {
	cfg     *Config
	jail    *exec.Cmd
	wire    *os.File // reading ends
	console *os.File
	tail    tail
	outputs outputs
	slot    *cpuSlot
	ready   bool // the guest was about to start the command
}

// newMachine prepares the jail's process without starting it.
func newMachine(cfg *Config) (_ *machine, err error) {
	j, err := cfg.job()
	if err != nil {
		return nil, err
	}
	spec := &jailSpec{
		Writable: cfg.Writable,
		CPU:      -1,
		Memory:   cfg.memory(),
		Runner:   cfg.Runner,
	}
	m := &machine{cfg: cfg, tail: tail{also: cfg.Console}, outputs: outputs{wanted: cfg.Outputs}}
	defer func() {
		if err != nil {
			m.slot.release()
		}
	}()
	var initrd *os.File
	if cfg.Kernel.Name == UML {
		if m.slot, err = takeCPU(); err != nil {
			return nil, err
		}
		spec.CPU = m.slot.cpu
		spec.Machine, spec.Preload = umlMachine(cfg), cfg.Kernel.Preload
	} else {
		spec.Machine = qemuMachine(cfg)
		spec.Server = qemuFileServer(cfg)
		if initrd, err = qemuInitrd(cfg, j); err != nil {
			return nil, err
		}
	}
	if spec.Job, err = j.encode(); err != nil {
		return nil, err
	}
	if err := m.command(spec, initrd); err != nil {
		return nil, err
	}
	return m, nil
}

// command builds the jail's command with the descriptors that it expects.
func (m *machine) command(spec *jailSpec, initrd *os.File) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	orders, err := memoryFile("orders", text)
	if err != nil {
		return err
	}
	var wire, console *os.File
	if m.wire, wire, err = os.Pipe(); err != nil {
		return err
	}
	if m.console, console, err = os.Pipe(); err != nil {
		return err
	}
	m.jail = exec.Command(m.cfg.Runner)
	m.jail.Args = []string{roleJail}
	m.jail.Env = []string{} // nothing of the caller's
	m.jail.Dir = "/"
	m.jail.Stdout, m.jail.Stderr = console, console
	m.jail.ExtraFiles = []*os.File{orders, wire, console}
	if initrd != nil {
		m.jail.ExtraFiles = append(m.jail.ExtraFiles, initrd)
	}
	m.jail.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID,
		Setsid:     true, // Ctrl-C is for the caller, which ends the machine in order
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		m.jail.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		m.jail.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		m.jail.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return nil
}

// run starts the machine and serves its wire until it is over.
func (m *machine) run(ctx context.Context) (int, error) {
	// Pdeathsig is sent when the thread that forked ends, so keep it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer m.slot.release()
	err := m.jail.Start()
	for _, f := range m.jail.ExtraFiles {
		f.Close()
	}
	if err != nil {
		return 0, fmt.Errorf("start the machine: %w", err)
	}
	consoleDone := make(chan struct{})
	go func() {
		defer close(consoleDone)
		_, _ = io.Copy(&m.tail, m.console)
	}()
	// Killing process 1 of its namespace kills all that the machine is made of;
	// Wait returns when the last of it is gone.
	stop := context.AfterFunc(ctx, func() { _ = m.jail.Process.Kill() })
	status, err := m.serve()
	canceled := !stop()
	if err == nil {
		canceled = false // the status came first
	}
	if err != nil && !canceled {
		// The wire closes a moment before the emulator has said its last word.
		m.waitConsole(consoleDone)
	}
	_ = m.jail.Process.Kill()
	_ = m.jail.Wait()
	<-consoleDone
	m.wire.Close()
	m.console.Close()
	if canceled {
		err = context.Cause(ctx)
	}
	if err != nil {
		if commandErr := (*CommandError)(nil); errors.As(err, &commandErr) {
			return 0, err
		}
		return 0, &Failure{Kernel: m.cfg.Kernel.Name, Err: err, Console: m.tail.lines(consoleLines)}
	}
	return status, nil
}

// dyingBreath is how long the console may go on after the wire has closed.
const dyingBreath = 5 * time.Second

func (m *machine) waitConsole(done <-chan struct{}) {
	t := time.NewTimer(dyingBreath)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// serve handles frames until the exit status has come.
func (m *machine) serve() (status int, err error) {
	in := &wireReader{r: m.wire}
	defer func() { err = errors.Join(err, m.outputs.close()) }()
	for {
		kind, payload, err := in.next()
		if err == io.EOF {
			return 0, ErrDied
		}
		if err != nil {
			return 0, err
		}
		switch kind {
		case frameReady:
			m.ready = true
		case frameStdout:
			err = write(m.cfg.Stdout, payload)
		case frameStderr:
			err = write(m.cfg.Stderr, payload)
		case frameFile:
			err = m.outputs.create(payload)
		case frameData:
			err = m.outputs.write(payload)
		case frameFail:
			err = errors.New(string(payload))
		case frameExit:
			return int(binary.LittleEndian.Uint32(payload)), nil
		default:
			err = fmt.Errorf("%w: kind %q", errFrame, kind)
		}
		if err != nil {
			return 0, err
		}
	}
}

func write(w io.Writer, b []byte) error {
	if w == nil {
		return nil
	}
	_, err := w.Write(b)
	return err
}

// memoryFile returns a file in memory that has no name on the host.
func memoryFile(name string, data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(data); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

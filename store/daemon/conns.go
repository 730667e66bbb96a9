package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// answered is an error behind which the exchange came to its end, so that the connection can be
// used again: but for ErrProtocol, since a daemon that does not understand hangs up.
type answered struct{ error }

func (a answered) Unwrap() error { return a.error }

// conns are the connections of a client: those that no call has.
type conns struct {
	path string

	mu     sync.Mutex
	idle   []*net.UnixConn
	closed bool
}

// idleMost is how many connections are kept.
const idleMost = 16

// open connects anew.
func (p *conns) open(ctx context.Context) (*net.UnixConn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", p.path)
	if err != nil {
		return nil, err
	}
	conn := c.(*net.UnixConn)
	_ = conn.SetDeadline(time.Now().Add(greetTime))
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = introduce(conn)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// introduce says hello, and reads whether that is welcome.
func introduce(conn io.ReadWriter) error {
	if err := writeJSON(conn, helloFrame, hello{Protocol: protocol}); err != nil {
		return err
	}
	var h hello
	if err := expectJSON(conn, helloFrame, &h); err != nil {
		return err
	}
	if h.Fault != nil {
		return h.Fault
	}
	if h.Protocol != protocol {
		return errVersion
	}
	return nil
}

// get takes a connection that nobody uses, or opens one.
func (p *conns) get(ctx context.Context) (*net.UnixConn, error) {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return p.open(ctx)
		}
		conn := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if silent(conn) {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// silent tells whether a connection is open and nothing came on it: a daemon that ended meanwhile has closed it.
func silent(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = err == unix.EAGAIN
	})
	return err == nil && quiet
}

func (p *conns) put(conn *net.UnixConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= idleMost {
		_ = conn.Close()
		return
	}
	p.idle = append(p.idle, conn)
}

func (p *conns) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, conn := range p.idle {
		_ = conn.Close()
	}
	p.idle = nil
}

// do has a call use a connection, which ends with the context.
func (p *conns) do(ctx context.Context, exchange func(io.ReadWriter) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := p.get(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = exchange(conn)
	inTime := stop()
	if inTime && (err == nil || errors.As(err, new(answered)) && !errors.Is(err, ErrProtocol)) {
		p.put(conn)
	} else {
		_ = conn.Close()
	}
	return err
}

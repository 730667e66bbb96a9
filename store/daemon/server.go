package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/store"
)

// Config is what is served, and to whom. Bucket is all that must be set.
type Config struct {
	Bucket store.Bucket
	// Spool is the directory for bodies of more than 16 MiB while they come; "" is the system's.
	Spool string
	// Allow are the users who may connect besides root and the one that the daemon runs as.
	Allow []int
	// Memory bounds the bytes of bodies that are under way; 0 is 128 MiB, less than 64 MiB is 64 MiB.
	Memory int64
	// Connections are at most so many at once; 0 is 256. Who comes then is told so.
	Connections int
	// Grace is how long requests may go on when the context ends; 0 is 20 s.
	Grace time.Duration
	// Watch hears of each request, behind its end; nil: nobody does. It may be called by several
	// goroutines at once.
	Watch func(Served)
}

// Served is a request that is over.
type Served struct {
	Op       string // "get", "stat", "put", "list", "delete"; "refused" is a connection that was not taken
	In, Out  int64  // bytes of bodies
	Duration time.Duration
	Err      error
}

type server struct {
	Config
	buffers *buffers

	mu    sync.Mutex
	peers map[*peer]struct{}
	ended bool
	wait  sync.WaitGroup
}

func newServer(c Config) *server {
	if c.Memory <= 0 {
		c.Memory = 4 * maxRead
	}
	c.Memory = max(c.Memory, 2*maxRead)
	if c.Connections <= 0 {
		c.Connections = 256
	}
	if c.Grace <= 0 {
		c.Grace = 20 * time.Second
	}
	if c.Watch == nil {
		c.Watch = func(Served) {}
	}
	return &server{Config: c, buffers: newBuffers(c.Memory), peers: map[*peer]struct{}{}}
}

// Serve answers on the listener until the context ends: then it takes no more connections, lets the
// requests that are under way come to their end, and closes the listener, but not the bucket. It returns nil then, and
// an error where the listener fails.
func Serve(ctx context.Context, l net.Listener, c Config) error {
	s := newServer(c)
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var failed error
	for failed == nil {
		var conn net.Conn
		conn, failed = l.Accept()
		switch {
		case failed == nil:
			s.start(work, conn)
		case errors.Is(failed, unix.EMFILE), errors.Is(failed, unix.ENFILE), errors.Is(failed, unix.ECONNABORTED):
			failed = pause(ctx, 100*time.Millisecond) // others may end meanwhile
		}
	}
	_ = l.Close()
	s.end(cancel)
	if ctx.Err() != nil {
		return nil
	}
	return failed
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// end has all connections end, those that are at work when they are done, or Grace is over.
func (s *server) end(cancel func()) {
	s.mu.Lock()
	s.ended = true
	for p := range s.peers {
		p.stopIdle()
	}
	s.mu.Unlock()
	timer := time.AfterFunc(s.Grace, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		for p := range s.peers {
			_ = p.conn.Close()
		}
	})
	s.wait.Wait()
	timer.Stop()
}

// start serves a connection in a goroutine of its own.
func (s *server) start(ctx context.Context, conn net.Conn) {
	p := &peer{server: s, conn: conn}
	s.mu.Lock()
	full := len(s.peers) >= s.Connections
	s.peers[p] = struct{}{}
	s.wait.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wait.Done()
		_ = p.serve(ctx, full) // the client hears of what fails; there is nobody else who would
		_ = conn.Close()
		s.mu.Lock()
		delete(s.peers, p)
		s.mu.Unlock()
	}()
}

// peer is a connection of a client.
type peer struct {
	*server
	conn net.Conn

	busy sync.Mutex // held while there is a request
}

// stopIdle ends the wait for the next request.
func (p *peer) stopIdle() {
	if p.busy.TryLock() {
		_ = p.conn.SetReadDeadline(time.Unix(1, 0))
		p.busy.Unlock()
	}
}

func (p *peer) stopping() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// greetTime is how long a client may take to say who it is.
const greetTime = 10 * time.Second

func (p *peer) serve(ctx context.Context, full bool) error {
	refusal := allowed(p.conn, p.Allow)
	if refusal == nil && full {
		refusal = errFull
	}
	if refusal != nil {
		p.Watch(Served{Op: "refused", Err: refusal})
	}
	_ = p.conn.SetDeadline(time.Now().Add(greetTime))
	if err := greet(p.conn, refusal); err != nil {
		return err
	}
	_ = p.conn.SetDeadline(time.Time{})
	for !p.stopping() {
		var r request
		k, size, err := readHead(p.conn)
		if err != nil {
			return err
		}
		p.busy.Lock()
		_ = p.conn.SetReadDeadline(time.Time{}) // the end may have come in between
		if k != requestFrame {
			err = ErrProtocol
		} else {
			err = readJSON(p.conn, size, &r)
		}
		if err == nil {
			err = p.answer(ctx, p.conn, r)
		}
		p.busy.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// greet reads a client's hello and answers it. It returns the refusal where there is one.
func greet(conn io.ReadWriter, refusal error) error {
	var h hello
	if err := expectJSON(conn, helloFrame, &h); err != nil {
		return err
	}
	if refusal == nil && h.Protocol != protocol {
		refusal = errVersion
	}
	return errors.Join(writeJSON(conn, helloFrame, hello{Protocol: protocol, Fault: faultOf(refusal)}), refusal)
}

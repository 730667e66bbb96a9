package pool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

const (
	// maxRequest is how much of a request is read, in bytes; it must be all of it.
	maxRequest = 8 << 10
	// requestTime is how long a client may take, from its first byte to the last of
	// the answer.
	requestTime = 5 * time.Second
)

// ServeMetrics answers each GET of /metrics with what body returns, until ctx ends,
// and closes the listener. Clients are served one by one, a few seconds each at
// most: it is for one that asks now and then. It is no more of HTTP than they need:
// net/http would cost each start of rok more than all of rok does.
func ServeMetrics(ctx context.Context, l net.Listener, body func() []byte) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil // the end that was asked for
		}
		if err != nil {
			if temporary(err) {
				select {
				case <-time.After(requestTime):
				case <-ctx.Done():
				}
				continue
			}
			return errors.Join(err, l.Close())
		}
		// A client that is gone is no error of the server's.
		_ = answer(c, body)
	}
}

// temporary reports whether there may be a connection later: there is no
// descriptor or memory now.
func temporary(err error) bool {
	var e interface {
		error
		Temporary() bool
	}
	return errors.As(err, &e) && e.Temporary()
}

func answer(c net.Conn, body func() []byte) error {
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(requestTime)); err != nil {
		return err
	}
	request, err := readRequest(c)
	if err != nil {
		return err
	}
	line, _, _ := bytes.Cut(request, []byte("\n"))
	words := bytes.Fields(line)
	switch {
	case request == nil:
		err = reply(c, "431 Request Header Fields Too Large", "the request is too long\n", true)
	case len(words) != 3 || !bytes.HasPrefix(words[2], []byte("HTTP/1.")):
		err = reply(c, "400 Bad Request", "want GET /metrics\n", true)
	case string(words[0]) != "GET" && string(words[0]) != "HEAD":
		err = reply(c, "405 Method Not Allowed", "want GET /metrics\n", true)
	case !isMetrics(words[1]):
		err = reply(c, "404 Not Found", "want /metrics\n", string(words[0]) == "GET")
	default:
		err = reply(c, "200 OK", string(body()), string(words[0]) == "GET")
	}
	return err
}

func isMetrics(target []byte) bool {
	path, _, _ := bytes.Cut(target, []byte("?"))
	return string(path) == "/metrics"
}

// readRequest reads up to the empty line that ends a request without a body. One
// that is too long is nil.
func readRequest(r io.Reader) ([]byte, error) {
	b := make([]byte, 0, maxRequest)
	for len(b) < cap(b) {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if bytes.Contains(b, []byte("\r\n\r\n")) || bytes.Contains(b, []byte("\n\n")) {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func reply(w io.Writer, status, text string, withBody bool) error {
	b := []byte("HTTP/1.1 " + status + "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close\r\nContent-Length: ")
	b = append(strconv.AppendInt(b, int64(len(text)), 10), "\r\n\r\n"...)
	if withBody {
		b = append(b, text...)
	}
	_, err := w.Write(b)
	return err
}

// ListenMetrics listens where [ServeMetrics] is to answer, such as 127.0.0.1:9633.
func ListenMetrics(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
